// DOM: makes elements, finds those that a page has, and speaks to screen readers.

/** Time between two sentences that nobody asked for. */
const QUIET = 5_000;

/**
 * Make an element. No text is ever read as HTML.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean>} attributes false: without it
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(made, name, value);
  made.append(...children);
  return made;
}

/** @param {Element} element @param {string} name @param {string | boolean} value */
export function set(element, name, value) {
  if (value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : value);
}

/**
 * Return the first element that a selector names. The page always has it.
 * @param {string} selector
 * @param {ParentNode} within
 * @returns {HTMLElement}
 */
export function find(selector, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the page has no ${selector}`);
  return found;
}

/** Give the secret of a link to the same page in another language. @param {string} secret */
export function keepSecret(secret) {
  for (const other of document.querySelectorAll("a[hreflang]")) {
    if (other instanceof HTMLAnchorElement) other.hash = secret;
  }
}

/** A polite voice: at most one sentence in five seconds. A later sentence replaces one that still waits. */
export class Voice {
  /** @param {HTMLElement} region an element with the role `status` */
  constructor(region) {
    this.region = region;
    this.last = -QUIET;
    this.waiting = 0;
  }

  /** Say what the person's own press did: at once. @param {string} sentence */
  answer(sentence) {
    clearTimeout(this.waiting);
    this.waiting = 0;
    this.last = performance.now();
    this.region.textContent = sentence;
  }

  /** Say what happened elsewhere. @param {string} sentence */
  news(sentence) {
    clearTimeout(this.waiting);
    const wait = Math.max(0, this.last + QUIET - performance.now());
    this.waiting = setTimeout(() => this.answer(sentence), wait);
  }
}
