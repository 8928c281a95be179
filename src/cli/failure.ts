/** Why a command ends with another exit code than 0, in words that say what to do. */

/** The exit codes of every command. */
export const exitCodes = { ok: 0, finding: 1, usage: 2, unreachable: 3 } as const;

export class CommandFailure extends Error {
  readonly exitCode: number;
  /** What to do about it; null when the message says all. */
  readonly hint: string | null;
  /** For `--json`: the problem as the server told it, or what the command knows. */
  readonly details: Record<string, unknown>;

  constructor(exitCode: number, message: string, hint: string | null, details: Record<string, unknown> = {}) {
    super(message);
    this.exitCode = exitCode;
    this.hint = hint;
    this.details = details;
  }
}

export const usageFailure = (message: string, hint: string | null = null): CommandFailure =>
  new CommandFailure(exitCodes.usage, message, hint, { code: 'usage' });
