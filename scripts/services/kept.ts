// What the services need and is fetched or made once, and used ever after: a folder of the checkout that git ignores.

import { join } from 'node:path';

export const KEPT = join(import.meta.dirname, '..', '..', '.services');
