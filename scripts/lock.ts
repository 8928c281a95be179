// `npm run lock`: brings package-lock.json in step with package.json and completes it (see complete-lock.ts).

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { completeLock } from './complete-lock.ts';

const root = join(import.meta.dirname, '..');
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: root, stdio: 'inherit' });
const added = completeLock(join(root, 'package-lock.json'));
console.log(
  added === 0
    ? 'package-lock.json is complete'
    : `package-lock.json: ${added} entries of other platforms added`,
);
