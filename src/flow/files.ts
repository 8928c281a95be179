/** Files on their way in and out: a stream becomes a stored file or nothing, and a stored file a stream. */

import { createHash } from 'node:crypto';
import type { FileType } from '../core/file.ts';
import type { Role } from '../core/role.ts';
import type { Files, StoredFile } from '../ports/files.ts';
import { FILE_PART_BYTES } from '../ports/files.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';

export interface FileDraft {
  name: string;
  type: FileType;
  /** the least role that may read what is in it */
  role: Role;
  by: Actor;
}

export interface FileParts {
  files: Files;
  system: Pick<System, 'now' | 'randomBytes'>;
}

export type TakenFile =
  | { kind: 'stored'; file: StoredFile }
  /** nothing of it was kept */
  | { kind: 'too_large' }
  | { kind: 'empty' }
  | { kind: 'not_its_type'; why: string };

/**
 * Stores what comes, in pieces, as fast as they are stored. A stream that breaks off leaves nothing behind and rejects
 * with its own fault; a process that dies leaves an unfinished file, which is swept.
 */
export async function takeFile(
  { files, system }: FileParts,
  { by, ...draft }: FileDraft,
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<TakenFile> {
  const id = `f-${system.randomBytes(9).toString('hex')}`;
  const createdAt = system.now();
  const hash = createHash('sha256');
  let bytes = 0;
  let no = 0;
  const refuse = async (refused: TakenFile): Promise<TakenFile> => {
    await files.remove(id, null);
    return refused;
  };
  await files.begin({ ...draft, id, by: by.id, createdAt });
  try {
    for await (const piece of inPieces(body)) {
      bytes += piece.length;
      if (bytes > bytesMax) return await refuse({ kind: 'too_large' });
      const why = notItsType(draft.type, piece, no === 0);
      if (why !== null) return await refuse({ kind: 'not_its_type', why });
      hash.update(piece);
      await files.write(id, no, piece, system.now());
      no += 1;
    }
  } catch (error) {
    await files.remove(id, null);
    throw error;
  }
  if (bytes === 0) return refuse({ kind: 'empty' });
  const sha256 = hash.digest('hex');
  const now = system.now();
  await files.finish(
    id,
    { bytes, sha256, now },
    {
      ...{ at: now, actor: by.id, action: 'file.upload', target: id, before: null, requestId: by.requestId },
      after: { name: draft.name, type: draft.type, bytes, sha256 },
    },
  );
  return {
    kind: 'stored',
    file: { ...draft, id, by: by.id, createdAt, finishedAt: now, bytes, sha256 },
  };
}

/** Pieces of the size that is stored, whatever size comes in. */
async function* inPieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    held.push(chunk);
    size += chunk.length;
    if (size < FILE_PART_BYTES) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; at + FILE_PART_BYTES <= all.length; at += FILE_PART_BYTES)
      yield all.subarray(at, at + FILE_PART_BYTES);
    held = [all.subarray(at)];
    size = all.length - at;
  }
  if (size > 0) yield Buffer.concat(held);
}

/** What is plainly something else than it is said to be; the rest is found out by whoever reads it. */
function notItsType(type: FileType, piece: Buffer, isFirst: boolean): string | null {
  const isGzip = isFirst && piece[0] === 0x1f && piece[1] === 0x8b;
  if (type === 'application/gzip')
    return isFirst && !isGzip ? 'It is said to be gzip and does not begin as one.' : null;
  if (type !== 'text/csv') return null;
  if (isGzip) return 'It is gzip: send it as application/gzip.';
  const mark = isFirst ? piece.readUInt16BE(0) : 0;
  if (isFirst && piece.length > 1 && (mark === 0xfeff || mark === 0xfffe))
    return 'It is UTF-16: save it as UTF-8.';
  return piece.includes(0) ? 'It holds NUL bytes: it is not text in UTF-8.' : null;
}

/** All bytes in order, from after part `at`. */
export async function* fileBytes(
  files: Pick<Files, 'read'>,
  id: string,
  at: number | null = null,
): AsyncGenerator<Uint8Array> {
  for (let from = at; ; ) {
    const part = await files.read(id, from);
    if (part === null) return;
    yield part.data;
    from = part.at;
  }
}
