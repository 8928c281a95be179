// @ts-check
/** The words that come with a page. The build leaves only those of the page's own language in. */

export { en } from './words-en.js';
export { ko } from './words-ko.js';
