#!/usr/bin/env node
// The `dibs` command. In a checkout (also one linked by `npm link`) it runs the TypeScript sources. In the published
// package it runs dist/, which `npm run build` made: Node refuses to strip types from files under node_modules, so a
// package has to bring plain JavaScript.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './launch.mjs';

const hasSources = existsSync(fileURLToPath(new URL('../src/cli/dibs.ts', import.meta.url)));
await launch(hasSources ? 'src/cli/dibs.ts' : 'dist/cli/dibs.js', process.argv.slice(2));
