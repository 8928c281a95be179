/** Sends a file of codes and tells how far it is: only this old way of asking says how much has gone out. */

import { key, Trouble, troubleOf } from '../../api.ts';

export interface ImportReport {
  imported: number;
  first: number | null;
  last: number | null;
  total: number;
  lines: number;
  empty: number;
  skipped: number;
}

export interface Upload {
  campaignId: string;
  file: File;
  header: boolean;
  onDuplicate: 'refuse' | 'skip';
  /** bytes sent */
  onProgress(sent: number): void;
}

function typeOf({ file: { name }, header }: Upload): string {
  const type = /\.gz$/i.test(name) ? 'application/gzip' : /\.txt$/i.test(name) ? 'text/plain' : 'text/csv';
  return header ? `${type};header=present` : type;
}

/** Resolves with the report; rejects with Trouble. `signal` stops it, and then nothing is imported. */
export function upload(what: Upload, signal: AbortSignal): Promise<ImportReport> {
  const { campaignId, file, onDuplicate, onProgress } = what;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(
      'POST',
      `/v1/admin/campaigns/${encodeURIComponent(campaignId)}/codes?onDuplicate=${onDuplicate}`,
    );
    request.setRequestHeader('authorization', `Bearer ${key.get()}`);
    request.setRequestHeader('content-type', typeOf(what));
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.upload.onload = () => onProgress(file.size);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 200) return resolve(body as unknown as ImportReport);
      reject(troubleOf(request.status, body, request.statusText));
    };
    request.onerror = () => reject(new Trouble(0, 'unreachable', ''));
    request.onabort = () => reject(new Trouble(0, 'stopped', ''));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** 950 B, 12.3 kB, 4.5 MB */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
