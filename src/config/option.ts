/** What a row of the table of options says. */

/** How the text of a value is read; parse.ts has one reader for each. */
export type OptionType =
  | 'text'
  | 'integer'
  | 'yes-no'
  | 'choice'
  | 'list'
  | 'url'
  | 'origins'
  | 'database'
  | 'roles'
  | 'rate-limit'
  | 'proxies'
  | 'ports'
  | 'waits';

export interface Option {
  /** The environment variable. Secrets may also be given as `<name>_FILE`, the path of a file that holds the value. */
  name: `DIBS_${string}`;
  /** The property of `Config`, and of the parsed flags. */
  key: string;
  /** The flag of the same meaning; it wins over the environment. Secrets have only `--…-file`: argv is public. */
  flag: `--${string}`;
  type: OptionType;
  /** As one would write it; null: nothing. */
  default: string | null;
  description: string;
  group:
    | 'Server'
    | 'Storage'
    | 'Several processes'
    | 'People'
    | 'Operators and secrets'
    | 'Limits'
    | 'Webhooks'
    | 'Retention'
    | 'Log'
    | 'Commands';
  /** Never shown, neither in messages nor in dumps. */
  secret?: true;
  /** For `choice`. */
  values?: readonly string[];
  /** For `integer`, both included. */
  min?: number;
  max?: number;
}
