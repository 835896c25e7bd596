// Buyer: asks who buys, in the element's place for messages. An event with a limit for each buyer needs to know.

import { say } from "./bar.js";
import { make } from "./dom.js";
import * as words from "./words.js";

/**
 * @param {HTMLElement} place
 * @param {string} before what was typed at the last time
 * @param {(email: string) => void} send
 */
export function askWhoBuys(place, before, send) {
  // It is no form: the place may lie in one, and a field with the form "none" is no part of that.
  const field = make("input", { class: "input", type: "email", autocomplete: "email", required: true, form: "none", "aria-label": words.yourEmail() });
  field.value = before;
  const finish = () => {
    if (field.reportValidity()) send(field.value.trim());
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    finish();
  });
  say(place, ...words.whoBuys(), { text: words.holdThese(), act: finish });
  place.querySelector("button")?.before(field);
  field.focus();
}
