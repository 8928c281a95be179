// Protects: operators in SQLite keep the promises of ports/operators.

import { operatorsContract } from '../support/contract/operators.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

operatorsContract('SQLite', makeSqlitePlace);
