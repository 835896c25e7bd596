// Chooser: map, list and bar over the seats of one event, in a page or in the shadow of an element.

import { Bar } from "./bar.js";
import { Counts } from "./counts.js";
import { Voice, find, set } from "./dom.js";
import { listen, panByKey, zoom } from "./gestures.js";
import { nearestGroup } from "./groups.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { Picture, TAP_PIXELS } from "./picture.js";
import { planOf } from "./plan.js";
import { COMPANION, RESTRICTED, Seats, WHEELCHAIR } from "./seats.js";
import { Which } from "./which.js";
import * as words from "./words.js";

/**
 * @typedef {import("./live.js").Message} Message
 * @typedef {object} Wishes what the surroundings want
 * @property {boolean} isList whether the list is shown first, because there is no room for the map
 * @property {number} [party] a press chooses this number of seats side by side, where they fit
 * @property {() => void} [moved] another row or view is open
 * @property {() => void} [chose] other seats are chosen
 * @property {() => void} renew show the event again: it has another map
 */

/** @param {string} address */
async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Keep the numbers of a page or a shadow up to date. @param {Live} live @param {Document | ShadowRoot} within */
export function count(live, within) {
  const counts = new Counts(within);
  live.addEventListener("message", (event) => counts.show(/** @type {CustomEvent} */ (event).detail.message));
  live.addEventListener("live", (event) => counts.showLive(/** @type {CustomEvent} */ (event).detail.since));
}

/**
 * Load the seats that a page or a shadow has the place for, and follow what others do.
 * @param {Document | ShadowRoot} within
 * @param {Wishes} wishes
 */
export async function openChooser(within, wishes) {
  const { map = "", seats: states = "", api = "", most = "0" } = find("#seats", within).dataset;
  const [drawn, packed] = await Promise.all([read(map), read(states)]);
  const seats = await Seats.read(drawn, packed, Number(most)), plan = await planOf(seats);
  const live = new Live(api, seats.bookmark);
  const chooser = new Chooser(within, seats, plan, live, wishes);
  /** The seats of another map have other numbers. @param {{map_version: number}} news */
  const isOurMap = (news) => {
    if (news.map_version === seats.mapVersion) return true;
    chooser.bar.say(...words.newSeats(), { text: words.showThem(), act: wishes.renew });
    return false;
  };
  live.addEventListener("message", (event) => {
    const { message, whole } = /** @type {CustomEvent} */ (event).detail;
    if (isOurMap(message)) seats.apply(message, whole);
  });
  live.addEventListener("reset", async () => {
    const news = await read(states);
    if (isOurMap(news)) seats.unpack(news);
  });
  count(live, within);
  return chooser;
}

export class Chooser {
  /**
   * @param {Document | ShadowRoot} within
   * @param {Seats} seats
   * @param {import("./glyphs.js").Plan} plan of these seats
   * @param {Live} live
   * @param {Wishes} wishes
   */
  constructor(within, seats, plan, live, wishes) {
    this.within = within;
    this.root = find("#seats", within);
    this.seats = seats;
    this.live = live;
    this.wishes = wishes;
    this.ended = new AbortController();
    this.voice = new Voice(find("#news", within));
    this.frame = find(".map", this.root);
    this.bar = new Bar(/** @type {HTMLFormElement} */ (find("#bar", within)), seats, () => words.nothingYet(this.isMap));
    const together = within.querySelector("#together");
    const wanted = () => (together instanceof HTMLInputElement ? Number(together.value) : 0);
    together?.addEventListener("input", () => this.list.refreshGroups());
    this.list = new List(find("#list", this.root), seats, wanted, {
      move: (seat) => this.#look(seat),
      choose: (seat) => this.#choose(seat),
      take: (group) => this.#takeGroup(group),
      leave: () => this.bar.focus(),
      open: () => wishes.moved?.(),
      news: (sentence) => this.voice.news(sentence),
    });
    this.picture = new Picture(/** @type {HTMLCanvasElement} */ (find("canvas", this.frame)), /** @type {HTMLCanvasElement} */ (find(".map-mini canvas", this.frame)), seats, plan);
    const which = new Which(/** @type {HTMLDialogElement} */ (find("#which", within)), seats, (seat) => this.#choose(seat));
    listen(this.frame, this.picture, {
      choose: (seat) => this.#choose(seat),
      ask: (several) => which.ask(several),
      hover: (seat) => this.#describe(seat),
    });
    seats.addEventListener("states", (event) => this.#showStates(/** @type {CustomEvent} */ (event).detail.seats));
    seats.addEventListener("chosen", (event) => this.#showChosen(/** @type {CustomEvent} */ (event).detail));
    seats.addEventListener("mine", () => this.#showMine());
    this.frame.addEventListener("keydown", (event) => this.#press(event));
    this.frame.addEventListener("blur", () => this.#describe(-1));
    for (const theme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(theme).addEventListener("change", () => this.picture.restyle(), { signal: this.ended.signal });
    }
    this.#startViews();
    this.#startFilter();
  }

  /** Follow nothing any more: the element has left its page. */
  close() {
    this.ended.abort();
    this.live.close();
  }

  get isMap() {
    return !this.frame.hidden;
  }

  /** What is open in the list, by name. @returns {{section: string | null, row: string | null}} */
  get place() {
    const { section, row } = this.list;
    return { section: section < 0 ? null : this.seats.section(section).name, row: row < 0 ? null : this.seats.row(row).name };
  }

  /** Open a section and a row by name, if they exist. @param {string | null} section @param {string | null} row */
  open(section, row) {
    const { seats } = this, index = seats.sections.findIndex((each) => each.name === section);
    if (index < 0) return;
    this.list.open(index, seats.section(index).rows.find((each) => seats.row(each).name === row) ?? -1);
  }

  /** Choose seats by their labels; those that others have are left out. @param {string[]} labels @returns {number[]} the others */
  choose(labels) {
    const { seats } = this, numbers = labels.map((label) => seats.numbers.get(label)).filter((seat) => seat !== undefined);
    seats.choose(numbers);
    return numbers.filter((seat) => !seats.isFree(seat));
  }

  /** @param {number} seat */
  #choose(seat) {
    const { seats } = this, before = seats.chosen;
    const size = before.size;
    this.#take(seat);
    if (seats.chosen !== before || seats.chosen.size !== size) this.voice.answer(words.pressed(seats, seat));
  }

  /** Choose a seat or its party, or take them out. @param {number} seat */
  #take(seat) {
    const { seats } = this, { party = 1 } = this.wishes;
    const group = party > 1 && !seats.rowAt(seat).isTable && seats.isFree(seat) ? nearestGroup(seats, party, [seat]) : null;
    if (!group) seats.toggle(seat);
    else seats.choose(seats.chosen.has(seat) ? [] : group);
  }

  /** Choose a group of seats instead of what was chosen. @param {number[]} group */
  #takeGroup(group) {
    this.seats.choose(group);
    this.voice.answer(words.pressedGroup(this.seats));
  }

  /** The keyboard is at a seat: show it on the map, too. @param {number} seat */
  #look(seat) {
    this.picture.focus = seat;
    if (this.isMap) this.picture.reveal(seat);
    this.picture.request();
  }

  /** Say what lies under the pointer or the keyboard. @param {number} seat */
  #describe(seat) {
    const card = find(".map-card", this.frame);
    card.hidden = seat < 0;
    this.picture.focus = seat;
    this.picture.request();
    if (seat < 0) return;
    const parts = [this.seats.categoryOf(seat), ...words.notes(this.seats, seat)];
    find("strong", card).textContent = words.address(this.seats, seat);
    find("[data-notes]", card).textContent = parts.join(", ");
  }

  /** @param {number[] | null} changed */
  #showStates(changed) {
    this.picture.refresh(changed);
    this.list.refresh(changed);
    if (this.bar.group) this.bar.render();
  }

  #showMine() {
    this.list.refreshChosen();
    this.picture.request();
  }

  /** @param {{lost: number[], over: boolean}} detail */
  #showChosen({ lost, over }) {
    this.bar.render();
    this.#showMine();
    if (lost.length) this.bar.sayTaken(lost);
    else if (over) this.bar.say(...words.tooMany(this.seats.most));
    else this.bar.clear();
    this.wishes.chose?.();
  }

  #startViews() {
    const buttons = [...this.root.querySelectorAll("[data-view]")].filter((each) => each instanceof HTMLElement);
    /** @param {string} view */
    const show = (view) => {
      this.frame.hidden = view !== "map";
      find("#signs", this.root).hidden = view !== "map";
      find("#list", this.root).hidden = view !== "list";
      for (const button of buttons) set(button, "aria-pressed", String(button.dataset.view === view));
      this.bar.render();
      this.picture.request();
    };
    for (const button of buttons) {
      button.addEventListener("click", () => {
        show(button.dataset.view ?? "map");
        this.wishes.moved?.();
      });
    }
    find("#views", this.root).hidden = false;
    const keys = /** @type {EventTarget} */ (this.within); // in a stranger's page, only those of the element
    keys.addEventListener("keydown", (event) => {
      if (!(event instanceof KeyboardEvent) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.matches("input, select, textarea")) return;
      if (event.key === "m") show("map");
      else if (event.key === "l") show("list");
    });
    find("#to-list", this.within).addEventListener("click", (event) => {
      event.preventDefault();
      show("list");
      find("#list a", this.root).focus();
    });
    show(this.wishes.isList ? "list" : "map");
  }

  #startFilter() {
    for (const box of this.root.querySelectorAll("[data-filter]")) {
      if (!(box instanceof HTMLInputElement)) continue;
      box.disabled = false;
      box.addEventListener("change", () => {
        this.seats.show(Number(box.dataset.filter), box.checked);
        for (const other of this.root.querySelectorAll(`[data-filter="${box.dataset.filter}"]`)) {
          if (other instanceof HTMLInputElement) other.checked = box.checked;
        }
      });
    }
    this.#startWishes();
  }

  /** A wish is there only if a seat of the map can meet it, or not. */
  #startWishes() {
    /** @type {Record<string, number>} */
    const traits = { accessible: WHEELCHAIR | COMPANION, "full-view": RESTRICTED };
    const all = this.seats.traits.reduce((sum, each) => sum | each, 0);
    const boxes = [...this.root.querySelectorAll("[data-wish]")].filter((each) => each instanceof HTMLInputElement);
    /** @param {string} wish */
    const wanted = (wish) => (boxes.some((box) => box.checked && box.dataset.wish === wish) ? traits[wish] ?? 0 : 0);
    for (const box of boxes) {
      if (!(all & (traits[box.dataset.wish ?? ""] ?? 0))) continue;
      for (const around of [box.closest("label"), box.closest("div")]) if (around) around.hidden = false;
      box.addEventListener("change", () => this.seats.wish(wanted("accessible"), wanted("full-view")));
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const { list, picture } = this, { key } = event;
    if (key === "+") zoom(picture, "in");
    else if (key === "-") zoom(picture, "out");
    else if (key === "0") zoom(picture, "fit");
    else if (key === "Enter") this.bar.focus();
    else if (key === " ") {
      if (list.cursor >= 0 && picture.view.scale >= TAP_PIXELS) this.#choose(list.cursor);
    } else if (event.shiftKey) {
      if (!panByKey(picture, key)) return;
    } else if (list.move(key)) {
      this.#describe(list.cursor);
      this.voice.answer(words.option(this.seats, list.cursor));
    } else return;
    event.preventDefault();
  }
}
