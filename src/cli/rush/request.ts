/** The requests of a crowd as ready-made HTTP text, so that sending one is a single write. */
import { createHmac } from 'node:crypto';

export interface RequestOptions {
  /** `host[:port]` for the Host header. */
  readonly hostHeader: string;
  /** Path before `/v1`, without a slash at its end; mostly empty. */
  readonly basePath: string;
  readonly campaignId: string;
  readonly userPrefix: string;
  /** With a secret each person sends a bearer token of his own (HS256); else the user goes in the body. */
  readonly jwt: { secret: string; issuer: string | null; audience: string | null; expiresAtS: number } | null;
}

export interface Requests {
  claim(user: number, claim: number): string;
  /** Asks for the verdict behind a ticket; with `waitMs` the answer may take so long when there is none yet. */
  ticket(user: number, location: string, waitMs?: number): string;
  /** Where to ask by a ticket, when the answer did not say. */
  locationOf(ticket: string): string;
  /** Leaves the line. */
  leave(user: number): string;
}

/** HTTP text is kept as latin1, one character a byte, so that lengths and writes need no second thought. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export function makeRequests(options: RequestOptions): Requests {
  const { hostHeader, basePath, userPrefix } = options;
  const path = `${basePath}/v1/campaigns/${encodeURIComponent(options.campaignId)}/claims`;
  const claimStart = `POST ${path} HTTP/1.1\r\nHost: ${hostHeader}\r\nContent-Type: application/json\r\n`;
  const bodyStart = asBytes(`{"userId":${JSON.stringify(userPrefix).slice(0, -1)}`);
  const authorization = (user: number): string =>
    options.jwt ? `Authorization: Bearer ${signToken(userPrefix + user, options.jwt)}\r\n` : '';
  return {
    claim(user, claim) {
      const body = `${bodyStart}${user}"}`;
      const key = claim > 0 ? `Idempotency-Key: ${user}-${claim}\r\n` : '';
      return `${claimStart}${authorization(user)}${key}Content-Length: ${body.length}\r\n\r\n${body}`;
    },
    ticket(user, location, waitMs) {
      const url = new URL(location, `http://${hostHeader}`);
      if (!options.jwt) url.searchParams.set('userId', userPrefix + user);
      if (waitMs !== undefined) url.searchParams.set('wait', `${Math.ceil(waitMs / 1000)}s`);
      return `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${hostHeader}\r\n${authorization(user)}\r\n`;
    },
    locationOf: (ticket) => `${path}/${ticket}`,
    leave(user) {
      const query = options.jwt ? '' : `?userId=${encodeURIComponent(userPrefix + user)}`;
      return `DELETE ${path}/me${query} HTTP/1.1\r\nHost: ${hostHeader}\r\n${authorization(user)}\r\n`;
    },
  };
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwtHead = base64url({ alg: 'HS256', typ: 'JWT' });

/** A crowd needs thousands of tokens in a moment, so they are signed here and not by a promise each. */
function signToken(user: string, jwt: NonNullable<RequestOptions['jwt']>): string {
  const claims = {
    sub: user,
    exp: jwt.expiresAtS,
    ...(jwt.issuer !== null && { iss: jwt.issuer }),
    ...(jwt.audience !== null && { aud: jwt.audience }),
  };
  const signed = `${jwtHead}.${base64url(claims)}`;
  return `${signed}.${createHmac('sha256', jwt.secret).update(signed).digest('base64url')}`;
}
