// Embed: `<holdfast-seat-map>`, the seats of an event as an element of any page.
//
// It shows the parts of the event's own page, so they look, read and speak alike. What is held, it holds by the API: a
// cookie would be a stranger's here. So the page that has the element gets the hold with its token, and goes on with it.

import { say, unsay } from "./bar.js";
import { askWhoBuys } from "./buyer.js";
import { count, openChooser } from "./chooser.js";
import { find, make } from "./dom.js";
import { Live } from "./live.js";
import { Purchase } from "./purchase.js";
import { startSteppers } from "./steppers.js";
import { speak } from "./texts.js";
import { waitForSale } from "./times.js";
import * as words from "./words.js";

/** The server that sent this script, which lies in a folder below its root. */
const HOME = new URL("..", import.meta.url).href;
/** A narrower element shows the list first. */
const MAP_PIXELS = 340;
/** The parts of the event's page that the element shows, and of the page that says why there is none. */
const PARTS = ["#to-list", "#news", "#status", "#live", "#seats, form[aria-labelledby=how-many]", "#which", "#bar"];
const ADDRESSES = ["href", "action", "data-page", "data-api", "data-map", "data-seats"];

/**
 * @typedef {import("./chooser.js").Chooser} Chooser
 * @typedef {import("./seat-map").Hold} Hold
 * @typedef {import("./seat-map").Buyer} Buyer
 */

export class HoldfastSeatMap extends HTMLElement {
  static observedAttributes = ["event", "server", "locale", "max", "quantity", "data-theme"];

  #isBegun = false;
  /** @type {AbortController | null} */
  #running = null;
  /** @type {Chooser | null} */
  #chooser = null;
  /** @type {Live | null} */
  #live = null;
  /** @type {Purchase | null} */
  #purchase = null;
  /** @type {Promise<Hold | null> | null} a second press waits for the first */
  #asked = null;
  /** @type {Buyer | string | null} what the page said */
  #buyer = null;
  /** The address that was typed here. */
  #typed = "";
  #lapse = 0;
  #shadow = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    this.#shadow.addEventListener("submit", (event) => {
      if (event.defaultPrevented || !(event.target instanceof HTMLFormElement)) return;
      event.preventDefault();
      void this.#ask(new FormData(event.target));
    });
  }

  connectedCallback() {
    this.#begin();
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (name === "data-theme") this.#chooser?.picture.restyle();
    else if (before !== now) this.#begin();
  }

  /** The labels of the chosen seats. @returns {string[]} */
  get selected() {
    const seats = this.#chooser?.seats;
    return seats ? [...seats.chosen].map((seat) => seats.labelOf(seat)) : [];
  }

  /** Choose exactly these seats. Those that cannot be had are left out. @param {string[]} labels */
  select(labels) {
    this.#chooser?.choose(labels);
  }

  /** Who buys. The attribute says it, too. @returns {Buyer | string | null} */
  get buyer() {
    return this.#buyer ?? this.getAttribute("buyer");
  }

  set buyer(buyer) {
    this.#buyer = buyer;
  }

  /** Hold the chosen seats. @returns {Promise<Hold | null>} null if it was refused */
  hold() {
    const data = new FormData();
    for (const label of this.selected) data.append("seat", label);
    return this.#ask(data);
  }

  /** Give back what this element holds. */
  async release() {
    await this.#purchase?.release();
    this.#forget();
    this.#tell("release", {});
  }

  /** Start once, however many attributes change together. */
  #begin() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    queueMicrotask(() => {
      this.#isBegun = false;
      if (this.isConnected) void this.#start();
    });
  }

  #stop() {
    clearTimeout(this.#lapse);
    this.#running?.abort();
    this.#chooser?.close();
    this.#live?.close();
    this.#running = this.#chooser = this.#live = null;
  }

  async #start() {
    this.#stop();
    const event = this.getAttribute("event");
    if (!event) return;
    const running = (this.#running = new AbortController());
    try {
      const server = new URL(`${this.getAttribute("server") || HOME}/`.replace(/\/+$/, "/"), document.baseURI);
      const page = await this.#load(server, event, running.signal);
      if (running.signal.aborted) return;
      this.#purchase = new Purchase(server, event);
      await this.#show(page, running.signal);
    } catch (error) {
      if (running.signal.aborted) return;
      const { title, detail } = words.notLoaded();
      this.#shadow.replaceChildren(make("p", { role: "alert" }, `${title} ${detail}`));
      this.#tell("error", { code: "unavailable", title, detail: String(error) });
    }
  }

  /** Return the event's page, with addresses that hold here. @param {URL} server @param {string} event @param {AbortSignal} signal */
  async #load(server, event, signal) {
    const locale = this.getAttribute("locale");
    const address = new URL(`e/${encodeURIComponent(event)}?embed${locale ? `&lang=${encodeURIComponent(locale)}` : ""}`, server);
    const [answer, style] = await Promise.all([fetch(address, { signal, credentials: "omit" }), read(new URL("embed/seat-map.css", server), signal)]);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const name of ADDRESSES) {
      for (const each of page.querySelectorAll(`[${name}]`)) each.setAttribute(name, new URL(each.getAttribute(name) ?? "", answer.url).href);
    }
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    this.#shadow.adoptedStyleSheets = [sheet];
    if (!answer.ok) {
      const title = page.querySelector("h1")?.textContent?.trim() ?? "";
      this.#tell("error", { code: answer.status === 404 ? "event_not_found" : "unavailable", title, detail: "" });
    }
    return page;
  }

  /** @param {Document} page @param {AbortSignal} signal */
  async #show(page, signal) {
    const shadow = this.#shadow, { lang, dir } = page.documentElement;
    const names = page.querySelector("#status") ? PARTS : ["main"];
    const parts = names.map((part) => page.querySelector(part)).filter((part) => part !== null);
    if (!page.querySelector("#bar")) parts.push(make("div", { class: "hold-message", role: "alert", "data-message": true, hidden: true }));
    speak(page);
    shadow.replaceChildren(make("div", { class: "stack stack-4", lang, dir: dir || false }, ...parts));
    this.#limit(shadow);
    startSteppers(shadow);
    const timer = waitForSale(shadow, () => void this.#start());
    signal.addEventListener("abort", () => clearTimeout(timer));
    const status = shadow.querySelector("#status"), root = shadow.querySelector("#seats");
    if (root instanceof HTMLElement && root.dataset.map) await this.#open(shadow, signal);
    else if (status instanceof HTMLElement && status.dataset.api) {
      this.#live = new Live(status.dataset.api, "");
      count(this.#live, shadow);
    }
    this.dispatchEvent(new Event("ready"));
  }

  /** @param {ShadowRoot} shadow @param {AbortSignal} signal */
  async #open(shadow, signal) {
    const chooser = await openChooser(shadow, {
      isList: this.clientWidth > 0 && this.clientWidth < MAP_PIXELS, // 0: it is not shown yet
      party: this.#number("quantity"),
      chose: () => this.#tell("select", { seats: this.#described() }),
      renew: () => void this.#start(),
    });
    if (signal.aborted) chooser.close();
    else this.#chooser = chooser;
  }

  /** Let no number of the forms be above `max`, and begin with `quantity`. @param {ShadowRoot} shadow */
  #limit(shadow) {
    const max = this.#number("max"), together = shadow.querySelector("#together"), seats = shadow.querySelector("#seats");
    if (max && seats instanceof HTMLElement) seats.dataset.most = String(Math.min(max, Number(seats.dataset.most)));
    for (const field of shadow.querySelectorAll("input[type=number]")) {
      if (!(field instanceof HTMLInputElement)) continue;
      if (max) field.max = field.dataset.most = String(Math.min(max, Number(field.max)));
      if (Number(field.value) > Number(field.max)) field.value = field.max;
    }
    const quantity = this.#number("quantity");
    if (quantity && together instanceof HTMLInputElement) together.value = String(Math.min(quantity, Number(together.max)));
  }

  /** @param {string} name */
  #number(name) {
    const value = Number(this.getAttribute(name));
    return Number.isInteger(value) && value > 0 ? value : 0;
  }

  /** @returns {import("./seat-map").ChosenSeat[]} */
  #described() {
    const seats = this.#chooser?.seats;
    if (!seats) return [];
    return [...seats.chosen].map((seat) => {
      const row = seats.rowAt(seat);
      return {
        label: seats.labelOf(seat), section: seats.section(row.section).name, row: row.name, name: seats.nameOf(seat),
        category: seats.categoryOf(seat),
      };
    });
  }

  /** Where the element says what happened: on the bar, or below the numbers of an event without seats. */
  get #message() {
    return find("[data-message]", this.#shadow);
  }

  /** @param {FormData} chosen @param {Buyer | string | null} buyer */
  #ask(chosen, buyer = this.buyer) {
    return (this.#asked ??= this.#hold(chosen, buyer).finally(() => (this.#asked = null)));
  }

  /** @param {FormData} chosen @param {Buyer | string | null} buyer @returns {Promise<Hold | null>} */
  async #hold(chosen, buyer) {
    const seats = this.#chooser?.seats;
    if (!this.#purchase) return null;
    if (seats) seats.isLeaving = true; // what is about to be ours is no loss
    const { hold, problem } = await this.#purchase.hold(chosen, buyer);
    if (seats) seats.isLeaving = problem?.code === "outcome_unknown"; // they may be ours, and shown as another's
    if (problem) {
      seats?.dropTaken();
      if (!this.#tell("error", problem)) return null;
      if (problem.code === "buyer_required") this.#askWhoBuys(chosen);
      else say(this.#message, problem.title, problem.detail, null);
      return null;
    }
    if (!hold) return null;
    const isHere = this.#shadow.activeElement !== null; // on the button, which goes
    seats?.choose([]);
    seats?.own(hold.lines.flatMap((line) => line.seats ?? []));
    clearTimeout(this.#lapse);
    this.#lapse = setTimeout(() => this.#forget(), Date.parse(hold.expires_at) - Date.parse(hold.server_time));
    if (this.#tell("hold", hold)) this.#sayYours(hold, isHere);
    return hold;
  }

  /** Ask who buys, and hold the same for that person. @param {FormData} chosen */
  #askWhoBuys(chosen) {
    askWhoBuys(this.#message, this.#typed, (email) => {
      this.#typed = email;
      void this.#ask(chosen, { reference: email, email });
    });
  }

  /** What was held is given back, or its time is over. A booking of it is the page's own to show. */
  #forget() {
    clearTimeout(this.#lapse);
    this.#chooser?.seats.own([]);
    unsay(this.#message);
  }

  /** Say what is held. The keyboard comes here, unless the page has taken it elsewhere. @param {Hold} hold @param {boolean} isHere */
  #sayYours(hold, isHere) {
    const place = this.#message;
    say(place, ...words.yours(new Date(hold.expires_at)), { text: words.giveBack(), act: () => void this.release() });
    place.tabIndex = -1;
    if (isHere && (document.activeElement === this || document.activeElement === document.body)) place.focus();
  }

  /** @param {string} name @param {object} detail @returns {boolean} whether the page leaves it to the element to say so */
  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

/** @param {URL} address @param {AbortSignal} signal */
async function read(address, signal) {
  const answer = await fetch(address, { signal, credentials: "omit" });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.text();
}

if (!customElements.get("holdfast-seat-map")) customElements.define("holdfast-seat-map", HoldfastSeatMap);
