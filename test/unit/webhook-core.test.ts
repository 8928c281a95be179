// Protects: what is sent is Standard Webhooks to the letter, by the judgement of a library that knows nothing of Dibs, also
// while a secret is changed; bodies stay small; tries are spread over three days.

import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { loadConfig } from '../../src/config/load.ts';
import {
  WEBHOOK_BODY_BYTES_MAX,
  waitAfterTry,
  wantsFact,
  webhookBody,
  webhookHeaders,
  webhookKey,
  webhookSecret,
} from '../../src/core/webhook.ts';
import { makeSecretSeal, mintWebhookSecret } from '../../src/flow/webhook-secret.ts';
import { T0 } from '../support/samples.ts';

const system = makeSystem();
const keyOf = (secret: string): Buffer => webhookKey(secret) as Buffer;

describe('a signature', () => {
  const secret = mintWebhookSecret(system);
  const body = webhookBody('coupon.issued', T0, { claimId: 'c.1', userId: '치킨 "u"' });

  it('is taken by another implementation, and not when anything was changed', () => {
    const headers = webhookHeaders([keyOf(secret)], 'c:1:1:coupon.issued', Date.now(), body);
    const receiver = new Webhook(secret);
    expect(receiver.verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => receiver.verify(body.replace('c.1', 'c.2'), headers)).toThrow();
    expect(() => receiver.verify(body, { ...headers, 'webhook-id': 'other' })).toThrow();
    expect(() => new Webhook(mintWebhookSecret(system)).verify(body, headers)).toThrow();
  });

  it('is too old after five minutes', () => {
    const headers = webhookHeaders([keyOf(secret)], 'i', Date.now() - 301_000, body);
    expect(() => new Webhook(secret).verify(body, headers)).toThrow('too old');
  });

  it('is there for each secret in force', () => {
    const newer = mintWebhookSecret(system);
    const headers = webhookHeaders([keyOf(newer), keyOf(secret)], 'i', Date.now(), body);
    expect(headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    for (const one of [secret, newer]) expect(() => new Webhook(one).verify(body, headers)).not.toThrow();
  });

  it('equals that of the other implementation', () => {
    const headers = webhookHeaders([keyOf(secret)], 'msg_1', T0, body);
    expect(headers['webhook-signature']).toBe(new Webhook(secret).sign('msg_1', new Date(T0), body));
  });
});

describe('a secret', () => {
  it.each([24, 32, 64])('of %i bytes may be', (bytes) => {
    expect(webhookKey(webhookSecret(Buffer.alloc(bytes, 7)))).toHaveLength(bytes);
  });

  it.each([
    '',
    'whsec_',
    'secret',
    Buffer.alloc(32).toString('base64'),
    webhookSecret(Buffer.alloc(23)),
    webhookSecret(Buffer.alloc(65)),
    `${webhookSecret(Buffer.alloc(32))}!`,
    `whsec_${'a'.repeat(33)}`,
  ])('%j may not', (secret) => {
    expect(webhookKey(secret)).toBeNull();
  });

  it('is kept sealed for its endpoint and its master secret', () => {
    const seal = makeSecretSeal(Buffer.alloc(32, 1), system);
    const secrets = [
      { secret: mintWebhookSecret(system), until: null },
      { secret: mintWebhookSecret(system), until: T0 },
    ];
    const sealed = seal.seal('wh_1', secrets);
    expect(sealed).not.toContain('whsec');
    expect(seal.seal('wh_1', secrets)).not.toBe(sealed);
    expect(seal.open('wh_1', sealed)).toEqual(secrets);
    expect(seal.keys('wh_1', sealed, T0 - 1)).toHaveLength(2);
    expect(seal.keys('wh_1', sealed, T0)).toHaveLength(1);
    expect(() => seal.open('wh_2', sealed)).toThrow();
    expect(() => makeSecretSeal(Buffer.alloc(32, 2), system).open('wh_1', sealed)).toThrow();
  });
});

describe('a body', () => {
  it('has type, timestamp and data', () => {
    expect(JSON.parse(webhookBody('campaign.closed', T0, { campaignId: 'c' }))).toEqual({
      type: 'campaign.closed',
      timestamp: new Date(T0).toISOString(),
      data: { campaignId: 'c' },
    });
  });

  it('is at most 20 KiB: larger data is left out, and said to be', () => {
    const body = webhookBody('campaign.changed', T0, {
      campaignId: 'c',
      version: 3,
      after: '치'.repeat(8000),
    });
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(WEBHOOK_BODY_BYTES_MAX);
    expect(JSON.parse(body)).toMatchObject({ data: { campaignId: 'c', version: 3, truncated: true } });
  });
});

describe('a filter', () => {
  it('wants everything, or what it names', () => {
    const facts = ['coupon.issued'] as const;
    expect(wantsFact({ facts: null, campaigns: null }, 'coupon.revoked', 'x')).toBe(true);
    expect(wantsFact({ facts, campaigns: null }, 'coupon.revoked', 'x')).toBe(false);
    expect(wantsFact({ facts, campaigns: ['c'] }, 'coupon.issued', 'x')).toBe(false);
    expect(wantsFact({ facts, campaigns: ['c'] }, 'coupon.issued', 'c')).toBe(true);
  });
});

describe('the waits between tries', () => {
  it('are about three days by default, a fifth more or less, and end', () => {
    const loaded = loadConfig({}, {}, () => '');
    if (!loaded.ok) throw new Error('the defaults are wrong');
    const waits = loaded.config.webhookRetries;
    expect(waits.reduce((sum, ms) => sum + ms, 0) / 86_400_000).toBeCloseTo(3.15, 1);
    expect(waitAfterTry(waits, 1, 0)).toBe(4000);
    expect(waitAfterTry(waits, 1, 1)).toBe(6000);
    expect(waitAfterTry(waits, 9, 0.5)).toBe(86_400_000);
    expect(waitAfterTry(waits, 10, 0.5)).toBeNull();
  });

  it.each(['', '5', '5d', '0s', 's', '5s,,x', Array.from({ length: 20 }, () => '1s').join()])(
    'cannot be %j',
    (text) => {
      const loaded = loadConfig({ DIBS_WEBHOOK_RETRIES: text || ',' }, {}, () => '');
      expect(loaded.ok).toBe(false);
    },
  );
});
