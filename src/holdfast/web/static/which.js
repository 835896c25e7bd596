// Which: asks which seat a thumb meant, where several are as near.

import { find, make } from "./dom.js";
import * as words from "./words.js";

/** @typedef {import("./seats.js").Seats} Seats */

export class Which {
  /** @param {HTMLDialogElement} dialog @param {Seats} seats @param {(seat: number) => void} choose */
  constructor(dialog, seats, choose) {
    this.dialog = dialog;
    this.seats = seats;
    this.choose = choose;
    this.list = find("ul", dialog);
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside the sheet
  }

  /** @param {number[]} seats */
  ask(seats) {
    this.list.replaceChildren(...seats.map((seat) => this.#line(seat)));
    this.dialog.showModal();
  }

  /** @param {number} seat */
  #line(seat) {
    const notes = [this.seats.categoryOf(seat), ...words.notes(this.seats, seat)].join(", ");
    const button = make("button", { class: "button button-wide", type: "button" }, `${words.address(this.seats, seat)}, ${notes}`);
    button.addEventListener("click", () => {
      this.dialog.close();
      this.choose(seat);
    });
    return make("li", {}, button);
  }
}
