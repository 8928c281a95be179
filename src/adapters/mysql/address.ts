/** Reads the address of a database. What is wrong with it is told without the password. */

export interface MysqlAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  tls: boolean;
}

export type ParsedMysqlUrl = { kind: 'address'; address: MysqlAddress } | { kind: 'invalid'; why: string };

const FORM =
  'mysql://user:password@host:port/database, with ?tls=yes for TLS; percent-encode what is not plain';
const PORT = 3306;

const invalid = (why: string): ParsedMysqlUrl => ({ kind: 'invalid', why: `${why} The form is ${FORM}.` });

export function parseMysqlUrl(text: string): ParsedMysqlUrl {
  const url = URL.parse(text.trim());
  if (url?.protocol !== 'mysql:') return invalid('That is no address of a MySQL or MariaDB database.');
  if (url.hostname === '') return invalid('The host is missing.');
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === null || password === null || database === null) {
    return invalid('The user, the password or the database is not percent-encoded as it must be.');
  }
  if (!user) return invalid('The user is missing.');
  if (!database || database.includes('/')) return invalid('The name of the database is missing: …/name.');
  const tls = url.searchParams.get('tls');
  const others = [...url.searchParams.keys()].filter((name) => name !== 'tls');
  if (others.length > 0) return invalid(`"${others[0]}" is no setting of the address.`);
  if (tls !== null && tls !== 'yes' && tls !== 'no') return invalid('tls is yes or no.');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? PORT : Number(url.port);
  return {
    kind: 'address',
    address: { host, port, user, password: password ?? '', database, tls: tls === 'yes' },
  };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
