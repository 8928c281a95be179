// Builds the console (web/console) and the participant's pages (web/participant) into web/dist, with each file compressed
// beside it. The launcher runs it when what is there was not built from what is there; the published package and the
// image bring the result along. Built aside and put in place whole: a server that starts meanwhile finds the one or the other.

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
import { buildParticipant } from './build-participant.ts';

// Whoever starts this may be a test: what is built is for people.
process.env['NODE_ENV'] = 'production';

const root = join(import.meta.dirname, '..');
const web = join(root, 'web');
const aside = mkdtempSync(join(web, '.building-'));
const pages = mkdtempSync(join(web, '.building-'));

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
  put(aside, 'console');
  console.log(`The console is built: ${Math.ceil(bytes / 1024)} KiB compressed in all.`);
  const sizes = await buildParticipant(pages);
  put(pages, 'participant');
  const said = Object.entries(sizes).map(([name, size]) => `${name} ${size}`);
  console.log(`The participant's pages are built: ${said.join(', ')} bytes compressed.`);
} finally {
  for (const folder of [aside, pages]) rmSync(folder, { recursive: true, force: true });
}

function put(built: string, name: string): void {
  const place = join(web, 'dist', name);
  mkdirSync(join(web, 'dist'), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  renameSync(built, place);
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
