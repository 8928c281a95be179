// @ts-check
/** The page of one campaign. */

import { campaignPage } from './campaign-page.js';
import { speak } from './speak.js';
import { takeToken } from './who.js';

takeToken();
speak(campaignPage(decodeURIComponent(location.pathname.split('/')[2] ?? '')));
