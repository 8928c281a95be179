/** What is kept beside campaigns and claims, in the same database: for whatever comes after the win. */

import type { Files } from './files.ts';
import type { Outbox } from './outbox.ts';

export interface StoredPorts {
  outbox: Outbox;
  files: Files;
}
