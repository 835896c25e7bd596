// Seats: the map of an event in columns, the state of each seat, and what the visitor has chosen.
//
// Map, list and bar are views of it. It says "states" when seats change, "chosen" when the choice does, and "mine" when
// the visitor holds others.

import { at } from "./geometry.js";
import { Labels } from "./labels.js";
import { Pace } from "./pace.js";

export const FREE = 0;
export const HELD = 1;
export const BOOKED = 2;
export const BLOCKED = 3;
export const WHEELCHAIR = 1;
export const COMPANION = 2;
export const RESTRICTED = 4;

/** @type {Record<string, number>} */
const CODES = { available: FREE, held: HELD, booked: BOOKED, blocked: BLOCKED };

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {{label: string, status: string}} SeatState
 * @typedef {{epoch: string, version: number, map_version: number, state: string}} Packed
 * @typedef {{name: string, first?: number | null, count: number, numbers?: number[] | null, label: string,
 *   names: string[], printed?: (string | null)[] | null, sold?: string | null}} DrawnRow
 * @typedef {{map_version: number, width: number, height: number, pitch: number, categories: string[],
 *   sections: {name: string, rows: DrawnRow[]}[], areas: {name: string, points: Point[]}[], columns: Record<string, string>}} Drawn
 * @typedef {{name: string, section: number, seats: number[], names: string[], shared: string, keys: string[], isTable: boolean,
 *   free: number}} Row
 * @typedef {{name: string, rows: number[], free: number, category: number}} Section
 */

export class Seats extends EventTarget {
  /**
   * Read a map and its states. The browser is free for presses in between.
   * @param {Drawn} drawn
   * @param {Packed} packed
   * @param {number} most how many one visitor may choose
   */
  static async read(drawn, packed, most) {
    const pace = new Pace(), seats = new this(drawn, most);
    for (const section of drawn.sections) {
      seats.#addSection(section);
      await pace.rest();
    }
    seats.unpack(packed);
    return seats;
  }

  /** @param {Drawn} drawn @param {number} most */
  constructor(drawn, most) {
    super();
    this.most = most;
    this.mapVersion = drawn.map_version;
    this.categories = drawn.categories;
    /** The distance of two neighbours is 1. */
    this.width = drawn.width / drawn.pitch;
    this.height = drawn.height / drawn.pitch;
    this.x = scaled(column(drawn.columns.x), drawn.pitch);
    this.y = scaled(column(drawn.columns.y), drawn.pitch);
    this.position = column(drawn.columns.position);
    this.category = column(drawn.columns.category);
    this.traits = column(drawn.columns.traits);
    this.size = this.x.length;
    /** Parts of the house without numbered seats. */
    this.areas = drawn.areas.map(({ name, points }) => ({
      name,
      points: points.map(([x, y]) => /** @type {Point} */ ([x / drawn.pitch, y / drawn.pitch])),
    }));
    this.state = new Uint8Array(this.size);
    this.rowOf = new Int32Array(this.size);
    this.placeInRow = new Int32Array(this.size);
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Section[]} */
    this.sections = [];
    this.numbers = new Labels();
    /** @type {Set<number>} categories that the visitor does not want to see */
    this.hidden = new Set();
    /** Traits of which a seat must have one, and traits that it must not have. */
    this.needed = 0;
    this.unwanted = 0;
    /** @type {Set<number>} */
    this.chosen = new Set();
    /** @type {Set<number>} seats that the visitor holds, and that others see as taken */
    this.mine = new Set();
    /** The choice is on its way to the server, which takes it off sale for others. */
    this.isLeaving = false;
    this.epoch = "";
    this.version = -1;
  }

  /** @param {{name: string, rows: DrawnRow[]}} section */
  #addSection(section) {
    /** @type {Section} */
    const added = { name: section.name, rows: [], free: 0, category: 0 };
    for (const row of section.rows) {
      const keys = row.names, seats = row.numbers ?? keys.map((_, place) => (row.first ?? 0) + place);
      const names = row.printed ? keys.map((key, place) => row.printed?.[place] ?? key) : keys;
      const index = this.rows.length;
      added.rows.push(index);
      this.rows.push({
        name: row.name, section: this.sections.length, seats, names, shared: row.label, keys, isTable: row.sold === "whole", free: 0,
      });
      seats.forEach((seat, place) => {
        this.rowOf[seat] = index;
        this.placeInRow[seat] = place;
      });
      this.numbers.add(row.label, keys, seats);
    }
    const first = this.rows[added.rows[0] ?? 0]?.seats[0];
    if (first !== undefined) added.category = at(this.category, first);
    this.sections.push(added);
  }

  get bookmark() {
    return `${this.epoch}.${this.version}`;
  }

  /** Take the states of all seats. @param {Packed} packed */
  unpack(packed) {
    const bytes = atob(packed.state);
    for (const row of this.rows) row.free = 0;
    for (const section of this.sections) section.free = 0;
    for (let seat = 0; seat < this.size; seat++) {
      const state = (bytes.charCodeAt(seat >> 2) >> ((seat & 3) * 2)) & 3;
      this.state[seat] = state;
      if (state === FREE) this.#count(seat, 1);
    }
    this.epoch = packed.epoch;
    this.version = packed.version;
    this.#tell("states", { seats: null });
    this.dropTaken();
  }

  /**
   * Take a message of the stream, or the changes since a bookmark. An older message brings nothing new.
   * @param {{epoch: string, version: number, seats: SeatState[]}} message
   * @param {boolean} whole whether all other seats are available
   */
  apply(message, whole) {
    if (message.epoch === this.epoch && message.version < this.version) return;
    /** @type {number[]} */
    const changed = [];
    const listed = new Set(), before = this.#openSections();
    for (const { label, status } of message.seats) {
      const seat = this.numbers.get(label);
      if (seat === undefined) continue;
      listed.add(seat);
      this.#set(seat, CODES[status] ?? FREE, changed);
    }
    if (whole) for (let seat = 0; seat < this.size; seat++) if (!listed.has(seat)) this.#set(seat, FREE, changed);
    this.epoch = message.epoch;
    this.version = message.version;
    const isSame = before === this.#openSections(); // the ground of a sold-out section is another
    if (changed.length) this.#tell("states", { seats: isSame ? changed : null });
    this.dropTaken();
  }

  /** @param {number} seat @param {number} state @param {number[]} changed */
  #set(seat, state, changed) {
    const before = at(this.state, seat);
    if (before === state) return;
    this.state[seat] = state;
    if (before === FREE) this.#count(seat, -1);
    if (state === FREE) this.#count(seat, 1);
    changed.push(seat);
  }

  #openSections() {
    return this.sections.map(({ free }) => (free ? "1" : "0")).join("");
  }

  /** @param {number} seat @param {number} by */
  #count(seat, by) {
    const row = this.rowAt(seat);
    row.free += by;
    this.section(row.section).free += by;
  }

  /** Take seats that others got out of the choice. */
  dropTaken() {
    if (this.isLeaving) return;
    const lost = [...this.chosen].filter((seat) => !this.mayChoose(seat));
    for (const seat of lost) this.chosen.delete(seat);
    if (lost.length) this.#tell("chosen", { lost, over: false });
  }

  /** @param {number} seat */
  isFree(seat) {
    return this.state[seat] === FREE;
  }

  /** Whether a press chooses the seat. Staff choose others than buyers. @param {number} seat */
  mayChoose(seat) {
    return this.isFree(seat);
  }

  /** The state of a seat in a word, for those who see more than whether it is taken. @param {number} _seat @returns {string} */
  stateOf(_seat) {
    return "";
  }

  /** Whether there is something to choose in a row or a section. @param {{free: number}} part */
  hasChoice(part) {
    return part.free > 0;
  }

  /** Whether the visitor wants to see the seat, and can have it. @param {number} seat */
  isOffered(seat) {
    const traits = at(this.traits, seat);
    if (traits & this.unwanted || (this.needed && !(traits & this.needed))) return false;
    return this.isFree(seat) && !this.hidden.has(at(this.category, seat));
  }

  /** @param {number} seat */
  rowAt(seat) {
    return this.row(at(this.rowOf, seat));
  }

  /** @param {number} index */
  row(index) {
    return /** @type {Row} */ (this.rows[index]);
  }

  /** @param {number} index */
  section(index) {
    return /** @type {Section} */ (this.sections[index]);
  }

  /** @param {number} seat */
  nameOf(seat) {
    return this.rowAt(seat).names[at(this.placeInRow, seat)] ?? "";
  }

  /** @param {number} seat */
  categoryOf(seat) {
    return this.categories[at(this.category, seat)] ?? "";
  }

  /** @param {number} seat */
  labelOf(seat) {
    const { shared, keys } = this.rowAt(seat);
    return shared + (keys[at(this.placeInRow, seat)] ?? "");
  }

  /** Seats that are sold together with a seat, and itself. @param {number} seat */
  soldWith(seat) {
    const row = this.rowAt(seat);
    return row.isTable ? row.seats : [seat];
  }

  /** Choose a seat, or take it out. @param {number} seat */
  toggle(seat) {
    if (!this.mayChoose(seat)) return;
    const seats = this.soldWith(seat);
    if (this.chosen.has(seat)) {
      for (const each of seats) this.chosen.delete(each);
      this.#tell("chosen", { lost: [], over: false });
      return;
    }
    const over = this.chosen.size + seats.length > this.most;
    if (!over) for (const each of seats) this.chosen.add(each);
    this.#tell("chosen", { lost: [], over });
  }

  /** Choose exactly these. @param {Iterable<number>} seats */
  choose(seats) {
    this.chosen = new Set([...seats].filter((seat) => this.mayChoose(seat)).slice(0, this.most));
    this.#tell("chosen", { lost: [], over: false });
  }

  /** Show seats as held by the visitor, and no others. @param {string[]} labels */
  own(labels) {
    this.mine = new Set(labels.map((label) => this.numbers.get(label)).filter((seat) => seat !== undefined));
    this.#tell("mine", {});
  }

  /** Show or hide a category. @param {number} category @param {boolean} shown */
  show(category, shown) {
    if (shown) this.hidden.delete(category);
    else this.hidden.add(category);
    this.#tell("states", { seats: null });
  }

  /** Show only seats with one of the needed traits, and without the unwanted ones. @param {number} needed @param {number} unwanted */
  wish(needed, unwanted) {
    [this.needed, this.unwanted] = [needed, unwanted];
    this.#tell("states", { seats: null });
  }

  /** @param {string} name @param {object} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {string | undefined} text */
function column(text) {
  const bytes = atob(text ?? "");
  const values = new Uint16Array(bytes.length / 2);
  for (let i = 0, last = 0; i < values.length; i++) {
    last = (last + bytes.charCodeAt(2 * i) + 256 * bytes.charCodeAt(2 * i + 1)) & 0xffff;
    values[i] = last;
  }
  return values;
}

/** @param {Uint16Array} units @param {number} pitch */
function scaled(units, pitch) {
  const found = new Float32Array(units.length);
  for (let i = 0; i < units.length; i++) found[i] = at(units, i) / pitch;
  return found;
}
