// Builds the console (web/console) into web/dist/console, with each file compressed beside it. The launcher runs it
// when what is there was not built from what is there; the published package and the image bring the result along.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { build } from 'vite';

const root = join(import.meta.dirname, '..');
const out = join(root, 'web', 'dist', 'console');

await build({
  configFile: false,
  root: join(root, 'web', 'console'),
  base: '/assets/console/',
  logLevel: 'warn',
  plugins: [react()],
  build: {
    outDir: out,
    emptyOutDir: true,
    target: 'es2023',
    chunkSizeWarningLimit: 600,
    assetsInlineLimit: 0,
  },
});

let bytes = 0;
for (const entry of readdirSync(out, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath, entry.name);
  const small = brotliCompressSync(readFileSync(path), { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  writeFileSync(`${path}.br`, small);
  bytes += small.length;
}
console.log(`The console is built: ${Math.ceil(bytes / 1024)} KiB compressed in all.`);
