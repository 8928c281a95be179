// Builds the console (web/console) into web/dist/console, with each file compressed beside it. The launcher runs it
// when what is there was not built from what is there; the published package and the image bring the result along.
// It is built aside and put in place whole: a server that starts meanwhile finds the one or the other.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

// Whoever starts this may be a test: what is built is for people.
process.env['NODE_ENV'] = 'production';

const root = join(import.meta.dirname, '..');
const web = join(root, 'web');
const aside = mkdtempSync(join(web, '.building-'));

try {
  await build({
    configFile: false,
    mode: 'production',
    root: join(web, 'console'),
    base: '/assets/console/',
    logLevel: 'error',
    plugins: [react()],
    build: {
      outDir: aside,
      emptyOutDir: true,
      target: 'es2023',
      chunkSizeWarningLimit: 600,
      assetsInlineLimit: 0,
    },
  });
  const bytes = compressAll(aside);
  const place = join(web, 'dist', 'console');
  mkdirSync(join(web, 'dist'), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  renameSync(aside, place);
  console.log(`The console is built: ${Math.ceil(bytes / 1024)} KiB compressed in all.`);
} finally {
  rmSync(aside, { recursive: true, force: true });
}

/** Puts each file's compressed form beside it; returns their bytes together. */
function compressAll(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const small = brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
    writeFileSync(`${path}.br`, small);
    bytes += small.length;
  }
  return bytes;
}
