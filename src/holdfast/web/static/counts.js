// Counts: how many are left, kept up to date in the page that the server wrote.

import { find, set } from "./dom.js";
import { number } from "./texts.js";
import * as words from "./words.js";

/** @typedef {import("./live.js").Message} Message */

export class Counts {
  /** @param {Document | ShadowRoot} within */
  constructor(within) {
    this.within = within;
    this.status = find("#status", within);
    this.hasSome = this.status.querySelector("[data-available]") !== null;
  }

  /** @param {Message} message */
  show(message) {
    const known = this.status.querySelector("[data-available]"), hasSome = message.available > 0;
    if (hasSome !== this.hasSome) void this.#read(hasSome);
    else if (known) known.textContent = number(message.available);
    for (const { name, available } of message.areas) {
      this.#write("[data-area]", "area", name, available);
      for (const field of this.within.querySelectorAll("input[data-max-of]")) {
        if (field instanceof HTMLInputElement && field.dataset.maxOf === name) lower(field, available);
      }
    }
    const someLeft = [...this.within.querySelectorAll("input[data-max-of]")].some((field) => Number(field.getAttribute("max")) > 0);
    for (const button of this.within.querySelectorAll("[data-needs-some]")) set(button, "disabled", !someLeft);
    for (const { name, available } of message.categories) this.#write("[data-category]", "category", name, available);
  }

  /** @param {string} selector @param {string} key @param {string} name @param {number} count */
  #write(selector, key, name, count) {
    for (const found of this.within.querySelectorAll(selector)) {
      if (found instanceof HTMLElement && found.dataset[key] === name) found.textContent = words.left(count);
    }
  }

  /** The sentence is another one: the server has it. @param {boolean} hasSome */
  async #read(hasSome) {
    this.hasSome = hasSome;
    const answer = await fetch(this.status.dataset.page ?? location.href).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), status = page.querySelector("#status");
    if (status instanceof HTMLElement) {
      status.dataset.page = this.status.dataset.page; // its own is seen from the server's page
      this.status.replaceWith(status);
      this.status = status;
    }
  }

  /** Show whether the view is live. @param {Date | null} since when it was interrupted */
  showLive(since) {
    const note = find("#live", this.within);
    note.hidden = since === null;
    note.textContent = since === null ? "" : words.interrupted(since);
  }
}

/** A choice above what is left is lowered. @param {HTMLInputElement} field @param {number} available */
function lower(field, available) {
  const most = Math.min(Number(field.dataset.most), available);
  field.max = String(most);
  if (Number(field.value) > most) field.value = String(most);
}
