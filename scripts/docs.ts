// `npm run docs`: writes the pages of the docs that come from code (docs-pages.ts).

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { docsPages } from './docs-pages.ts';

for (const { file, render } of docsPages) {
  const path = join(import.meta.dirname, '..', file);
  const text = await render();
  const changed = text !== current(path);
  mkdirSync(dirname(path), { recursive: true });
  if (changed) writeFileSync(path, text);
  console.log(`${changed ? 'written  ' : 'unchanged'} ${file}`);
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
