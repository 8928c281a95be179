// `npm run build`: makes dist/, the plain JavaScript of the published package. Node does not strip types from files
// under node_modules, so the package cannot bring its TypeScript; in a checkout nothing needs this.

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

// tsc renames what is imported, not what is started by address: new Worker(new URL('./x.ts', import.meta.url)).
const files = globSync('**/*.js', { cwd: dist }).map((file) => join(dist, file));
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const renamed = text.replaceAll(/(new URL\((['"])\.[^'"]+)\.ts\2/g, '$1.js$2');
  if (renamed !== text) writeFileSync(file, renamed);
}
console.log(`dist/: ${files.length} files`);
