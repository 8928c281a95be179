/** Where facts are sent, and how each delivery went. */

import type { Ddl } from './ddl.ts';

export const WEBHOOKS_DDL: Ddl = { sqlite: [], mysql: [] };

export type WebhookTables = Record<never, never>;
