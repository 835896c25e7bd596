// Bar: what is chosen, whether it is side by side, and the button that holds it. It is the one place for messages.

import { find, make, set } from "./dom.js";
import { nearestGroup, replacement, runsOf } from "./groups.js";
import * as words from "./words.js";

/** @typedef {import("./seats.js").Seats} Seats */

export class Bar {
  /** @param {HTMLFormElement} form @param {Seats} seats @param {() => string} hint what to do while nothing is chosen */
  constructor(form, seats, hint) {
    this.form = form;
    this.seats = seats;
    this.hint = hint;
    this.says = find(".says", form);
    this.chips = find(".chips", form);
    this.fields = find("[data-fields]", form);
    this.message = find("[data-message]", form);
    this.mend = find("[data-mend]", form);
    this.button = find("button[type=submit]", form);
    /** @type {number[] | null} seats side by side that may replace the chosen ones */
    this.group = null;
    this.mend.addEventListener("click", () => {
      if (this.group) seats.choose(this.group);
      this.focus();
    });
    form.addEventListener("submit", (event) => {
      if (!seats.chosen.size) event.preventDefault();
      else seats.isLeaving = true;
    });
    form.hidden = false;
    this.render();
  }

  /** Bring the keyboard to the button. */
  focus() {
    this.button.focus();
  }

  render() {
    const { seats } = this, count = seats.chosen.size;
    this.says.replaceChildren(words.together(seats), " ", make("small", {}, count ? words.chosenPlaces(seats) : this.hint()));
    this.button.textContent = words.hold(count);
    set(this.button, "aria-disabled", count ? false : "true");
    this.button.hidden = !count;
    this.form.classList.toggle("is-empty", !count);
    this.fields.replaceChildren(...[...seats.chosen].map((seat) => make("input", { type: "hidden", name: "seat", value: seats.labelOf(seat) })));
    this.chips.replaceChildren(...[...seats.chosen].map((seat) => this.#chip(seat)));
    this.group = runsOf(seats).length > 1 ? nearestGroup(seats, count, [...seats.chosen]) : null;
    this.mend.hidden = !this.group;
    this.mend.textContent = words.putTogether(count);
  }

  /** @param {number} seat */
  #chip(seat) {
    const out = make("button", { type: "button", "aria-label": words.takeOut(this.seats, seat) }, make("span", { class: "icon icon-x", "aria-hidden": "true" }));
    out.addEventListener("click", () => {
      this.seats.toggle(seat);
      this.focus();
    });
    return make("li", { class: "chip chip-held" }, words.address(this.seats, seat), out);
  }

  /** Say that others got seats that were chosen here, and offer another. @param {number[]} lost */
  sayTaken(lost) {
    const instead = lost.length === 1 && lost[0] !== undefined ? replacement(this.seats, lost[0]) : undefined;
    this.say(...words.justTaken(this.seats, lost), instead === undefined ? null : {
      text: words.takeInstead(this.seats, instead),
      act: () => {
        this.clear();
        this.seats.toggle(instead);
      },
    });
  }

  /** @param {string} title @param {string} more @param {{text: string, act: () => void} | null} button */
  say(title, more, button = null) {
    say(this.message, title, more, button);
  }

  clear() {
    unsay(this.message);
  }
}

/** Show a message in its place. @param {HTMLElement} place @param {string} title @param {string} more @param {{text: string, act: () => void} | null} button */
export function say(place, title, more, button) {
  place.replaceChildren(make("p", {}, make("strong", {}, title), ` ${more}`));
  if (button) {
    const press = make("button", { class: "button button-small", type: "button" }, button.text);
    press.addEventListener("click", button.act);
    place.append(press);
  }
  place.hidden = false;
}

/** @param {HTMLElement} place of a message that no longer holds */
export function unsay(place) {
  place.hidden = true;
  place.replaceChildren();
}
