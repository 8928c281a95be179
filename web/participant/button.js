// @ts-check
/**
 * `<dibs-button campaign="…">` for pages of a shop: one button with one line under it, in the shop's own type and colours
 * where it sets them. It presses by the same rules as our own page, and tells the page around it in events.
 */

import { speakIn } from './language.js';
import { stateOf } from './states.js';
import { labelOf, numberOf, saysOf } from './telling.js';
import { Watch } from './watch.js';
import * as who from './who.js';
import { words } from './words.js';

/** @typedef {import('./states.js').State} State @typedef {import('./states.js').Sight} Sight */

who.settle({ base: new URL(import.meta.url).origin });

const STYLE = `
:host { display: inline-block; font: inherit; min-width: 200px; }
:host([hidden]) { display: none; }
button { box-sizing: border-box; width: 100%; min-height: 48px; padding: 8px 20px; border: 1px solid transparent; font: inherit;
  font-weight: 700; border-radius: var(--dibs-radius, 14px); background: var(--dibs-signal, #d9391e);
  color: var(--dibs-on-signal, #fff); cursor: pointer; }
button:focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
button:disabled { background: transparent; border-color: currentcolor; color: inherit; cursor: default; opacity: 1; }
p { margin: 6px 0 0; font-size: .8125em; line-height: 1.4; }
b { font-variant-numeric: tabular-nums; }
code { display: block; margin-top: 6px; font-size: 1.125em; letter-spacing: .02em; user-select: all; }
[hidden] { display: none; }
`;

/** How often the page around is asked for a token by itself, at most. */
const SIGNIN_AGAIN_MS = 30_000;

/** Sees to one campaign for as long as the element shows it: what is under way when it is stopped comes back to nothing. */
class ButtonWatch extends Watch {
  #over = new AbortController();

  /** @override */
  start() {
    const { signal } = this.#over;
    super.start((/** @type {string} */ name, /** @type {EventListenerOrEventListenerObject} */ told) =>
      addEventListener(name, told, { signal }),
    );
  }

  stop() {
    this.#over.abort();
    this.giveUp.abort();
    this.unfollow();
    clearTimeout(this.timer);
    clearTimeout(this.codeTimer);
    clearInterval(this.clockTimer);
    this.turn = this.followAnew = this.askForMore = () => undefined;
    this.begin = this.ask = this.setClock = async () => {};
  }
}

/** All on this page: they are pressed by one person. @type {Set<DibsButton>} */
const there = new Set();

/** @param {Parameters<typeof who.settle>[0]} person who presses from now on */
function settle(person) {
  who.settle(person);
  for (const { watch } of there) void watch?.begin();
}

/** Around it, out of shadow trees too: an element that names its language. @param {Element} from @returns {string} */
function languageAround(from) {
  const near = from.closest('[lang]:not([lang=""])');
  if (near) return /** @type {string} */ (near.getAttribute('lang'));
  const root = from.getRootNode();
  return root instanceof ShadowRoot ? languageAround(root.host) : navigator.language;
}

class DibsButton extends HTMLElement {
  static observedAttributes = ['campaign', 'user', 'lang'];
  /** @type {ButtonWatch | null} */
  watch = null;
  last = '';
  #signinFrom = 0;
  #button = document.createElement('button');
  #line = document.createElement('p');
  #figure = document.createElement('b');
  #says = document.createElement('span');
  #code = document.createElement('code');
  /** of the page around it, whose language may be switched */
  #around = new MutationObserver(() => this.watch?.turn());

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#button.type = 'button';
    this.#button.part.add('button');
    this.#line.part.add('line');
    this.#code.part.add('code');
    this.#says.setAttribute('role', 'status');
    this.#line.append(this.#figure, ' ', this.#says);
    root.append(this.#button, this.#line, this.#code);
    this.#button.addEventListener('click', () => this.press());
  }

  /** A token of whoever is signed in at the shop; never an attribute, where others could read it. @param {string | null} value */
  set token(value) {
    settle({ token: value });
  }

  connectedCallback() {
    there.add(this);
    this.#around.observe(document, { subtree: true, attributeFilter: ['lang'] });
    const user = this.getAttribute('user');
    if (user !== null && user !== who.userId()) settle({ user });
    this.#watch(this.getAttribute('campaign'));
  }

  disconnectedCallback() {
    there.delete(this);
    this.#around.disconnect();
    this.#watch(null);
  }

  /** @param {string} name @param {string | null} before @param {string | null} value */
  attributeChangedCallback(name, before, value) {
    if (!there.has(this) || before === value) return;
    if (name === 'user') settle({ user: value });
    else if (name === 'campaign') this.#watch(value);
    else this.watch?.turn();
  }

  /** Sees to this campaign, and to no other any more. @param {string | null} id */
  #watch(id) {
    this.watch?.stop();
    this.watch = null;
    this.last = '';
    this.#button.hidden = this.#line.hidden = this.#code.hidden = !id;
    if (!id) return;
    this.watch = new ButtonWatch(id, (state, sight) => this.#draw(state, sight));
    this.watch.start();
  }

  /** What a press on it does; a page may call it too. */
  press() {
    if (!this.watch) return;
    const state = stateOf(this.watch.sight);
    if (!who.isKnown()) {
      this.#tell('signin', { state });
      return;
    }
    if (state === 'waiting') this.#tell('waiting', { state });
    else this.watch.act();
  }

  /** Leaves the line. */
  leave() {
    return this.watch?.leave();
  }

  /** @param {State} state @param {Sight} sight */
  #draw(state, sight) {
    const language = languageAround(this).toLowerCase().startsWith('ko') ? 'ko' : 'en';
    // Only while this one speaks: the next may have another language.
    speakIn(language);
    this.#say(state, sight);
    speakIn(null);
    this.#button.lang = this.#line.lang = language;
    this.#news(state, sight);
  }

  /** @param {State} state @param {Sight} sight */
  #say(state, sight) {
    const label = labelOf(state, sight);
    const holds = sight.mine !== null;
    this.dataset.state = state;
    this.#button.textContent = holds || state === 'waiting' || !label ? words().state[state] : label;
    this.#button.disabled = holds || state === 'waiting' || !label;
    const { before = '', figure, after = '' } = numberOf(state, sight);
    this.#figure.textContent = figure === '–' ? '' : `${before} ${figure}${after}`.trim();
    const says = saysOf(state, sight, this.watch?.seenAt ?? 0);
    if (this.#says.textContent !== says) this.#says.textContent = says;
    this.#code.textContent = sight.mine?.claim.code ?? '';
    this.#code.hidden = !sight.mine?.claim.code;
  }

  /** Tells the page what is new. @param {State} state @param {Sight} sight */
  #news(state, sight) {
    const news = `${state} ${sight.mine?.claim.code ?? ''}`;
    if (news === this.last) return;
    this.last = news;
    const detail = {
      state,
      campaign: sight.campaign,
      claim: sight.mine?.claim ?? null,
      place: sight.place,
      problem: sight.refused,
    };
    this.#tell('state', detail);
    if (state === 'won' || state === 'already_won' || state === 'sold_out') this.#tell(state, detail);
    // A token that has ended can be made anew by the shop. One that is never right must not be asked for without end.
    if (state === 'signin' && performance.now() > this.#signinFrom) {
      this.#signinFrom = performance.now() + SIGNIN_AGAIN_MS;
      this.#tell('signin', { state });
    }
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`dibs-${name}`, { detail, bubbles: true, composed: true }));
  }
}

if (!customElements.get('dibs-button')) customElements.define('dibs-button', DibsButton);
