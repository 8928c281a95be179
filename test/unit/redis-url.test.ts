// Protects: every form of a Redis address is understood, and what is wrong with one is said, without its password.

import { describe, expect, it } from 'vitest';
import { parseRedisUrl, type RedisAddress } from '../../src/adapters/redis/connect.ts';

const open = { username: null, password: null, tls: false };
const at = (host: string, port = 6379) => ({ host, port });

describe('an address of Redis', () => {
  it.each<[string, RedisAddress]>([
    ['redis://127.0.0.1', { kind: 'single', ...at('127.0.0.1'), db: 0, ...open }],
    ['redis://cache.example:7000/3', { kind: 'single', ...at('cache.example', 7000), db: 3, ...open }],
    ['redis://[::1]:7000/', { kind: 'single', ...at('::1', 7000), db: 0, ...open }],
    ['redis://:se%40cret@h', { kind: 'single', ...at('h'), db: 0, ...open, password: 'se@cret' }],
    [
      'rediss://api:p:w@h:6380',
      { kind: 'single', ...at('h', 6380), db: 0, username: 'api', password: 'p:w', tls: true },
    ],
    [
      'redis+sentinel://a:26379,b,[::1]:5/mymaster/2',
      {
        kind: 'sentinel',
        sentinels: [at('a', 26379), at('b', 26379), at('::1', 5)],
        name: 'mymaster',
        db: 2,
        ...open,
      },
    ],
    [
      'rediss+sentinel://u:p@a/main',
      {
        kind: 'sentinel',
        sentinels: [at('a', 26379)],
        name: 'main',
        db: 0,
        username: 'u',
        password: 'p',
        tls: true,
      },
    ],
    [
      'redis+cluster://a:1,b:2,c:3',
      { kind: 'cluster', nodes: [at('a', 1), at('b', 2), at('c', 3)], ...open },
    ],
    ['rediss+cluster://a', { kind: 'cluster', nodes: [at('a')], ...open, tls: true }],
  ])('%s', (text, address) => {
    expect(parseRedisUrl(text)).toEqual(address);
  });

  it.each([
    ['', 'no address'],
    ['127.0.0.1:6379', 'no address'],
    ['http://h', '"http://" is no form'],
    ['redis+tls://h', '"redis+tls://" is no form'],
    ['redis://', '"" is no host'],
    ['redis://h:0', '"h:0" is no host and port'],
    ['redis://h:65536', '"h:65536" is no host and port'],
    ['redis://h:port', '"h:port" is no host and port'],
    ['redis://a,b', 'redis+sentinel:// or redis+cluster://'],
    ['redis://h/one', '"/one" is no number of a database'],
    ['redis+sentinel://a,b', 'The name under which the sentinels know'],
    ['redis+sentinel://a/main/x', '"x" is no number of a database'],
    ['redis+cluster://a,b/0', 'no numbered databases'],
    ['redis+cluster://a,,b', '"" is no host and port'],
    ['redis://user:100%@h', 'percent-encoded'],
  ])('%s is refused', (text, why) => {
    const parsed = parseRedisUrl(text);
    expect(parsed.kind === 'invalid' && parsed.why).toContain(why);
  });

  it('is refused without telling the password', () => {
    const parsed = parseRedisUrl('redis://user:hunter2@h:port');
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});
