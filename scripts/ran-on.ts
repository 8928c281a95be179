// What the tests ran on, told at the end of every run: a green run means little when nobody knows which database it
// was green on.

import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';

interface Part {
  name: string;
  version: () => string;
}

const parts: Part[] = [
  {
    name: 'Node',
    version: () => `${process.versions.node} on ${process.platform} ${process.arch}, ${cpus().length} cores`,
  },
  { name: 'SQLite', version: sqliteVersion },
];

/** One line for each part, e.g. `SQLite 3.54.0 (better-sqlite3 13.2.0)`. */
export function ranOn(): string[] {
  return parts.map(({ name, version }) => `${name} ${version()}`);
}

function sqliteVersion(): string {
  const database = new Database(':memory:');
  const { version } = database.prepare('select sqlite_version() as version').get() as { version: string };
  database.close();
  return `${version} (better-sqlite3 ${versionOf('better-sqlite3')})`;
}

function versionOf(name: string): string {
  const file = join(import.meta.dirname, '..', 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
