// Protects: a signal that arrives more than once does not hurry a gentle stop; a person who presses Ctrl-C again does.

import { expect, it } from 'vitest';
import { makeStopSteps } from '../../src/cli/stop-steps.ts';

/** What each of `signals`, sent at its ms, leads to. */
function steps(...signals: [NodeJS.Signals, number][]): string[] {
  let now = 0;
  const step = makeStopSteps(() => now);
  return signals.map(([signal, at]) => {
    now = at;
    return step(signal);
  });
}

it('SIGTERM, however often and however late, only begins the stop', () => {
  const told = steps(['SIGTERM', 0], ['SIGTERM', 1], ['SIGTERM', 2], ['SIGTERM', 5000], ['SIGTERM', 9000]);
  expect(told).toEqual(['begin', 'wait', 'wait', 'wait', 'wait']);
});

it('one Ctrl-C that arrives three times is one', () => {
  expect(steps(['SIGINT', 0], ['SIGINT', 3], ['SIGINT', 1000])).toEqual(['begin', 'wait', 'wait']);
});

it('Ctrl-C again more than a second after the first ends at once', () => {
  expect(steps(['SIGINT', 0], ['SIGINT', 1001])).toEqual(['begin', 'end']);
  expect(steps(['SIGINT', 0], ['SIGINT', 900], ['SIGINT', 1100])).toEqual(['begin', 'wait', 'end']);
});

it('after a SIGTERM the first Ctrl-C is still a first one', () => {
  const told = steps(['SIGTERM', 0], ['SIGINT', 5000], ['SIGINT', 5001], ['SIGINT', 6002]);
  expect(told).toEqual(['begin', 'wait', 'wait', 'end']);
});
