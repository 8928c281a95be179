// Protects: the shape of the code that makes it readable and testable. Each rule is held against all sources, and
// against a snippet that breaks it, because a rule that cannot fail protects nothing.

import { describe, expect, it } from 'vitest';
import {
  anyViolations,
  clockViolations,
  fileLengthViolations,
  functionLengthViolations,
  headerViolations,
  nameViolations,
  pureViolations,
} from './code-rules.ts';
import { exceptions, stale, unexcused } from './exceptions.ts';
import { cycleViolations, importViolations } from './import-rules.ts';
import { readSources, type SourceFile, type Violation } from './source.ts';

const sources = readSources(['src']);
const everything = readSources(['src', 'test', 'scripts', 'bench', 'examples', 'web']);
const withoutTests = everything.filter(({ path }) => !path.startsWith('test/'));

const file = (path: string, text: string): SourceFile => ({ path, text });
const lines = (count: number) => 'x();\n'.repeat(count);

interface Rule {
  name: string;
  over: SourceFile[];
  check: (file: SourceFile) => Violation[];
  /** Each must be found. */
  bad: SourceFile[];
  /** Each must pass. */
  good: SourceFile[];
}

const rules: Rule[] = [
  {
    name: 'imports',
    over: sources,
    check: importViolations,
    bad: [
      file('src/core/a.ts', "import { b } from '../ports/b.ts';"),
      file('src/core/a.ts', "import fs from 'node:fs';"),
      file('src/core/a.ts', "export { b } from '../flow/b.ts';"),
      file('src/ports/a.ts', "import type { B } from '../flow/b.ts';"),
      file('src/flow/a.ts', "import { b } from '../adapters/memory/b.ts';"),
      file('src/flow/a.ts', "import pino from 'pino';"),
      file('src/adapters/redis/a.ts', "import { b } from '../kafka/b.ts';"),
      file('src/adapters/memory/a.ts', "import { b } from '../../flow/b.ts';"),
      file('src/adapters/redis/a.ts', "import { b } from '../sql/b.ts';"),
      file('src/http/a.ts', "import { b } from '../ports/b.ts';"),
      file('src/http/a.ts', "const { b } = await import('../main/b.ts');"),
      file('src/cli/a.ts', "import { b } from '../http/b.ts';"),
      file('src/cli/a.ts', "import { b } from '../../test/b.ts';"),
      file('src/other/a.ts', ''),
    ],
    good: [
      file('src/core/a.ts', "import { b } from './b.ts'; import { createHmac } from 'node:crypto';"),
      file('src/flow/a.ts', "import { b } from '../core/b.ts'; import type { C } from '../ports/c.ts';"),
      file('src/adapters/mysql/a.ts', "import { b } from '../sql/b.ts'; import { c } from './c.ts';"),
      file('src/http/routes/a.ts', "import type { B } from '../../ports/b.ts'; import c from 'fastify';"),
      file('src/http/a.ts', "import { type B, type C } from '../ports/b.ts';"),
      file('src/main/a.ts', "import { b } from '../adapters/redis/b.ts';"),
    ],
  },
  {
    name: 'any',
    over: sources,
    check: anyViolations,
    bad: [
      file('a.ts', 'const a: any = 1;'),
      file('a.ts', 'f(a as any);'),
      file('a.ts', 'type A = Array<any>;'),
    ],
    good: [file('a.ts', 'const any: unknown = "any"; // any')],
  },
  {
    name: 'file-length',
    over: everything,
    check: fileLengthViolations,
    bad: [file('a.ts', lines(401))],
    good: [file('a.ts', lines(400))],
  },
  {
    name: 'function-length',
    over: withoutTests,
    check: functionLengthViolations,
    bad: [
      file('a.ts', `function a() {\n${lines(69)}}`),
      file('a.ts', `const a = () => {\n${lines(69)}};`),
      file('a.ts', `class A {\n  a() {\n${lines(69)}  }\n}`),
    ],
    good: [file('a.ts', `function a() {\n${lines(68)}}`)],
  },
  {
    name: 'header',
    over: everything,
    check: headerViolations,
    bad: [
      'export const a = 1;',
      '// a\nexport const a = 1;',
      '#!/usr/bin/env node\nf();',
      '// @ts-check\nf();',
    ].map((text) => file('a.ts', text)),
    good: [
      file('a.ts', '// Why this file exists.\n'),
      file('a.mjs', '#!/usr/bin/env node\n/* Why this file exists. */'),
    ],
  },
  {
    name: 'names',
    over: sources,
    check: nameViolations,
    bad: [
      file('src/core/utils.ts', ''),
      file('src/flow/claim-manager.ts', ''),
      file('src/services/a.ts', ''),
    ],
    good: [file('src/core/claim.ts', ''), file('src/flow/reengineered.ts', '')],
  },
  {
    name: 'pure',
    over: sources.filter(({ path }) => path.startsWith('src/core/')),
    check: pureViolations,
    bad: [
      file('a.ts', 'async function a() {}'),
      file('a.ts', 'await a;'),
      file('a.ts', 'type A = Promise<void>;'),
    ],
    good: [file('a.ts', 'function a(): number { return 1; }')],
  },
  {
    name: 'clock',
    over: sources.filter(({ path }) => !path.startsWith('src/adapters/system/')),
    check: clockViolations,
    bad: [
      'Date.now();',
      'new Date();',
      'Date();',
      'const now = Date.now;',
      'Math.random();',
      'performance.now();',
      'process.hrtime.bigint();',
      'setTimeout(f, 1);',
      'const wait = setTimeout;',
      'globalThis.setInterval(f, 1);',
      'setImmediate(f);',
      'crypto.randomUUID();',
      'AbortSignal.timeout(5);',
      "import { randomBytes } from 'node:crypto';",
      "import { setTimeout as wait } from 'node:timers/promises';",
      "import { performance } from 'node:perf_hooks';",
    ].map((text) => file('a.ts', text)),
    good: [
      'new Date(atMs).toISOString();',
      'socket.setTimeout(5);',
      'system.randomBytes(16);',
      'let timer: ReturnType<typeof setTimeout>;',
      "import { createHmac } from 'node:crypto';",
      'Date.parse(text);',
    ].map((text) => file('a.ts', text)),
  },
];

describe.each(rules)('$name', ({ name, over, check, bad, good }) => {
  it('holds everywhere', () => {
    const violations = over.flatMap(check);
    expect(over.length).toBeGreaterThan(0);
    expect(unexcused(violations).map(describeViolation)).toEqual([]);
    expect(stale(name, violations)).toEqual([]);
  });

  it.each(bad.map(titled))('finds %s', (_title, snippet) => {
    expect(check(snippet).map((violation) => violation.rule)).toContain(name);
  });

  it.each(good.map(titled))('passes %s', (_title, snippet) => {
    expect(check(snippet)).toEqual([]);
  });
});

describe('cycles', () => {
  it('has none among the sources, the tests and the scripts', () => {
    expect(unexcused(cycleViolations(everything)).map(describeViolation)).toEqual([]);
  });

  it('finds a circle of three, through a type import too', () => {
    const circle = [
      file('src/core/a.ts', "import { b } from './b.ts';"),
      file('src/core/b.ts', "import type { C } from './c.ts';"),
      file('src/core/c.ts', "export * from './a.ts';"),
    ];
    expect(cycleViolations(circle)).toHaveLength(1);
    expect(cycleViolations(circle.slice(0, 2))).toEqual([]);
  });
});

describe('exceptions', () => {
  it('each names a rule and gives a reason', () => {
    const names = [...rules.map(({ name }) => name), 'cycles'];
    for (const { rule, reason } of exceptions) {
      expect(names).toContain(rule);
      expect(reason.length).toBeGreaterThan(20);
    }
  });

  it('excuse only their own file, and show when they are stale', () => {
    const list = [{ rule: 'any', file: 'src/a.ts', reason: 'for this test' }];
    const violation = { rule: 'any', file: 'src/a.ts', line: 1, message: 'any' };
    expect(unexcused([violation], list)).toEqual([]);
    expect(unexcused([{ ...violation, file: 'src/b.ts' }], list)).toHaveLength(1);
    expect(stale('any', [], list)).toHaveLength(1);
  });
});

/** A snippet with a title of one line. */
function titled(snippet: SourceFile): [string, SourceFile] {
  return [`${snippet.path}: ${snippet.text.replaceAll(/\s+/g, ' ').slice(0, 60)}`, snippet];
}

function describeViolation({ file: path, line, rule, message }: Violation): string {
  return `${path}:${line} [${rule}] ${message}`;
}
