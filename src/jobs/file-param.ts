/** How jobs name a file that they read, and what is refused before they begin. */

import type { Files } from '../ports/files.ts';

export const FILE_PARAM = 'file';

export async function fileRefusal(
  files: Pick<Files, 'find'>,
  given: Readonly<Record<string, unknown>>,
): Promise<{ code: string; detail: string } | null> {
  const id = String(given[FILE_PARAM]);
  const file = await files.find(id);
  if (file === null || file.finishedAt === null)
    return { code: 'file_not_found', detail: `There is no file ${id}.` };
  if (file.type === 'text/csv' || file.type === 'application/gzip') return null;
  return { code: 'unsupported_media_type', detail: `The file ${id} is ${file.type}; this job reads CSV.` };
}
