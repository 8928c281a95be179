/**
 * Files that jobs read and write, kept beside the record so that every process can reach them. A file is written piece by
 * piece, each under its number: a piece that is written again takes the place of the one before, so whoever was broken
 * off goes on where he was. Until it is finished nobody reads it.
 */

import type { FileType } from '../core/file.ts';
import type { Role } from '../core/role.ts';
import type { AuditLine } from './operators.ts';

/** A part as it is stored, at most: bytes. */
export const FILE_PART_BYTES = 262_144;
/** A piece at most: bytes. */
export const FILE_PIECE_BYTES_MAX = 8 * 1_048_576;

export interface NewFile {
  /** `[a-z0-9-]`, at most 96 characters */
  id: string;
  /** what a download is called: `chicken-100-winners.csv` */
  name: string;
  type: FileType;
  /** the least role that may read what is in it */
  role: Role;
  /** an operator key's id, or `schedule` */
  by: string;
  /** epoch ms */
  createdAt: number;
}

export interface StoredFile extends NewFile {
  /** epoch ms; null: it is being written */
  finishedAt: number | null;
  /** 0 until it is finished */
  bytes: number;
  /** hex, of all its bytes; null until it is finished */
  sha256: string | null;
}

/** Some bytes, and where those after them begin. */
export interface FilePart {
  data: Uint8Array;
  at: number;
}

export interface FileEnd {
  bytes: number;
  sha256: string;
  /** epoch ms */
  now: number;
}

/** `before`: the last one of the page before. `untouchedSince`: instead of whole ones, those that nobody writes on. */
export interface FileFilter {
  before: { createdAt: number; id: string } | null;
  untouchedSince?: number;
}

export interface Files {
  /** False when the id is taken: the file that is there is left as it is. */
  begin(file: NewFile): Promise<boolean>;
  /** Piece `no` (0, 1, 2 …) of a file that is not finished; false when there is none. At most FILE_PIECE_BYTES_MAX. */
  write(id: string, no: number, data: Uint8Array, now: number): Promise<boolean>;
  /** Makes it whole; false when there is none. Finished before: it stays as it was. */
  finish(id: string, end: FileEnd, audit: AuditLine | null): Promise<boolean>;
  /** null: there is no such file */
  find(id: string): Promise<StoredFile | null>;
  /** The part after `at` (null: the first), whether it is finished or not; null: there is none. */
  read(id: string, at: number | null): Promise<FilePart | null>;
  /** Newest first, at most `limit`. */
  list(filter: FileFilter, limit: number): Promise<StoredFile[]>;
  /** False when there is none. */
  remove(id: string, audit: AuditLine | null): Promise<boolean>;
}
