// Reads and parses the sources for the fence. A rule sees files only through this: path, text, syntax tree, imports.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync, visitorKeys } from 'oxc-parser';

export const root = join(import.meta.dirname, '..', '..');

export interface SourceFile {
  /** From the root of the checkout, with slashes: `src/core/gate.ts`. */
  path: string;
  text: string;
}

/** Any node of the ESTree that oxc gives; rules look only at the few kinds they name. */
export interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [property: string]: unknown;
}

export interface Violation {
  rule: string;
  file: string;
  line: number;
  /** What is wrong and what to do instead. */
  message: string;
}

/** One `import`, `export … from` or `import()` of a file. */
export interface Import {
  /** As written: `../core/gate.ts`, `node:fs`, `fastify`. */
  specifier: string;
  /** The imported file from the root of the checkout; undefined for packages. */
  path: string | undefined;
  line: number;
  typeOnly: boolean;
  dynamic: boolean;
  /** The imported names, as the other module calls them. */
  names: string[];
}

/** All files below `folders` (relative to the root) whose name ends in one of `endings`. */
export function readSources(folders: string[], endings = ['.ts', '.tsx', '.mjs', '.js']): SourceFile[] {
  return folders
    .flatMap((folder) => walkFolder(join(root, folder)))
    .filter((file) => endings.some((ending) => file.endsWith(ending)))
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }));
}

function walkFolder(folder: string): string[] {
  let entries: ReturnType<typeof readFolder>;
  try {
    entries = readFolder(folder);
  } catch {
    return []; // a folder of the plan that does not exist yet
  }
  return entries.flatMap((entry) => {
    if (['node_modules', 'dist', 'data', 'tmp'].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walkFolder(path) : [path];
  });
}

function readFolder(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

/** The 1-based line of a character offset. */
export function lineAt(file: SourceFile, offset: number): number {
  let line = 1;
  for (let at = file.text.indexOf('\n'); at !== -1 && at < offset; at = file.text.indexOf('\n', at + 1))
    line += 1;
  return line;
}

const parsed = new WeakMap<SourceFile, SyntaxNode>();

/** The syntax tree of a file. A file that does not parse fails the fence: nothing could be said about it. */
export function parse(file: SourceFile): SyntaxNode {
  const known = parsed.get(file);
  if (known !== undefined) return known;
  const result = parseSync(file.path, file.text);
  if (result.errors[0] !== undefined) throw new Error(`${file.path}: ${result.errors[0].message}`);
  const program = result.program as unknown as SyntaxNode;
  parsed.set(file, program);
  return program;
}

/** Calls `visit` for every node below `node`, outermost first, with its parent. `false` skips what is inside. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => unknown,
  parent?: SyntaxNode,
): void {
  if (visit(node, parent) === false) return;
  for (const key of visitorKeys[node.type] ?? []) {
    const child = node[key];
    for (const each of Array.isArray(child) ? child : [child]) {
      if (isNode(each)) walk(each, visit, node);
    }
  }
}

/** `value` as a node, when it is one. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** What `file` imports, in order. */
export function importsOf(file: SourceFile): Import[] {
  const found: Import[] = [];
  walk(parse(file), (node) => {
    const source = node['source'];
    if (!isNode(source) || typeof source['value'] !== 'string') return;
    const specifiers = (node['specifiers'] ?? []) as SyntaxNode[];
    found.push({
      specifier: source['value'],
      path: pathOf(file, source['value']),
      line: lineAt(file, node.start),
      typeOnly: isTypeOnly(node, specifiers),
      dynamic: node.type === 'ImportExpression',
      names: specifiers.map(importedName),
    });
  });
  return found;
}

function isTypeOnly(node: SyntaxNode, specifiers: SyntaxNode[]): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const kinds = specifiers.map((specifier) => specifier['importKind'] ?? specifier['exportKind']);
  return kinds.length > 0 && kinds.every((kind) => kind === 'type');
}

function importedName(specifier: SyntaxNode): string {
  const imported = specifier['imported'] ?? specifier['local'];
  return isNode(imported) ? String(imported['name'] ?? imported['value']) : '';
}

function pathOf(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return join(file.path, '..', specifier).split(sep).join('/');
}
