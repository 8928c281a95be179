// @ts-check
/** The front page: the list of campaigns, or at /me what one holds. */

import { listPage } from './list-page.js';
import { minePage } from './mine-page.js';
import { speak } from './speak.js';
import { takeToken } from './who.js';

takeToken();
speak(/^\/me\/?$/.test(location.pathname) ? minePage() : listPage());
