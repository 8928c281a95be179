/** Options that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';

export interface SharedOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

/** Adds --url, --key and --json. The environment is read by the client, and named here. */
export function talksToServer(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'address of the server (env: DIBS_URL, default http://127.0.0.1:8080)'),
    )
    .addOption(
      new Option(
        '--key <key>',
        'operator key (env: DIBS_ADMIN_KEY or DIBS_ADMIN_KEY_FILE, else ./data/admin.key)',
      ),
    )
    .option('--json', 'print JSON');
}

/** A whole number within bounds. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text.replaceAll('_', ''));
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new InvalidArgumentError(`It is a whole number, ${bounds}.`);
  };
}

/** 0.05 or 5%. */
export function ratio(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It is a share: 0 to 1, or 0% to 100%.');
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** 250ms, 10s, 5m, 1h, 30d; in ms. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const scale = unitMs[unit ?? ''];
  if (amount !== undefined && scale !== undefined) return Number(amount) * scale;
  throw new InvalidArgumentError('It is a number with a unit: 250ms, 10s, 5m, 1h, 30d.');
}
