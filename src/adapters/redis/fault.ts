/** What keeps Dibs from using a Redis, in words with what to change. */

export class RedisFault extends Error {
  override name = 'RedisFault';
}

/** Refusals that stay what they are however long one waits. The error's own text, then what to do. */
const LASTING: readonly [RegExp, string][] = [
  [
    /^WRONGPASS |^ERR invalid password|^ERR AUTH /,
    'Check the user and the password in the address of Redis.',
  ],
  [/^NOAUTH /, 'This Redis asks for a password: write it into its address, redis://:password@host:port.'],
  [
    /^NOPERM |permissions to run|permissions to access/,
    'Give its user the rights of docs/reference/redis.md (ACL SETUSER …).',
  ],
  [
    /DB index is out of range|invalid DB index/,
    'Choose a database that is there; by default they are 0 to 15.',
  ],
  [
    /cluster support disabled/,
    'This Redis is no node of a cluster: write its address as redis://host:port/db.',
  ],
  [/^MOVED /, 'This Redis is a node of a cluster: write its address as redis+cluster://host:port.'],
  [
    /unknown command .?sentinel/i,
    'This is no sentinel: write the address as redis://host:port/db, or name the sentinels.',
  ],
  [/No such master with that name/, 'The sentinels do not know that name: check the end of the address.'],
  [
    /self-signed certificate|unable to verify|unable to get .*issuer|certificate has expired|altnames/i,
    'Its certificate is not trusted: set NODE_EXTRA_CA_CERTS to the authority that signed it, and check the host.',
  ],
];

/** What is said of `error` if it will not pass by itself; null when waiting may help. */
export function lastingFault(error: unknown): RedisFault | null {
  const { message, lastNodeError } = error as Error & { lastNodeError?: Error };
  for (const text of [message, lastNodeError?.message ?? '']) {
    for (const [refusal, advice] of LASTING) {
      const said = text.replace(/^.*Last error: /, '');
      if (refusal.test(said))
        return new RedisFault(`Redis refuses: ${shorten(said)}. ${advice}`, { cause: error });
    }
  }
  return null;
}

/** Nobody answered in time. */
export function silenceFault(last: Error | null, ms: number): RedisFault {
  const { message, lastNodeError } = (last ?? new Error('no answer')) as Error & { lastNodeError?: Error };
  const why = shorten((lastNodeError?.message ?? message).replace(/^.*Last error: /, ''));
  return new RedisFault(
    `Redis cannot be reached within ${ms / 1000} s (${why}). Check that it runs, and the host and port in its address.`,
    { cause: last },
  );
}

const shorten = (text: string): string => text.split(/[,\n]/, 1)[0]?.trim().slice(0, 120) ?? '';
