/** `dibs token`: a token as a sign-in service would give it, for trying things out with auth jwt. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { usageFailure } from './failure.ts';
import { durationMs } from './options.ts';

const help = `
Examples:
  $ export DIBS_JWT_SECRET=0123456789abcdef0123456789abcdef
  $ dibs token --sub u-17
  $ curl -X POST -H "Authorization: Bearer $(dibs token --sub u-17)" -H 'Content-Type: application/json' \\
      -d '{}' http://127.0.0.1:8080/v1/campaigns/chicken-100/claims

Environment:
  DIBS_JWT_SECRET      secret the server checks tokens with (HS256); DIBS_JWT_SECRET_FILE for a file
  DIBS_JWT_ISSUER      issuer the server expects
  DIBS_JWT_AUDIENCE    audience the server expects`;

interface TokenOptions {
  sub: string;
  expires: number;
  issuer?: string;
  audience?: string;
  claim: Record<string, unknown>;
  json?: boolean;
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('Makes a test token (JWT, HS256) whose `sub` is the user.')
    .requiredOption('--sub <user>', 'the user')
    .addOption(
      new Option('--expires <time>', 'valid for: 90s, 15m, 1h, 30d')
        .argParser(durationMs)
        .default(3_600_000, '1h'),
    )
    .addOption(new Option('--issuer <iss>', 'issuer').env('DIBS_JWT_ISSUER'))
    .addOption(new Option('--audience <aud>', 'audience').env('DIBS_JWT_AUDIENCE'))
    .option(
      '--claim <name=value>',
      'another claim of the token, any number of times; the value is JSON or text',
      addClaim,
      {},
    )
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(async (options: TokenOptions) => {
      const token = await makeToken(options, jwtSecret(process.env));
      const { say, sayJson } = await import('./print.ts');
      if (options.json) sayJson({ token, sub: options.sub, expiresInMs: options.expires });
      else say(token);
    });
}

/** The shared secret from the environment or the file it names. */
export function jwtSecret(env: NodeJS.ProcessEnv): string {
  const file = env['DIBS_JWT_SECRET_FILE'];
  const secret = env['DIBS_JWT_SECRET'] ?? (file === undefined ? '' : readFileSync(file, 'utf8').trim());
  if (secret !== '') return secret;
  throw usageFailure(
    'DIBS_JWT_SECRET is not set',
    'Set it to the secret the server checks tokens with, for instance: export DIBS_JWT_SECRET=$(openssl rand -hex 32)',
  );
}

async function makeToken(options: TokenOptions, secret: string): Promise<string> {
  const { SignJWT } = await import('jose');
  const token = new SignJWT(options.claim)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(options.sub)
    .setIssuedAt()
    .setExpirationTime(`${Math.max(1, Math.round(options.expires / 1000))}s`);
  if (options.issuer !== undefined) token.setIssuer(options.issuer);
  if (options.audience !== undefined) token.setAudience(options.audience);
  return token.sign(new TextEncoder().encode(secret));
}

function addClaim(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const at = text.indexOf('=');
  if (at < 1) throw usageFailure(`--claim is name=value: ${text}`);
  const value = text.slice(at + 1);
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(value) as unknown };
  } catch {
    return { ...before, [text.slice(0, at)]: value };
  }
}
