// What a single source file must keep to: lengths, no `any`, a header, plain names, a pure core, and the clock, random
// numbers, ids and timers only in adapters/system.

import {
  importsOf,
  isNode,
  lineAt,
  parse,
  type SourceFile,
  type SyntaxNode,
  type Violation,
  walk,
} from './source.ts';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

/** Rule `file-length`. */
export function fileLengthViolations(file: SourceFile): Violation[] {
  const lines = file.text.trimEnd().split('\n').length;
  if (lines <= FILE_LINES_MAX) return [];
  const message = `${lines} lines, at most ${FILE_LINES_MAX}; split it by verb`;
  return [{ rule: 'file-length', file: file.path, line: FILE_LINES_MAX, message }];
}

/** Rule `function-length`: any kind of function, what is nested in it included. */
export function functionLengthViolations(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  walk(parse(file), (node) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const first = lineAt(file, node.start + 1);
    const lines = lineAt(file, node.end) - first + 1;
    if (lines <= FUNCTION_LINES_MAX) return;
    const message = `a function of ${lines} lines, at most ${FUNCTION_LINES_MAX}; name its parts`;
    found.push({ rule: 'function-length', file: file.path, line: first, message });
  });
  return found;
}

/** Rule `any`. */
export function anyViolations(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  walk(parse(file), (node) => {
    if (node.type !== 'TSAnyKeyword') return;
    const message = 'any switches the type checker off; use unknown and look, or write the type down';
    found.push({ rule: 'any', file: file.path, line: lineAt(file, node.start), message });
  });
  return found;
}

/** Rule `header`: the file opens with a comment that says why it exists. */
export function headerViolations(file: SourceFile): Violation[] {
  const opening = /^(?:#!.*\n)?(?:\s*(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/))*/.exec(file.text)?.[0] ?? '';
  if (opening.replaceAll(/^#!.*|@ts-check|[/*\s]/g, '').length >= 15) return [];
  const message = 'opens without a comment that says why it exists (a test: the property that it protects)';
  return [{ rule: 'header', file: file.path, line: 1, message }];
}

/** Rule `names`: words that say nothing about what a file does, and attract code that belongs elsewhere. */
export function nameViolations(file: SourceFile): Violation[] {
  const word = /(?:^|[/-])(managers?|services?|engines?|workers?|helpers?|utils?|misc|common)(?=[/.-])/.exec(
    file.path,
  )?.[1];
  if (word === undefined) return [];
  return [
    { rule: 'names', file: file.path, line: 1, message: `called "${word}"; name it after what it does` },
  ];
}

/** Rule `pure`: nothing asynchronous in the core. It decides; waiting is for those who call it. */
export function pureViolations(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  walk(parse(file), (node) => {
    const isPromise = node.type === 'Identifier' && node['name'] === 'Promise';
    if (node['async'] !== true && node.type !== 'AwaitExpression' && !isPromise) return;
    const message = 'asynchronous code in the core; let the flow wait and hand the core its result';
    found.push({ rule: 'pure', file: file.path, line: lineAt(file, node.start), message });
  });
  return found;
}

// --- the clock and its relatives -----------------------------------------------------------------------------------

const globalTimers = ['setTimeout', 'setInterval', 'setImmediate'];
const cryptoNames = [
  'randomUUID',
  'randomBytes',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
];
const members: Record<string, string[]> = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now', 'timeOrigin', 'timerify'],
  process: ['hrtime'],
  AbortSignal: ['timeout'],
  crypto: cryptoNames,
  webcrypto: cryptoNames,
  globalThis: [...globalTimers, 'Date', 'performance', 'crypto'],
};
const moduleNames: Record<string, string[] | 'all'> = {
  'node:crypto': [...cryptoNames, 'webcrypto'],
  'node:perf_hooks': ['performance'],
  'node:timers': 'all',
  'node:timers/promises': 'all',
};

/** Rule `clock`: time, random, ids and timers come through ports/system, so that a test can hold them in its hand. */
export function clockViolations(file: SourceFile): Violation[] {
  const found: Violation[] = [];
  const add = (line: number, what: string) => {
    const message = `${what} outside adapters/system; take it from ports/system, so that tests can set it`;
    found.push({ rule: 'clock', file: file.path, line, message });
  };
  for (const { specifier, names, line } of importsOf(file)) {
    const banned = moduleNames[specifier];
    if (banned === undefined) continue;
    for (const name of banned === 'all' ? [specifier] : names.filter((each) => banned.includes(each)))
      add(line, name);
  }
  walk(parse(file), (node, parent) => {
    if (node.type === 'TSTypeQuery') return false; // ReturnType<typeof setTimeout> names a type, it starts nothing
    const what = clockUse(node, parent);
    if (what !== undefined) add(lineAt(file, node.start), what);
    return true;
  });
  return found;
}

function clockUse(node: SyntaxNode, parent: SyntaxNode | undefined): string | undefined {
  const name = nameOf(node);
  if (name !== undefined && globalTimers.includes(name) && !isMereName(node, parent)) return name;
  if (node.type === 'MemberExpression') {
    const object = nameOf(node['object']) ?? '';
    const property = nameOf(node['property']) ?? '';
    return members[object]?.includes(property) ? `${object}.${property}` : undefined;
  }
  if (nameOf(node['callee']) !== 'Date') return undefined;
  if (node.type === 'CallExpression') return 'Date()';
  return node.type === 'NewExpression' && (node['arguments'] as unknown[]).length === 0
    ? 'new Date()'
    : undefined;
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? String(node['name']) : undefined;
}

/** The name of a property or a key, not a use of the global that is called the same. */
function isMereName(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent?.type === 'MemberExpression') return parent['property'] === node && parent['computed'] !== true;
  if (parent?.type.startsWith('Import') || parent?.type.startsWith('TS')) return true;
  return parent?.['key'] === node && parent['shorthand'] !== true;
}
