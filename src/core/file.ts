/** What files for jobs may be. */

export const FILE_TYPES = ['text/csv', 'application/gzip', 'application/json', 'text/html'] as const;
export type FileType = (typeof FILE_TYPES)[number];
