/** docs/reference/cli.md, from the help of the commands themselves. */
import type { Command } from 'commander';
import { buildProgram } from './program.ts';

const helpWidth = 110;

/** @returns the whole page as Markdown */
export async function renderCli(): Promise<string> {
  const program = await buildProgram('all', '');
  const lines = [
    '# Commands',
    '',
    '<!-- Written by `npm run docs` from src/cli. Change it there. -->',
    '',
    'What `--help` says, of every command. In a checkout `npm run dibs -- rush …` is `dibs rush …`.',
    ...sectionOf(program, 2),
  ];
  return `${lines.join('\n')}\n`;
}

function sectionOf(command: Command, level: number): string[] {
  const lines = ['', `${'#'.repeat(level)} ${nameOf(command)}`, '', '```text', helpOf(command), '```'];
  for (const child of command.commands) {
    if (child.name() !== 'help') lines.push(...sectionOf(child, Math.min(level + 1, 4)));
  }
  return lines;
}

const nameOf = (command: Command): string =>
  command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();

function helpOf(command: Command): string {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  command.configureOutput({
    writeOut: write,
    getOutHelpWidth: () => helpWidth,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}
