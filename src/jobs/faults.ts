/** Which faults of a chunk may pass by themselves, so that it is tried again. */

/** Parts say by the name of their faults that they may do later what they did not do now. */
const PASSING = [
  'RecordFault',
  'RedisFault',
  'KafkaFault',
  'StorageFault',
  'LineTrouble',
  'TooSlow',
  'RecordBehind',
  'NotDecided',
];
const CODES = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN'];

/** A chunk was given up because it took longer than its step allows. */
export class TooSlow extends Error {
  override name = 'TooSlow';
}

/** The run is somebody else's by now: whatever this one did is not committed. */
export class Overtaken extends Error {
  override name = 'Overtaken';
}

export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return PASSING.includes(error.name) || CODES.includes((error as NodeJS.ErrnoException).code ?? '');
}
