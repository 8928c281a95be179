// Protects: a key is known from the moment it is made, and not from the moment it is revoked, to whoever calls while the
// keys are just being read.

import { expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mintKey } from '../../src/flow/operator-key.ts';
import { makeOperatorAuth } from '../../src/http/operator-auth.ts';
import type { OperatorKey, Operators } from '../../src/ports/operators.ts';

const system = makeSystem();

function auth() {
  const stored: OperatorKey[] = [];
  const fault: { error: Error | null } = { error: null };
  const listKeys = async () => {
    const seen = [...stored];
    await new Promise((resolve) => setImmediate(resolve));
    if (fault.error) throw fault.error;
    return seen;
  };
  return {
    stored,
    fault,
    ...makeOperatorAuth({ listKeys } as Partial<Operators> as Operators, null, system),
  };
}

function minted() {
  const { key, secret } = mintKey('till', 'operate', system);
  return { key, authorization: `Bearer ${secret}` };
}

it('lets two in who call at once, at the start and after a key was made', async () => {
  const { stored, identify, forget } = auth();
  const [first, second] = [minted(), minted()];
  const both = async (authorization: string) =>
    (await Promise.all([1, 2].map(() => identify(authorization, 'read')))).map(({ ok }) => ok);
  stored.push(first.key);
  expect(await both(first.authorization)).toEqual([true, true]);
  stored.push(second.key);
  forget();
  expect(await both(second.authorization)).toEqual([true, true]);
});

it('judges by the newest reading, when an older one ends later', async () => {
  const { stored, identify, forget } = auth();
  const { key, authorization } = minted();
  stored.push(key);
  const before = identify(authorization, 'read');
  stored.splice(0);
  forget();
  expect((await identify(authorization, 'read')).ok).toBe(false);
  expect((await before).ok).toBe(true);
  expect((await identify(authorization, 'read')).ok).toBe(false);
});

it('goes on by what it knew when the keys cannot be read', async () => {
  const { stored, fault, identify, forget } = auth();
  const { key, authorization } = minted();
  stored.push(key);
  expect((await identify(authorization, 'read')).ok).toBe(true);
  fault.error = new Error('the database is away');
  forget();
  await expect(identify(authorization, 'read')).rejects.toThrow('away');
  expect((await identify(authorization, 'read')).ok).toBe(true);
});
