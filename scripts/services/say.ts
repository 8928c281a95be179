// Progress goes to stderr: stdout of `npm run services` holds nothing but addresses.

export function say(line: string): void {
  process.stderr.write(`dibs: ${line}\n`);
}

/** Something a person can put right; printed without a stack. */
export class ServiceProblem extends Error {}
