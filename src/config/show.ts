/** The table of options as people read it: `--help`, the page of the docs, and a configuration without its secrets. */

import type { Config } from './config.ts';
import { type Option, optionRows } from './options.ts';
import { showRateLimit } from './rate-limit.ts';

const LINE_WIDTH = 96;

/** What stands for the value in the help: `--port <n>`. */
function placeholder(option: Option): string {
  if (option.secret) return 'path';
  switch (option.type) {
    case 'integer':
      return 'n';
    case 'choice':
      return (option.values ?? []).join('|');
    case 'yes-no':
      return 'yes|no';
    case 'text':
    case 'database':
      return 'text';
    case 'roles':
    case 'list':
    case 'origins':
    case 'proxies':
    case 'ports':
    case 'waits':
      return 'a,b,…';
    case 'url':
      return 'url';
    case 'rate-limit':
      return 'limits';
  }
}

/** For `dibs serve --help`: every option with its flag, its environment name, default and meaning. */
export function optionsHelp(): string {
  return groups()
    .map(({ group, rows }) => `${group}:\n${rows.map(helpOf).join('\n')}`)
    .join('\n\n');
}

function helpOf(option: Option): string {
  const left = `  ${option.flag} <${placeholder(option)}>`;
  const names = option.secret ? `${option.name}, ${option.name}_FILE` : option.name;
  const right = option.default === null ? names : `${names}, default ${option.default}`;
  const text = `${option.description}`;
  return [`${left.padEnd(44)} ${right}`, ...wrap(text, LINE_WIDTH - 6).map((line) => `      ${line}`)].join(
    '\n',
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** docs/reference/configuration.md, written by `npm run docs`. */
export function optionsMarkdown(): string {
  const intro = [
    '# Configuration',
    '',
    '<!-- Written by `npm run docs` from src/config/options.ts. Change it there. -->',
    '',
    'Every option is an environment variable and a flag of `dibs serve`. A flag wins over the environment, and an empty',
    'value counts as none. A wrong value, or a `DIBS_` name that does not exist, stops the start with the name, the value',
    'and what is allowed. Secrets can come from a file: `DIBS_ADMIN_KEY_FILE` holds the path of a file with the key. They',
    'have no flag of their own, because every user of a machine can read the command lines of its processes.',
  ];
  const sections = groups().map(({ group, rows }) =>
    [
      '',
      `## ${group}`,
      '',
      '| name | flag | default | allowed | meaning |',
      '|---|---|---|---|---|',
      ...rows.map(rowOf),
    ].join('\n'),
  );
  return `${[...intro, ...sections].join('\n')}\n`;
}

function rowOf(option: Option): string {
  const name = option.secret ? `\`${option.name}\`, \`${option.name}_FILE\`` : `\`${option.name}\``;
  const fallback = option.default === null ? 'none' : `\`${option.default}\``;
  const meaning = `${option.description}`;
  return `| ${[name, `\`${option.flag}\``, fallback, allowedOf(option), meaning].map(cell).join(' | ')} |`;
}

function allowedOf(option: Option): string {
  switch (option.type) {
    case 'integer':
      return `${option.min ?? 0} to ${option.max ?? '…'}`;
    case 'choice':
      return (option.values ?? []).map((value) => `\`${value}\``).join(', ');
    case 'yes-no':
      return '`yes`, `no`';
    case 'url':
      return 'an http(s) address';
    case 'origins':
      return 'a list of origins';
    case 'list':
      return 'a list';
    case 'database':
      return '`sqlite:<path>`, `mysql://…`';
    case 'roles':
      return '`all`, or some of `api`, `decider`, `relay`, `recorder`, `jobs`';
    case 'rate-limit':
      return '`auto`, `off`, limits';
    case 'proxies':
      return '`no`, `yes`, a list';
    case 'ports':
      return 'a list of ports';
    case 'waits':
      return 'a list of waits in `s`, `m` or `h`';
    case 'text':
      return 'text';
  }
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function groups(): { group: string; rows: Option[] }[] {
  const byGroup = Map.groupBy(optionRows, ({ group }) => group);
  return [...byGroup].map(([group, rows]) => ({ group, rows }));
}

/** A configuration as it may be logged or shown by `dibs doctor`: by name, secrets only as set or not. */
export function shownConfig(config: Config): Record<string, string> {
  const values: Record<string, unknown> = { ...config, rateLimit: showRateLimit(config.rateLimit) };
  return Object.fromEntries(
    optionRows.map((option) => [option.name, shownValue(option, values[option.key])]),
  );
}

function shownValue(option: Option, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '(none)';
  if (option.secret) return '(set)';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
