// Staff seats: the seats as those see them who run the event. Free and blocked ones can be chosen, and the seats of a
// block are chosen together, because a block is lifted as a whole.

import { at } from "./geometry.js";
import { BLOCKED, BOOKED, FREE, HELD, Seats } from "./seats.js";
import { t } from "./texts.js";

/** @typedef {{id: string, seats: string[]}} Block */

export class StaffSeats extends Seats {
  /** @param {import("./seats.js").Drawn} drawn @param {number} most */
  constructor(drawn, most) {
    super(drawn, most);
    /** @type {Map<number, {id: string, seats: number[]}>} */
    this.blockOf = new Map();
    /** @type {Map<number, number>} the state of each chosen seat when it was chosen */
    this.before = new Map();
    this.addEventListener("chosen", () => this.#remember());
  }

  #remember() {
    this.before = new Map([...this.chosen].map((seat) => [seat, this.before.get(seat) ?? at(this.state, seat)]));
  }

  /** Take the blocks that are not lifted. @param {Block[]} blocks */
  setBlocks(blocks) {
    this.blockOf.clear();
    for (const { id, seats: labels } of blocks) {
      const block = { id, seats: labels.map((label) => this.numbers.get(label)).filter((seat) => seat !== undefined) };
      for (const seat of block.seats) this.blockOf.set(seat, block);
    }
    if (this.blocked.some((seat) => this.soldWith(seat).some((each) => !this.chosen.has(each)))) this.add([]);
  }

  /** @param {number} seat */
  mayChoose(seat) {
    return this.state[seat] === FREE || this.state[seat] === BLOCKED;
  }

  hasChoice() {
    return true;
  }

  /** @param {number} seat */
  stateOf(seat) {
    const state = at(this.state, seat);
    return state === HELD ? t("held") : state === BOOKED ? t("sold") : state === BLOCKED ? t("blocked") : "";
  }

  /** @param {number} seat */
  soldWith(seat) {
    return this.state[seat] === BLOCKED ? this.blockOf.get(seat)?.seats ?? [seat] : [seat];
  }

  /** Choose these seats besides those that are chosen. @param {Iterable<number>} seats */
  add(seats) {
    const wanted = new Set(this.chosen);
    for (const seat of [...this.chosen, ...seats]) if (this.mayChoose(seat)) for (const each of this.soldWith(seat)) wanted.add(each);
    const over = wanted.size > this.most;
    if (!over) this.chosen = wanted;
    this.dispatchEvent(new CustomEvent("chosen", { detail: { lost: [], over } }));
  }

  /** Chosen seats that can be blocked. */
  get free() {
    return [...this.chosen].filter((seat) => this.state[seat] === FREE);
  }

  /** Chosen seats whose block can be lifted. */
  get blocked() {
    return [...this.chosen].filter((seat) => this.state[seat] === BLOCKED);
  }

  /** A chosen seat that has changed meanwhile leaves the choice: what a press does is what was seen. */
  dropTaken() {
    if (this.isLeaving) return;
    const lost = [...this.chosen].filter((seat) => this.state[seat] !== this.before.get(seat));
    for (const seat of lost) this.chosen.delete(seat);
    if (lost.length) this.dispatchEvent(new CustomEvent("chosen", { detail: { lost, over: false } }));
  }

  /**
   * Return the seats from one to another: of all rows between them, from the place of the one to that of the other.
   * @param {number} one
   * @param {number} other
   */
  between(one, other) {
    const sorted = (/** @type {Int32Array} */ column) => [at(column, one), at(column, other)].sort((a, b) => a - b);
    const [first = 0, last = 0] = sorted(this.rowOf), [left = 0, right = 0] = sorted(this.placeInRow);
    return this.rows.slice(first, last + 1).flatMap((row) => row.seats.slice(left, right + 1));
  }
}
