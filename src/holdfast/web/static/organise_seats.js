// The seats of an event for its staff: brush over the map or choose in the list, then block them or lift their blocks.
// What changes meanwhile leaves the choice with a sentence. A block takes all of its seats or none, so nobody's work is
// overwritten.

import { listenToBrush } from "./brush.js";
import { find, set, Voice } from "./dom.js";
import { Fresh, pageOf, takeParts } from "./fresh.js";
import { listen, panByKey, zoom } from "./gestures.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { Picture } from "./picture.js";
import { planOf } from "./plan.js";
import { BLOCKED } from "./seats.js";
import { StaffSeats } from "./staff_seats.js";
import { paintStates } from "./states.js";
import { n, number, speak, t } from "./texts.js";
import * as words from "./words.js";

/** @param {string} address */
async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

class SeatDesk {
  /** @param {HTMLElement} root @param {StaffSeats} seats @param {import("./glyphs.js").Plan} plan */
  constructor(root, seats, plan) {
    const { api = "", page = "" } = root.dataset;
    this.root = root;
    this.seats = seats;
    this.api = api;
    this.voice = new Voice(find("#news"));
    this.fresh = new Fresh(page);
    this.frame = find(".map", root);
    this.anchor = -1;
    this.isRange = false;
    this.tool = "brush";
    this.picture = new Picture(/** @type {HTMLCanvasElement} */ (find("canvas", this.frame)), /** @type {HTMLCanvasElement} */ (find(".map-mini canvas", this.frame)), seats, { ...plan, paintSeats: paintStates });
    this.list = new List(find("#list", root), seats, () => 0, {
      move: (seat) => this.#look(seat),
      choose: (seat) => this.#choose(seat),
      take: () => {},
      leave: () => find("#reason-of-chosen").focus(),
      open: () => this.#showOpen(),
      news: (sentence) => this.voice.news(sentence),
    });
    this.#listen();
    this.#showOpen();
    this.#show();
    root.hidden = false;
  }

  #listen() {
    const { seats, picture, frame, root } = this;
    const on = { choose: (/** @type {number} */ seat) => this.#choose(seat), ask: () => {}, hover: (/** @type {number} */ seat) => this.#describe(seat) };
    listen(frame, picture, on);
    listenToBrush(frame, picture, { isInHand: () => this.tool === "brush", tap: (seat) => this.#choose(seat), brush: (some) => this.#add(some) });
    seats.addEventListener("states", (event) => {
      const { seats: changed } = /** @type {CustomEvent} */ (event).detail;
      picture.refresh(changed);
      this.list.refresh(changed);
      this.#show();
    });
    seats.addEventListener("chosen", (event) => {
      const { lost, over } = /** @type {CustomEvent} */ (event).detail;
      this.list.refreshChosen();
      picture.request();
      this.#show();
      this.#explain(lost, over);
    });
    for (const theme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(theme).addEventListener("change", () => picture.restyle());
    frame.addEventListener("keydown", (event) => this.#press(event));
    for (const kind of ["keydown", "click"]) {
      root.addEventListener(kind, (event) => (this.isRange = (event instanceof KeyboardEvent || event instanceof MouseEvent) && event.shiftKey), true);
    }
    for (const button of root.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => {
        this.tool = /** @type {HTMLElement} */ (button).dataset.tool ?? "";
        frame.classList.toggle("is-brushed", this.tool === "brush");
        for (const each of root.querySelectorAll("[data-tool]")) set(each, "aria-pressed", String(each === button));
      });
    }
    find("#choose-row").addEventListener("click", () => this.#add(seats.row(this.list.row).seats));
    find("#choose-section").addEventListener("click", () => this.#add(seats.section(this.list.section).rows.flatMap((row) => seats.row(row).seats)));
    find("#let-go").addEventListener("click", () => seats.choose([]));
    const form = find("#chosen");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send("block", { labels: seats.free.map((seat) => seats.labelOf(seat)).join(";"), reason: this.reason.value });
    });
    find("#lift-chosen").addEventListener("click", () => {
      this.#send("lift", { blocks: this.#blocks().join(";") });
    });
  }

  get reason() {
    return /** @type {HTMLInputElement} */ (find("#reason-of-chosen"));
  }

  /** The blocks of the chosen seats. */
  #blocks() {
    return [...new Set(this.seats.blocked.map((seat) => this.seats.blockOf.get(seat)?.id ?? ""))].filter(Boolean);
  }

  /** @param {number} seat */
  #choose(seat) {
    const { seats } = this;
    if (this.isRange && this.anchor >= 0) this.#add(seats.between(this.anchor, seat));
    else if (seats.mayChoose(seat)) seats.toggle(seat);
    this.anchor = seat;
    this.#describe(seat);
    this.voice.answer(`${words.option(seats, seat)}. ${this.#says()}`);
  }

  /** Choose the seats of a rectangle, a row or a section. @param {number[]} some */
  #add(some) {
    const others = some.filter((seat) => !this.seats.mayChoose(seat)).length;
    this.seats.add(some);
    const stay = others ? n("{count} is held or sold, and stays so.", "{count} are held or sold, and stay so.", others) : "";
    this.voice.answer(`${this.#says()} ${stay}`);
  }

  #says() {
    const { size } = this.seats.chosen;
    return size ? n("{count} seat is chosen.", "{count} seats are chosen.", size) : t("No seat is chosen.");
  }

  /** Show how many seats are chosen, and what can be done with them. */
  #show() {
    const { seats, root } = this, free = seats.free.length, blocked = seats.blocked.length, blocks = this.#blocks().length;
    find("#chosen-count", root).textContent = this.#says();
    find("#chosen-places", root).textContent = seats.chosen.size ? words.chosenPlaces(seats) : t("Draw a rectangle over the map, or choose in the list.");
    find("#chosen-free", root).textContent = number(free);
    find("#chosen-blocked", root).textContent = number(blocked);
    find("#let-go", root).hidden = !seats.chosen.size;
    const block = /** @type {HTMLButtonElement} */ (find("#block-chosen", root)), lift = /** @type {HTMLButtonElement} */ (find("#lift-chosen", root));
    block.disabled = !free || seats.isLeaving;
    block.textContent = n("Block {count} seat", "Block {count} seats", free);
    lift.disabled = !blocks || seats.isLeaving;
    lift.textContent = blocks > 1 ? t("Lift {count} blocks", { count: number(blocks) }) : t("Lift the block");
  }

  /** Say what the choice has lost, until the next press. @param {number[]} lost @param {boolean} over */
  #explain(lost, over) {
    const { seats, root } = this, message = find("#chosen-changed", root);
    if (lost.length) {
      const which = lost.length === 1 ? words.address(seats, lost[0] ?? 0) : "";
      message.textContent = which ? t("Meanwhile {seat} has changed. It is not chosen any more.", { seat: which }) : n("Meanwhile {count} seat has changed. It is not chosen any more.", "Meanwhile {count} seats have changed. They are not chosen any more.", lost.length);
    } else if (over) message.textContent = n("One block takes up to {count} seat. Choose fewer.", "One block takes up to {count} seats. Choose fewer.", seats.most);
    else if (!seats.chosen.size) return; // the sentence about lost seats stays
    else if (!seats.isLeaving) message.textContent = "";
    message.hidden = !message.textContent;
  }

  #showOpen() {
    const { section, row } = this.list ?? { section: -1, row: -1 };
    find("#choose-section", this.root).hidden = section < 0;
    find("#choose-row", this.root).hidden = row < 0;
    if (section >= 0) find("#choose-section", this.root).textContent = t("Choose all of {section}", { section: words.sectionName(this.seats.section(section).name) });
    if (row >= 0) find("#choose-row", this.root).textContent = t("Choose all of {row}", { row: words.rowName(this.seats.row(row).name) });
  }

  /** @param {number} seat */
  #look(seat) {
    this.picture.focus = seat;
    this.picture.reveal(seat);
    this.picture.request();
  }

  /** @param {number} seat */
  #describe(seat) {
    const card = find(".map-card", this.frame);
    card.hidden = seat < 0;
    this.picture.focus = seat;
    this.picture.request();
    if (seat < 0) return;
    find("strong", card).textContent = words.address(this.seats, seat);
    find("[data-notes]", card).textContent = [this.seats.categoryOf(seat), ...words.notes(this.seats, seat), this.seats.stateOf(seat) || t("free")].join(", ");
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const { list, picture } = this, { key } = event;
    if (key === "+") zoom(picture, "in");
    else if (key === "-") zoom(picture, "out");
    else if (key === "0") zoom(picture, "fit");
    else if (key === "Escape") this.seats.choose([]);
    else if (key === "Enter") this.reason.focus();
    else if (key === " ") {
      if (list.cursor >= 0) this.#choose(list.cursor);
    } else if (event.shiftKey) {
      if (!panByKey(picture, key)) return;
    } else if (list.move(key)) {
      this.#describe(list.cursor);
      this.voice.answer(words.option(this.seats, list.cursor));
    } else return;
    event.preventDefault();
  }

  /** Send a form of the page, and show what the server says. @param {"block" | "lift"} act @param {Record<string, string>} fields */
  async #send(act, fields) {
    const { seats, root } = this, form = find("#chosen", root);
    if (seats.isLeaving || Object.values(fields).every((value) => !value)) return;
    seats.isLeaving = true;
    this.#show();
    try {
      const key = /** @type {HTMLInputElement} */ (find("[name=form_key]", form)), body = new URLSearchParams({ form_key: key.value, ...fields });
      const answer = await fetch(form.dataset[act] ?? "", { method: "POST", body, headers: { accept: "text/html" } });
      const made = await pageOf(answer);
      const next = made.querySelector("#chosen [name=form_key]");
      if (next instanceof HTMLInputElement) key.value = next.value;
      takeParts(made);
      const says = made.querySelector(".messages");
      if (says) find(".messages").replaceChildren(...says.childNodes);
      if (answer.ok) {
        this.reason.value = "";
        seats.choose([]);
      }
    } catch {
      const message = find("#chosen-changed", root), { title, detail } = words.noAnswer();
      message.textContent = `${title} ${detail}`;
      message.hidden = false;
    } finally {
      seats.isLeaving = false;
      seats.dropTaken();
      this.#show();
    }
  }

  /** Read which seats belong to which block. */
  async readBlocks() {
    /** @type {import("./staff_seats.js").Block[]} */
    const blocks = [];
    let cursor = "";
    do {
      const { items, next } = await read(`${this.api}/blocks?lifted=false&limit=200${cursor}`);
      blocks.push(...items);
      cursor = next ? `&cursor=${encodeURIComponent(next)}` : "";
    } while (cursor);
    this.seats.setBlocks(blocks);
    this.#show();
  }
}

/** @param {HTMLElement} root */
async function start(root) {
  const { map = "", seats: states = "", api = "", most = "0" } = root.dataset;
  const [drawn, packed] = await Promise.all([read(map), read(states)]);
  const seats = /** @type {StaffSeats} */ (await StaffSeats.read(drawn, packed, Number(most))), plan = await planOf(seats);
  const desk = new SeatDesk(root, seats, plan), live = new Live(api, seats.bookmark);
  await desk.readBlocks();
  /** @param {{map_version: number}} news */
  const isOurMap = (news) => {
    if (news.map_version !== seats.mapVersion) location.reload(); // seats were added: they have other numbers
    return news.map_version === seats.mapVersion;
  };
  live.addEventListener("message", (event) => {
    const { message, whole } = /** @type {CustomEvent} */ (event).detail;
    if (!isOurMap(message)) return;
    const before = seats.state.slice();
    seats.apply(message, whole);
    if (!before.some((state, seat) => state !== seats.state[seat] && (state === BLOCKED || seats.state[seat] === BLOCKED))) return;
    desk.readBlocks().catch(() => {});
    desk.fresh.soon();
  });
  live.addEventListener("reset", async () => {
    const news = await read(states);
    if (isOurMap(news)) seats.unpack(news);
    await desk.readBlocks();
    desk.fresh.soon();
  });
  live.addEventListener("live", (event) => (find("#live").hidden = /** @type {CustomEvent} */ (event).detail.since === null));
}

speak(document);
await start(find("#seats"));
