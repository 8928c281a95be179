// Protects: with DIBS_AUTH=jwt nobody is anybody but the subject of a token that our keys signed, by the algorithms
// that we chose, for us, now.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CryptoKey, JWTPayload } from 'jose';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

const SECRET = 'a secret of the tests, at least 32 bytes long';
const ALGS = ['RS256', 'ES256', 'EdDSA'] as const;
const keys = new Map<string, CryptoKey>();
const publicKeys: object[] = [];
const jwks = createServer((_req, res) => res.end(JSON.stringify({ keys: publicKeys })));
let site: Site;

const now = (): number => Math.floor(Date.now() / 1000);
const standard = (): JWTPayload => ({ iss: 'us', aud: 'dibs', exp: now() + 60 });

function hs(payload: JWTPayload, secret = SECRET, header: object = {}): Promise<string> {
  return new SignJWT({ ...standard(), ...payload })
    .setProtectedHeader({ alg: 'HS256', ...header })
    .sign(new TextEncoder().encode(secret));
}

beforeAll(async () => {
  for (const alg of ALGS) {
    const pair = await generateKeyPair(alg, { extractable: true });
    keys.set(alg, pair.privateKey);
    publicKeys.push({ ...(await exportJWK(pair.publicKey)), alg, kid: alg });
  }
  await new Promise<void>((resolve) => jwks.listen(0, '127.0.0.1', resolve));
  const { port } = jwks.address() as AddressInfo;
  const jwksUrl = `http://127.0.0.1:${port}/keys`;
  site = await startSite({ auth: 'jwt', jwt: { secret: SECRET, jwksUrl, issuer: 'us', audience: 'dibs' } });
  await site.campaign('c', 1000);
  await site.campaign('gold', 1000, { eligibility: { tokenClaims: { tier: ['gold'] } } });
});
afterAll(async () => {
  await site.stop();
  jwks.close();
});

function press(token: string | null, body: object | null = {}, campaign = 'c'): Promise<Answer> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  return site.call(`/v1/campaigns/${campaign}/claims`, { method: 'POST', headers, body: body ?? undefined });
}

describe('a good token', () => {
  it('names the user, by HS256 and again from memory', async () => {
    const token = await hs({ sub: 'ann' });
    expect((await press(token)).json).toMatchObject({ verdict: 'won', claim: { userId: 'ann' } });
    expect((await press(token)).json['verdict']).toBe('already_won');
    expect((await press(token, null)).json['verdict']).toBe('already_won');
    expect((await press(token, { userId: 'ann' })).json['verdict']).toBe('already_won');
    const me = await site.call('/v1/campaigns/c/claims/me', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(me.json).toMatchObject({ claim: { userId: 'ann' } });
  });

  it.each(ALGS)('works by %s', async (alg) => {
    const token = await new SignJWT({ ...standard(), sub: `by-${alg}` })
      .setProtectedHeader({ alg, kid: alg })
      .sign(keys.get(alg) as CryptoKey);
    expect((await press(token)).json).toMatchObject({ verdict: 'won', claim: { userId: `by-${alg}` } });
  });

  it('cannot speak for another', async () => {
    const token = await hs({ sub: 'ann' });
    expect((await press(token, { userId: 'bob' })).json['code']).toBe('user_mismatch');
    const other = await site.call('/v1/campaigns/c/claims/me?userId=bob', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([other.status, other.json['code']]).toEqual([403, 'user_mismatch']);
  });

  it('may make eligible', async () => {
    expect((await press(await hs({ sub: 'g', tier: 'gold' }), {}, 'gold')).status).toBe(201);
    expect((await press(await hs({ sub: 's', tier: 'silver' }), {}, 'gold')).json['code']).toBe('ineligible');
  });

  it('is no operator key', async () => {
    const answer = await site.call('/v1/admin/campaigns', {
      headers: { authorization: `Bearer ${await hs({ sub: 'ann' })}` },
    });
    expect(answer.status).toBe(401);
  });
});

describe('a bad token', () => {
  const bad: [string, () => string | null | Promise<string>, string][] = [
    ['none at all', () => null, 'unauthenticated'],
    ['rubbish', () => 'rubbish', 'unauthenticated'],
    ['three dots', () => 'a.b.c', 'unauthenticated'],
    [
      'another secret',
      () => hs({ sub: 'u' }, 'another secret that is long enough as well'),
      'unauthenticated',
    ],
    ['expired', () => hs({ sub: 'u', exp: now() - 60 }), 'token_expired'],
    ['not yet', () => hs({ sub: 'u', nbf: now() + 600 }), 'unauthenticated'],
    ['issued ahead', () => hs({ sub: 'u', iat: now() + 600 }), 'unauthenticated'],
    ['another issuer', () => hs({ sub: 'u', iss: 'them' }), 'unauthenticated'],
    ['another audience', () => hs({ sub: 'u', aud: 'them' }), 'unauthenticated'],
    ['no subject', () => hs({}), 'unauthenticated'],
    ['a subject that may not be', () => hs({ sub: ' u' }), 'unauthenticated'],
    ['alg none', () => new UnsecuredJWT({ ...standard(), sub: 'u' }).encode(), 'unauthenticated'],
    [
      'critical header',
      () => hs({ sub: 'u' }, SECRET, { crit: ['x'], x: 1 }).catch(() => 'a.b.c'),
      'unauthenticated',
    ],
    ['too long', () => hs({ sub: 'u', pad: 'x'.repeat(5000) }), 'unauthenticated'],
    [
      'a public key as secret',
      () => hs({ sub: 'u' }, JSON.stringify(publicKeys[0]), { kid: 'RS256' }),
      'unauthenticated',
    ],
    [
      'an unknown kid',
      async () => {
        const { privateKey } = await generateKeyPair('ES256');
        return new SignJWT({ ...standard(), sub: 'u' })
          .setProtectedHeader({ alg: 'ES256', kid: '../../etc' })
          .sign(privateKey);
      },
      'unauthenticated',
    ],
    [
      'a key of its own',
      async () => {
        const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
        const jwk = await exportJWK(publicKey);
        return new SignJWT({ ...standard(), sub: 'u' })
          .setProtectedHeader({ alg: 'ES256', jwk, jku: 'http://127.0.0.1:1/keys' })
          .sign(privateKey);
      },
      'unauthenticated',
    ],
    [
      'HS512',
      async () =>
        new SignJWT({ ...standard(), sub: 'u' })
          .setProtectedHeader({ alg: 'HS512' })
          .sign(new TextEncoder().encode(SECRET.repeat(2))),
      'unauthenticated',
    ],
  ];

  it.each(bad)('%s', async (_name, make, code) => {
    const answer = await press(await make());
    expect([answer.status, answer.json['code']]).toEqual([401, code]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const look = await site.call('/v1/me/coupons', { headers: { authorization: `Bearer ${await make()}` } });
    expect(look.status).toBe(401);
  });

  it('is no longer good once it has expired', async () => {
    // Five seconds are given to clocks that differ.
    const token = await hs({ sub: 'brief', exp: now() - 2 });
    expect((await press(token)).status).toBe(201);
    const code = async () => (await press(token)).json['code'];
    await expect.poll(code, { timeout: 10_000, interval: 200 }).toBe('token_expired');
  });
});
