// Builds the participant's pages (web/participant) into one folder. A page is one file with its style and script inside,
// so that a phone in a crowd asks once and has it all; what only winners need, and the button for other pages, are files
// of their own. Everything is compressed here, once, as small as it gets.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Rolldown } from 'vite';
import { build, minify } from 'vite';

const web = join(import.meta.dirname, '..', 'web');
const sources = join(web, 'participant');
/** Loaded when they are needed, under names that change with what is in them. */
const LATER = ['kept', 'words-ko', 'words-en'];
const LANGUAGES = ['ko', 'en'];
/** Names of our own objects that nothing outside of a script knows: these may become short. */
const OURS =
  /^(?:on(?:Campaign|Verdict|Missing|Reach|Sight|Return|OtherTab)|sight|badUser|seenAt|askedAt|codeTimer|clockTimer|giveUp|unfollow|followAnew|setClock|pressAt|nextTurn|askForMore|comeBack|forgetUser|refuse|begin|become|untilMs|againMs|lastEventId|reached|refused|fresh|figure|copied|lot|timer|changed|why|unit|rest|onPending|onWait|nextMs|mine|hold|stand|place|campaign)$/;

/** The oldest that can stop a request for either of two reasons (`AbortSignal.any`), which the script does. */
const BROWSERS = ['chrome116', 'firefox124', 'safari17.4'];
/** Of `light-dark()`, which the style does not call. */
const UNUSED = /--lightningcss-(?:light|dark):(?:initial| );/g;

/** Bytes of each page, compressed with brotli. */
export type PageBytes = Record<string, number>;

/** @param folder where to; it is made when missing */
export async function buildParticipant(folder: string): Promise<PageBytes> {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  const bytes: PageBytes = {};
  const later = new Map<string, string>();
  for (const name of LATER) {
    const { script } = await bundle([join(sources, `${name}.js`)], null);
    const place = `assets/${name}-${createHash('sha256').update(script).digest('hex').slice(0, 8)}.js`;
    later.set(`./participant/${name}.js`, `/assets/participant/${place}`);
    bytes[name] = keep(folder, place, script);
  }
  const button = await bundle([join(sources, 'button.js')], null);
  bytes['button'] = keep(folder, 'button.js', button.script);
  for (const page of ['index', 'home']) {
    for (const language of LANGUAGES) {
      bytes[`${page}.${language}`] = await buildPage(folder, page, language, later);
    }
  }
  return bytes;
}

/** Puts what a page links to into the page, with the words of one language. */
async function buildPage(
  folder: string,
  name: string,
  language: string,
  later: ReadonlyMap<string, string>,
): Promise<number> {
  const html = readFileSync(join(sources, `${name}.html`), 'utf8');
  const asked = [...html.matchAll(/(?:rel="stylesheet" href|type="module" src)="\/assets\/([^"]+)"/g)];
  const files = asked.map(([, path]) => join(web, path as string));
  const { script, style } = await bundle(files, language);
  const inline = [...later].reduce((text, [from, to]) => text.replaceAll(from, to), script);
  const page = html
    .replace('<html lang="ko">', `<html lang="${language}">`)
    .replaceAll(/ *<link rel="stylesheet"[^>]*>\n/g, '')
    .replace(/<script type="module"[^>]*><\/script>/, '<style>@</style>')
    // At the end and no module: it runs with all of the page there, and before anything is laid out for the first time.
    .replace('</body>', '<script>@</script></body>')
    .replaceAll(/>\s+</g, '><')
    .replaceAll(' />', '>')
    .replace('<style>@', () => `<style>${style.trim().replaceAll(UNUSED, '')}`)
    .replace('<script>@', () => `<script>(()=>{${inline.trim().replaceAll('</script', '<\\/script')}})()`);
  return keep(folder, `${name}.${language}.html`, page);
}

/**
 * One script and one style from these files and all that they import, in this order.
 * @param language the words of this one only, and what is loaded later left out; null: everything
 */
async function bundle(files: string[], language: string | null): Promise<{ script: string; style: string }> {
  const entry = join(web, 'entry.js');
  const imports = files.map((file) => {
    const from = JSON.stringify(file);
    return `import ${from}; export * from ${from};`;
  });
  // Not imported but put in: as a module it is one of those that are loaded later.
  const words = LANGUAGES.map((one) =>
    one === language
      ? readFileSync(join(sources, `words-${one}.js`), 'utf8')
      : `export const ${one} = undefined;`,
  );
  const [built] = (await build({
    configFile: false,
    mode: 'production',
    root: web,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === entry ? id : null),
        load: (id) => {
          if (id === entry) return imports.join('\n');
          return language !== null && id.endsWith('/words-given.js') ? words.join('\n') : null;
        },
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      cssTarget: BROWSERS,
      minify: false,
      cssMinify: true,
      cssCodeSplit: false,
      lib: { entry, formats: ['es'], fileName: 'page', cssFileName: 'page' },
      rollupOptions: {
        external: (id: string) => language !== null && LATER.some((name) => id === `./${name}.js`),
      },
    },
  })) as Rolldown.RolldownOutput[];
  const output = built?.output ?? [];
  const chunk = output.find((one) => one.type === 'chunk');
  const code = chunk?.type === 'chunk' ? chunk.code : '';
  const { code: script } = await minify('page.js', code, {
    module: true,
    compress: { target: 'es2022' },
    ...(language === null ? {} : { mangleProps: { include: OURS } }),
  });
  const style = output.find((one) => one.type === 'asset' && one.fileName.endsWith('.css'));
  return { script, style: style?.type === 'asset' ? String(style.source) : '' };
}

/** Writes a file and its compressed forms; returns the bytes of the smallest. */
function keep(folder: string, name: string, text: string): number {
  const path = join(folder, name);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
  const small = brotliCompressSync(text, { params });
  writeFileSync(path, text);
  writeFileSync(`${path}.br`, small);
  writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
  return small.length;
}
