#!/usr/bin/env node
/** The command `dibs`. Everything is in program.ts; this file only runs it. */
import { readFileSync } from 'node:fs';
import { run } from './program.ts';

// A reader that stops early (`dibs winners | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const packageFile = new URL('../../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
process.exitCode = await run(process.argv.slice(2), version);
