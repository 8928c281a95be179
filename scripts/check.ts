// `npm run check`: the static checks alone, in a few seconds. `npm test` runs them too.

import { describeCheck, runChecks } from './checks.ts';

const results = await runChecks((result) => console.log(describeCheck(result)));
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
