// List: sections, rows and seats. It is the interface of the seat map: everything can be done here by keyboard.

import { make, set } from "./dom.js";
import { at } from "./geometry.js";
import { lookOf } from "./glyphs.js";
import { freeRuns, groupsThatFit, longestRun } from "./groups.js";
import * as words from "./words.js";

/** @typedef {import("./seats.js").Seats} Seats */

const SVG = "http://www.w3.org/2000/svg";
/** Digits that follow each other so fast are one number. */
const TYPING = 1_000;
/** With one of them open, a longer list of sections shows only those beside it. */
const MANY_SECTIONS = 12;
/** Elements that the rows of a section and the seats of one may have. With more, only the rows beside it are shown. */
const MANY_ELEMENTS = 300;
const ELEMENTS_OF_ROW = 7;
const ELEMENTS_OF_SEAT = 2;
/** Lines that a long list keeps before and after the open one. */
const BESIDE = 2;

export class List {
  /**
   * @param {HTMLElement} root
   * @param {Seats} seats
   * @param {() => number} party how many seats the visitor wants together
   * @param {{move: (seat: number) => void, choose: (seat: number) => void, take: (group: number[]) => void,
   *   leave: () => void, open: (section: number, row: number) => void, news: (sentence: string) => void}} on
   */
  constructor(root, seats, party, on) {
    this.root = root;
    this.seats = seats;
    this.party = party;
    this.on = on;
    this.section = seats.sections.length === 1 ? 0 : -1;
    this.row = -1;
    /** The seat that the keyboard is at. */
    this.cursor = -1;
    this.typed = "";
    this.typedAt = 0;
    this.changes = 0;
    root.addEventListener("click", (event) => this.#click(event));
    root.addEventListener("keydown", (event) => this.#press(event));
    this.render();
  }

  /** Open a section, and maybe a row of it. @param {number} section @param {number} row */
  open(section, row = -1) {
    this.section = section;
    const rows = section < 0 ? [] : this.seats.section(section).rows;
    this.row = row < 0 && rows.length === 1 ? rows[0] ?? -1 : row;
    if (this.row >= 0 && !this.seats.row(this.row).seats.includes(this.cursor)) {
      this.cursor = this.seats.row(this.row).seats.find((seat) => this.seats.isFree(seat)) ?? this.seats.row(this.row).seats[0] ?? -1;
    }
    this.render();
    this.on.open(this.section, this.row);
  }

  render() {
    const { sections } = this.seats, list = make("ul", { class: "sections" }), isLong = sections.length > MANY_SECTIONS;
    if (isLong && this.section >= 0) list.append(this.#allLine("sections", words.allSections(sections.length)));
    sections.forEach((section, index) => {
      if (isLong && this.section >= 0 && Math.abs(index - this.section) > BESIDE) return;
      const item = make("li", {}, this.#sectionLine(index));
      if (index === this.section) item.append(this.#rows(section.rows));
      list.append(item);
    });
    this.root.replaceChildren(list);
  }

  /** @param {number[]} rows of the open section */
  #rows(rows) {
    const list = make("ul", { class: "rows" }), open = rows.indexOf(this.row);
    const elements = open < 0 ? 0 : rows.length * ELEMENTS_OF_ROW + this.seats.row(this.row).seats.length * ELEMENTS_OF_SEAT;
    const isLong = elements > MANY_ELEMENTS && rows.length > 2 * BESIDE + 1;
    if (isLong) list.append(this.#allLine("rows", words.allRows(rows.length)));
    rows.forEach((row, place) => {
      if (!isLong || Math.abs(place - open) <= BESIDE) list.append(this.#rowItem(row));
    });
    return list;
  }

  /** The way back to all lines of a long list. @param {string} what @param {string} text */
  #allLine(what, text) {
    return make("li", {}, make("a", { class: "all-line", href: "#seats", "data-all": what }, text));
  }

  /** Show new states in place. @param {number[] | null} changed null: everything */
  refresh(changed) {
    if (changed === null) {
      this.#keepFocus(() => this.render());
      return;
    }
    const rows = new Set(changed.map((seat) => at(this.seats.rowOf, seat)));
    for (const section of new Set([...rows].map((row) => this.seats.row(row).section))) {
      this.root.querySelector(`[data-section="${section}"]`)?.replaceWith(this.#sectionLine(section));
    }
    for (const row of rows) {
      if (row !== this.row) this.root.querySelector(`[data-row="${row}"]`)?.replaceWith(this.#rowLine(row));
    }
    const here = changed.filter((seat) => this.seats.rowOf[seat] === this.row);
    for (const seat of here) this.#refreshSeat(seat);
    if (here.length) this.refreshGroups();
    this.changes += here.length;
    if (here.length && !this.root.hidden) {
      this.on.news(words.changedInRow(this.changes));
      this.changes = 0;
    }
  }

  /** Show which seats are chosen. */
  refreshChosen() {
    if (this.row >= 0) for (const seat of this.seats.row(this.row).seats) this.#refreshSeat(seat);
    this.refreshGroups();
  }

  /** Show the groups of the open row that fit now. */
  refreshGroups() {
    const shown = this.root.querySelector("[data-groups]");
    if (this.row >= 0 && shown) this.#keepFocus(() => shown.replaceWith(this.#groups(this.row)));
  }

  /** @param {() => void} change */
  #keepFocus(change) {
    const { activeElement: active } = /** @type {Document | ShadowRoot} */ (this.root.getRootNode()), key = active instanceof HTMLElement && this.root.contains(active) ? active.dataset : {};
    change();
    const selector = key.group ? `[data-group="${key.group}"]` : key.seat ? `[data-seat="${key.seat}"]` : key.row ? `[data-row="${key.row}"]` : key.section ? `[data-section="${key.section}"]` : null;
    if (selector) /** @type {HTMLElement | null} */ (this.root.querySelector(selector))?.focus();
  }

  /** @param {number} index */
  #sectionLine(index) {
    const section = this.seats.section(index);
    return make(
      "a",
      {
        class: "section-line", href: "#seats", "data-section": String(index), "aria-expanded": String(index === this.section),
        "aria-disabled": this.seats.hasChoice(section) ? false : "true",
      },
      make("span", { class: `glyph cat-${lookOf(section.category) + 1}`, "aria-hidden": "true" }),
      make("strong", {}, words.sectionName(section.name)),
      make("strong", { class: "count" }, words.left(section.free)),
    );
  }

  /** @param {number} row */
  #rowItem(row) {
    const item = make("li", {}, this.#rowLine(row));
    if (row === this.row) item.append(this.#panel(row));
    return item;
  }

  /** @param {number} index */
  #rowLine(index) {
    const row = this.seats.row(index), look = lookOf(at(this.seats.category, row.seats[0] ?? 0)) + 1;
    return make(
      "a",
      {
        class: `row-line cat-${look}`, href: "#seats", "data-row": String(index), "aria-expanded": String(index === this.row),
        "aria-disabled": this.seats.hasChoice(row) ? false : "true",
      },
      make("strong", {}, words.rowName(row.name)),
      this.#strip(index),
      make("span", { class: "end" }, words.leftTogether(row.free, longestRun(this.seats, index))),
    );
  }

  /** A row as a strip of its seats. @param {number} index */
  #strip(index) {
    const { seats } = this.seats.row(index), free = new Set(freeRuns(this.seats, index).flat());
    const strip = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["class", "strip"], ["viewBox", `0 0 ${seats.length} 10`], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
      strip.setAttribute(name ?? "", value ?? "");
    }
    for (const isFree of [false, true]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", isFree ? "strip-free" : "strip-gone");
      path.setAttribute("d", seats.map((seat, i) => (free.has(seat) === isFree ? `M${i + 0.12} 0h.76v10h-.76z` : "")).join(""));
      strip.append(path);
    }
    return strip;
  }

  /** @param {number} index */
  #panel(index) {
    const row = this.seats.row(index);
    const box = make("div", {
      class: `seats cat-${lookOf(at(this.seats.category, row.seats[0] ?? 0)) + 1}`, role: "listbox",
      "aria-multiselectable": "true", "aria-label": words.rowName(row.name),
    });
    for (const seat of row.seats) {
      const option = make("button", { class: "seat", type: "button", role: "option", "data-seat": String(seat) }, make("span", {}, this.seats.nameOf(seat)));
      this.#describe(option, seat);
      box.append(option);
    }
    return make("div", { class: "seats-panel" }, this.#groups(index), box);
  }

  /** The groups of a row that fit, each one press away. One of them is in the order of Tab. @param {number} index */
  #groups(index) {
    const size = this.party(), groups = groupsThatFit(this.seats, index, size), { chosen } = this.seats;
    const bar = make("div", { class: "row", role: "toolbar", "aria-label": words.groupsOf(size), "data-groups": true });
    bar.hidden = !groups.length;
    bar.append(make("span", { class: "small muted" }, words.groupsOf(size)));
    groups.forEach((group, place) => {
      const isChosen = chosen.size === size && group.every((seat) => chosen.has(seat));
      const chip = make("button", { class: "chip", type: "button", "data-group": String(group[0]), "aria-pressed": String(isChosen), tabindex: place ? "-1" : "0" }, words.groupName(this.seats, group));
      chip.addEventListener("click", () => this.on.take(isChosen ? [] : group));
      bar.append(chip);
    });
    return bar;
  }

  /** Go from a group to another one. @param {HTMLElement} chip @param {string} key @returns {boolean} whether the key does that */
  #moveGroup(chip, key) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return false;
    const chips = [...(chip.parentElement?.querySelectorAll("[data-group]") ?? [])];
    const flip = getComputedStyle(chip).direction === "rtl" ? -1 : 1, next = chips[chips.indexOf(chip) + step * flip];
    if (!(next instanceof HTMLElement)) return true;
    set(chip, "tabindex", "-1");
    set(next, "tabindex", "0");
    next.focus();
    return true;
  }

  /** @param {HTMLElement} option @param {number} seat */
  #describe(option, seat) {
    set(option, "aria-label", words.option(this.seats, seat));
    set(option, "aria-selected", String(this.seats.chosen.has(seat)));
    option.classList.toggle("seat-mine", this.seats.mine.has(seat));
    set(option, "aria-disabled", this.seats.mayChoose(seat) ? false : "true");
    set(option, "tabindex", seat === this.cursor ? "0" : "-1");
  }

  /** @param {number} seat */
  #refreshSeat(seat) {
    const option = this.root.querySelector(`[data-seat="${seat}"]`);
    if (option instanceof HTMLElement) this.#describe(option, seat);
  }

  /** @param {Event} event */
  #click(event) {
    const target = event.target instanceof Element ? event.target.closest("[data-all], [data-section], [data-row], [data-seat]") : null;
    if (!(target instanceof HTMLElement)) return;
    event.preventDefault();
    const { all, section, row, seat } = target.dataset, { top } = target.getBoundingClientRect();
    if (all) {
      const before = all === "rows" ? `[data-row="${this.row}"]` : `[data-section="${this.section}"]`;
      this.open(all === "rows" ? this.section : -1);
      this.#stay(before, top);
    } else if (seat !== undefined) {
      this.#moveTo(Number(seat));
      this.on.choose(Number(seat));
    } else if (row !== undefined) {
      this.open(this.section, Number(row) === this.row ? -1 : Number(row));
      this.#stay(`[data-row="${row}"]`, top);
    } else {
      this.open(Number(section) === this.section ? -1 : Number(section));
      this.#stay(`[data-section="${section}"]`, top);
    }
  }

  /** Go to a line, and let it stay where the pressed one was: those above it may be gone. @param {string} selector @param {number} top */
  #stay(selector, top) {
    const line = this.root.querySelector(selector);
    if (!(line instanceof HTMLElement)) return;
    line.focus({ preventScroll: true });
    // The line of an open section may stick to the edge of the window: its item does not.
    scrollBy({ top: (line.closest("li") ?? line).getBoundingClientRect().top - top, behavior: "instant" });
  }

  /** @param {string} selector */
  #focus(selector) {
    /** @type {HTMLElement | null} */ (this.root.querySelector(selector))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = event.target instanceof HTMLElement ? event.target : null, seat = target?.closest("[data-seat]");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target?.dataset.group && this.#moveGroup(target, event.key)) event.preventDefault();
    if (!seat) return;
    if (event.key === "Enter") this.on.leave();
    else if (event.key === " ") this.on.choose(this.cursor);
    else if (!this.move(event.key)) return;
    else this.#focus(`[data-seat="${this.cursor}"]`);
    event.preventDefault();
  }

  /** Move the cursor by a key. @param {string} key @returns {boolean} whether the key does that */
  move(key) {
    const next = this.#next(key);
    if (next === undefined) return false;
    this.#moveTo(next);
    return true;
  }

  /** Go to a seat, and open its row. @param {number} seat */
  go(seat) {
    this.#moveTo(seat);
  }

  /** @param {number} seat */
  #moveTo(seat) {
    const before = this.cursor, row = at(this.seats.rowOf, seat);
    this.cursor = seat;
    if (row !== this.row) this.open(this.seats.row(row).section, row);
    for (const each of [before, seat]) if (each >= 0) this.#refreshSeat(each);
    this.on.move(seat);
  }

  /** @param {string} key @returns {number | undefined} */
  #next(key) {
    const { seats } = this;
    if (this.cursor < 0) return seats.rows[0]?.seats[0];
    const row = at(seats.rowOf, this.cursor), here = seats.row(row).seats, place = at(seats.placeInRow, this.cursor);
    switch (key) {
      case "ArrowLeft":
        return here[Math.max(0, place - 1)];
      case "ArrowRight":
        return here[Math.min(here.length - 1, place + 1)];
      case "Home":
        return here[0];
      case "End":
        return here.at(-1);
      case "ArrowUp":
        return this.#inRow(row - 1);
      case "ArrowDown":
        return this.#inRow(row + 1);
      case "PageUp":
        return this.#inRow(this.seats.section(this.seats.row(row).section - 1)?.rows[0] ?? row);
      case "PageDown":
        return this.#inRow(this.seats.section(this.seats.row(row).section + 1)?.rows[0] ?? row);
      default:
        return /^[0-9]$/.test(key) ? this.#typed(key, row) : undefined;
    }
  }

  /** Return the seat of a row that lies nearest to the cursor. @param {number} index */
  #inRow(index) {
    const row = this.seats.rows[index];
    if (!row) return this.cursor;
    const x = at(this.seats.x, this.cursor);
    return row.seats.reduce((best, seat) => (Math.abs(at(this.seats.x, seat) - x) < Math.abs(at(this.seats.x, best) - x) ? seat : best), row.seats[0] ?? this.cursor);
  }

  /** Return the seat of the row with the typed number. @param {string} digit @param {number} row */
  #typed(digit, row) {
    const now = performance.now();
    this.typed = now - this.typedAt < TYPING ? this.typed + digit : digit;
    this.typedAt = now;
    return this.seats.row(row).seats.find((seat) => this.seats.nameOf(seat) === this.typed) ?? this.cursor;
  }
}
