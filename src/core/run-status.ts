/** Where a run of a job stands. */

/** `queued`: waits for a runner. A stopped or failed run goes on where it was when it is restarted. */
export const RUN_STATUSES = ['queued', 'running', 'completed', 'failed', 'stopped'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
