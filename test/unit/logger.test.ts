// Protects: the log is JSON lines for programs and readable lines for people, on standard error, without secrets, and
// the last line is out when the process ends.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const logger = join(import.meta.dirname, '../../src/main/logger.ts');
const source = `
import { createRequire } from 'node:module';
const { makeLogger } = await import(${JSON.stringify(logger)});
makeLogger({ logLevel: 'info', logFormat: process.env.FORMAT }).warn({ part: 'journal', code: 'AB-C' }, 'slow');
process.stdout.write(String(Object.keys(createRequire(import.meta.url).cache).some((file) => /pino-pretty/.test(file))));
process.kill(process.pid, 'SIGKILL');
`;
const script = '/usr/bin/script';

interface Said {
  log: string;
  prettyLoaded: boolean;
}

function say(format: string): Said {
  const args = ['--input-type=module', '-e', source];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    env: { FORMAT: format },
    encoding: 'utf8',
  });
  return { log: stderr, prettyLoaded: stdout === 'true' };
}

it.each(['json', 'auto'])(
  '%s, into a file: one JSON object a line, and nothing is loaded for it',
  (format) => {
    const { log, prettyLoaded } = say(format);
    expect(JSON.parse(log)).toMatchObject({ level: 40, part: 'journal', code: '[Redacted]', msg: 'slow' });
    expect(log.endsWith('}\n')).toBe(true);
    expect(prettyLoaded).toBe(false);
  },
);

it('pretty: time, level and words, no colours into a file', () => {
  const { log, prettyLoaded } = say('pretty');
  expect(log).toMatch(
    /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: slow\n {4}part: "journal"\n {4}code: "\[Redacted\]"\n$/,
  );
  expect(prettyLoaded).toBe(true);
});

it.skipIf(process.platform !== 'linux' || !existsSync(script))(
  'auto, on a terminal: pretty and in colour',
  () => {
    const command = `${process.execPath} --input-type=module -e "$SOURCE"`;
    const { stdout } = spawnSync(script, ['-qec', command, '/dev/null'], {
      env: { FORMAT: 'auto', SOURCE: source, TERM: 'xterm' },
      encoding: 'utf8',
      input: '',
    });
    expect(stdout).toContain('\u001b[33mWARN\u001b[39m: \u001b[36mslow');
  },
);
