// Protects: campaigns in SQLite keep the promises of ports/campaigns.

import { campaignsContract } from '../support/contract/campaigns.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

campaignsContract('SQLite', makeSqlitePlace);
