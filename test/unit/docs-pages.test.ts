// Protects: the pages of the docs that are written from code say what the code says now.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { docsPages } from '../../scripts/docs-pages.ts';

it.each(docsPages)('$file is up to date (else: npm run docs)', async ({ file, render }) => {
  expect(readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8')).toBe(await render());
});
