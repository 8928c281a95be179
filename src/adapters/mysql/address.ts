/** Reads the address of a database. What is wrong with it is told without the password. */

export interface MysqlAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  tls: boolean;
  /** where the certificates of an authority are that the machine does not know; null: those it knows */
  caPath: string | null;
}

export type ParsedMysqlUrl = { kind: 'address'; address: MysqlAddress } | { kind: 'invalid'; why: string };

const FORM =
  'mysql://user:password@host:port/database, or mysqls://… for TLS with a certificate that is checked, with ?tls-ca=/path/to/ca.pem for an authority of your own; percent-encode what is not plain';
const PORT = 3306;

const invalid = (why: string): ParsedMysqlUrl => ({ kind: 'invalid', why: `${why} The form is ${FORM}.` });

export function parseMysqlUrl(text: string): ParsedMysqlUrl {
  const url = URL.parse(text.trim());
  if (url?.protocol !== 'mysql:' && url?.protocol !== 'mysqls:')
    return invalid('That is no address of a MySQL or MariaDB database.');
  if (url.hostname === '') return invalid('The host is missing.');
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  if (user === null || password === null || database === null) {
    return invalid('The user, the password or the database is not percent-encoded as it must be.');
  }
  if (!user) return invalid('The user is missing.');
  if (!database || database.includes('/')) return invalid('The name of the database is missing: …/name.');
  const tls = tlsOf(url);
  if ('why' in tls) return invalid(tls.why);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? PORT : Number(url.port);
  return { kind: 'address', address: { host, port, user, password: password ?? '', database, ...tls } };
}

type Tls = Pick<MysqlAddress, 'tls' | 'caPath'>;

function tlsOf({ protocol, searchParams }: URL): Tls | { why: string } {
  const other = [...searchParams.keys()].find((name) => name !== 'tls' && name !== 'tls-ca');
  if (other !== undefined) return { why: `"${other}" is no setting of the address.` };
  const asked = searchParams.get('tls');
  if (asked !== null && asked !== 'yes' && asked !== 'no') return { why: 'tls is yes or no.' };
  if (protocol === 'mysqls:' && asked === 'no')
    return { why: 'mysqls:// is TLS, and tls=no says that it is not.' };
  const tls = protocol === 'mysqls:' || asked === 'yes';
  const caPath = searchParams.get('tls-ca');
  if (caPath !== null && !tls) return { why: 'tls-ca is there, but no TLS: say mysqls:// or tls=yes.' };
  if (caPath === '') return { why: 'tls-ca is empty.' };
  return { tls, caPath };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
