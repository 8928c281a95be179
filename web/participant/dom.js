// @ts-check
/** The few things that pages do to their elements. */

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const part = (id) => /** @type {T} */ (document.getElementById(id));

/** Touches the page only where something changed. @param {string} id @param {string} text empty: hidden */
export function put(id, text) {
  const element = part(id);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/** @template {keyof HTMLElementTagNameMap} T @param {T} tag @param {string} name @param {string} [text] */
export function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Selects the text too, so that there is a way left where the clipboard is closed. @param {HTMLElement} element */
export async function copyText(element) {
  getSelection()?.selectAllChildren(element);
  await navigator.clipboard?.writeText(element.textContent ?? '').catch(() => document.execCommand('copy'));
}
