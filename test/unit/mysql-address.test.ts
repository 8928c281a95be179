// Protects: an address of a database is understood, what is wrong with one is said without its password, versions that
// are too old are told from those that are not, and faults are known for what they are.

import { describe, expect, it } from 'vitest';
import { type MysqlAddress, parseMysqlUrl } from '../../src/adapters/mysql/address.ts';
import { faultKind, faultText, recordFault } from '../../src/adapters/mysql/faults.ts';
import { versionProblem } from '../../src/adapters/mysql/open.ts';

const plain: MysqlAddress = {
  host: 'db',
  port: 3306,
  user: 'u',
  password: '',
  database: 'd',
  tls: false,
  caPath: null,
};

describe('an address of MySQL', () => {
  it.each<[string, Partial<MysqlAddress>]>([
    ['mysql://u@db/d', {}],
    ['mysql://u:p%40ss%2F@db:3307/d', { password: 'p@ss/', port: 3307 }],
    ['mysql://u@[::1]:5/d?tls=yes', { host: '::1', port: 5, tls: true }],
    ['mysqls://u@db/d', { tls: true }],
    ['mysqls://u@db/d?tls=yes&tls-ca=/etc/my%20ca.pem', { tls: true, caPath: '/etc/my ca.pem' }],
  ])('%s', (text, over) => {
    expect(parseMysqlUrl(text)).toEqual({ kind: 'address', address: { ...plain, ...over } });
  });

  it.each([
    ['postgres://u:s3cret@db/d', 'no address'],
    ['nonsense', 'no address'],
    ['mysql://db/d', 'user is missing'],
    ['mysql://u:s3cret@db', 'name of the database is missing'],
    ['mysql://u:s3cret@db/a/b', 'name of the database is missing'],
    ['mysql://u:%E0%A4%A@db/d', 'percent-encoded'],
    ['mysql://u:s3cret@db/d?charset=latin1', '"charset" is no setting'],
    ['mysql://u:s3cret@db/d?tls=maybe', 'tls is yes or no'],
    ['mysqls://u:s3cret@db/d?tls=no', 'says that it is not'],
    ['mysql://u:s3cret@db/d?tls-ca=/ca.pem', 'but no TLS'],
    ['mysqls://u:s3cret@db/d?tls-ca=', 'tls-ca is empty'],
  ])('%s is refused: %s', (text, why) => {
    const parsed = parseMysqlUrl(text);
    expect(parsed).toMatchObject({ kind: 'invalid', why: expect.stringContaining(why) as string });
    expect(JSON.stringify(parsed)).not.toContain('s3cret');
  });
});

describe('a version of the server', () => {
  it.each(['8.0.36', '8.4.3', '10.11.6-MariaDB-0+deb12u1', '5.5.5-10.11.6-MariaDB', '11.4.2-MariaDB-log'])(
    '%s will do',
    (text) => expect(versionProblem(text)).toBeNull(),
  );
  it.each(['5.7.44', '10.5.9-MariaDB', '5.5.5-10.4.1-MariaDB', 'what'])('%s is too old', (text) =>
    expect(versionProblem(text)).toContain('needs MySQL 8.0 or MariaDB 10.11'),
  );
});

describe('a fault', () => {
  const fault = (over: object) => Object.assign(new Error('m'), over);

  it.each<[object, string]>([
    [{ errno: 1213, code: 'ER_LOCK_DEADLOCK' }, 'contention'],
    [{ errno: 1290, code: 'ER_OPTION_PREVENTS_STATEMENT' }, 'refused'],
    [{ errno: -111, code: 'ECONNREFUSED', fatal: true }, 'refused'],
    [{ errno: -104, code: 'ECONNRESET', fatal: true }, 'lost'],
    [{ fatal: true }, 'lost'],
    [{ errno: 1062 }, 'duplicate'],
    [{ errno: 1406 }, 'data'],
    [{ errno: 1045, fatal: true }, 'refused'],
    [{ errno: 1040, fatal: true }, 'refused'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT', fatal: true }, 'refused'],
    [{ code: 'PROTOCOL_SEQUENCE_TIMEOUT', fatal: true }, 'lost'],
    [{ errno: 1064 }, 'other'],
  ])('%o is %s', (over, kind) => expect(faultKind(fault(over))).toBe(kind));

  it('that may pass becomes a RecordFault, another stays what it is', () => {
    expect(recordFault(fault({ errno: 1213 }), plain).name).toBe('RecordFault');
    const ours = fault({ errno: 1064 });
    expect(recordFault(ours, plain)).toBe(ours);
  });

  it.each([
    [1021, 'is full'],
    [1142, 'lacks a right'],
    [1836, 'read-only'],
    [1040, 'Raise max_connections'],
    [1130, 'lets nobody in from this machine'],
    [3159, 'Say mysqls://'],
    [9999, 'The database "d" at db:3306: m'],
  ])('%i is told with what to do', (errno, text) =>
    expect(faultText(fault({ errno }), plain)).toContain(text),
  );
});
