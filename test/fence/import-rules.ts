// Who may import whom (ARCHITECTURE.md), and that no files import each other in a circle.

import { type Import, importsOf, type SourceFile, type Violation } from './source.ts';

interface Layer {
  /** Folders below src/ that it may import; its own folder goes without saying. */
  imports: string[];
  /** Folders it may import types from, and nothing that runs. */
  importsTypes?: string[];
  /** `none`: no npm package, and of Node only what is pure. Absent: anything. */
  packages?: 'none';
}

/** What does no I/O, has no clock and no random beyond what a caller asks for by name. */
const pureNodeModules = ['node:crypto', 'node:assert', 'node:assert/strict', 'node:buffer', 'node:util'];

const outer: Layer = { imports: ['flow', 'core', 'config', 'report'], importsTypes: ['ports'] };

export const layers: Record<string, Layer> = {
  core: { imports: [], packages: 'none' },
  ports: { imports: ['core'], packages: 'none' },
  flow: { imports: ['core', 'ports'], packages: 'none' },
  config: { imports: ['core'] },
  words: { imports: ['core'], packages: 'none' },
  report: { imports: ['core', 'flow', 'words'], packages: 'none' },
  'adapters/memory': { imports: ['core', 'ports'] },
  'adapters/sqlite': { imports: ['core', 'ports', 'adapters/sql'] },
  'adapters/mysql': { imports: ['core', 'ports', 'adapters/sql'] },
  'adapters/sql': { imports: ['core', 'ports'] },
  'adapters/redis': { imports: ['core', 'ports'] },
  'adapters/kafka': { imports: ['core', 'ports'] },
  'adapters/webhook': { imports: ['core', 'ports'] },
  'adapters/system': { imports: ['core', 'ports'] },
  http: outer,
  jobs: outer,
  cli: outer,
};

/** Rule `imports`: the table above. `main` may import everything and is imported by nothing. */
export function importViolations(file: SourceFile): Violation[] {
  const from = layerOf(file.path);
  if (from === 'main') return [];
  const layer = layers[from];
  const violation = (line: number, message: string) => ({ rule: 'imports', file: file.path, line, message });
  if (layer === undefined)
    return [violation(1, `${from} is no folder of the architecture; add it to the table first`)];
  return importsOf(file).flatMap((each) => {
    const message =
      each.path === undefined ? packageProblem(from, layer, each) : fileProblem(from, layer, each);
    return message === undefined ? [] : [violation(each.line, message)];
  });
}

function packageProblem(from: string, layer: Layer, { specifier }: Import): string | undefined {
  if (layer.packages !== 'none' || pureNodeModules.includes(specifier)) return undefined;
  return `${from} imports ${specifier}; it may use no package and no I/O, so this belongs behind a port`;
}

function fileProblem(
  from: string,
  layer: Layer,
  { path = '', typeOnly, dynamic }: Import,
): string | undefined {
  const to = layerOf(path);
  if (to === from || layer.imports.includes(to)) return undefined;
  if (layer.importsTypes?.includes(to)) {
    return typeOnly ? undefined : `${from} may import only types from ${to} (import type), not ${path}`;
  }
  return `${from} imports ${typeOnly ? 'types of ' : ''}${path}${dynamic ? ' lazily' : ''}; it may import ${[from, ...layer.imports].join(', ')}`;
}

/** `src/adapters/redis/keys.ts` → `adapters/redis`; `src/core/gate.ts` → `core`; anything outside src → its path. */
function layerOf(path: string): string {
  const [top, folder = '', inner = '', ...rest] = path.split('/');
  if (top !== 'src') return path;
  return folder === 'adapters' && rest.length > 0 ? `adapters/${inner}` : folder;
}

/** Rule `cycles`: circles among `files`, type imports included, `import()` left out. One violation a circle. */
export function cycleViolations(files: SourceFile[]): Violation[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap(({ path, dynamic }) => (path && !dynamic ? [path] : [])),
    ]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  const violations: Violation[] = [];
  const visit = (path: string) => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      const circle = [...trail.slice(at), path].join(' → ');
      violations.push({ rule: 'cycles', file: path, line: 1, message: `import circle: ${circle}` });
    }
    if (at !== -1 || done.has(path)) return;
    trail.push(path);
    for (const next of edges.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of edges.keys()) visit(path);
  return violations;
}
