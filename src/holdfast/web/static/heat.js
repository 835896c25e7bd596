// Heat: the seat map as it was sold, in the colours of time. A slider goes through past moments, each as the API has it
// (`as_of`). It is loaded when somebody scrolls to it, because each moment is a question to the database.

import { find } from "./dom.js";
import { listen } from "./gestures.js";
import { at } from "./geometry.js";
import { GLYPH_PIXELS, disc, paintDots } from "./glyphs.js";
import { Picture } from "./picture.js";
import { planOf } from "./plan.js";
import { BOOKED, Seats } from "./seats.js";
import { dates, n, t } from "./texts.js";

const MOMENTS = 12;
const COLOURS = 7;

/** @param {string} address */
async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

export class Heat {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.slider = /** @type {HTMLInputElement} */ (find("#as-of", root));
    this.frame = find(".map", root);
    /** @type {{at: Date, states: Uint8Array}[]} */
    this.moments = [];
    /** @type {Seats | null} */
    this.seats = null;
    /** @type {Picture | null} */
    this.picture = null;
    /** @type {string[]} */
    this.colours = [];
    root.hidden = false;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.#load().catch(() => (find("#as-of-says", root).textContent = t("The map could not be loaded. Load the page again.")));
    });
    seen.observe(root);
  }

  async #load() {
    const { map = "", seats: states = "", from = "", until = "" } = this.root.dataset;
    const [drawn, packed] = await Promise.all([read(map), read(states)]);
    const seats = (this.seats = await Seats.read(drawn, packed, 0)), plan = await planOf(seats);
    this.moments = [{ at: new Date(until), states: seats.state.slice() }];
    this.slider.max = String(MOMENTS - 1);
    this.slider.value = this.slider.max;
    this.#readColours();
    this.picture = new Picture(/** @type {HTMLCanvasElement} */ (find("canvas", this.frame)), /** @type {HTMLCanvasElement} */ (find(".map-mini canvas", this.frame)), seats, {
      ...plan,
      paintSeats: (context, _, palette, view, some) => this.#paint(context, palette["map-line"], view, some),
    });
    listen(this.frame, this.picture, { choose: () => {}, ask: () => {}, hover: () => {} });
    this.slider.addEventListener("input", () => this.#show());
    for (const theme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(theme).addEventListener("change", () => {
        this.#readColours();
        this.picture?.restyle();
      });
    }
    await this.#loadPast(new Date(Date.parse(from) + 1), states); // a browser leaves out the microseconds
  }

  /** Load the moments before now, the oldest first. @param {Date} from @param {string} states */
  async #loadPast(from, states) {
    const now = /** @type {{at: Date, states: Uint8Array}} */ (this.moments.at(-1)), step = (now.at.getTime() - from.getTime()) / (MOMENTS - 1);
    for (let i = 0; i < MOMENTS - 1; i++) {
      const moment = new Date(from.getTime() + i * step);
      const { state } = await read(`${states}&as_of=${encodeURIComponent(moment.toISOString())}`);
      this.moments.splice(-1, 0, { at: moment, states: unpack(state, now.states.length) });
    }
    this.slider.disabled = false;
    this.#show();
  }

  /** Read how the seats are now: the newest moment. */
  async refresh() {
    const last = this.moments.at(-1);
    if (this.moments.length < MOMENTS || !last || !this.seats) return;
    const news = await read(this.root.dataset.seats ?? "");
    if (news.map_version !== this.seats.mapVersion) return; // a reload shows the added seats
    [last.at, last.states] = [new Date(), unpack(news.state, last.states.length)];
    if (this.chosen === MOMENTS - 1) this.#show();
  }

  get chosen() {
    return Number(this.slider.value);
  }

  #show() {
    const moment = this.moments[this.chosen];
    if (!moment) return;
    const sold = moment.states.reduce((sum, state) => sum + Number(state === BOOKED), 0);
    const time = dates({ dateStyle: "medium", timeStyle: "short", timeZone: this.root.dataset.zone }).format(moment.at);
    const says = n("{time}: {count} seat sold", "{time}: {count} seats sold", sold, { time });
    find("#as-of-says", this.root).textContent = says;
    this.slider.setAttribute("aria-valuetext", says);
    this.picture?.refresh(null);
  }

  #readColours() {
    const probe = document.createElement("i");
    this.frame.append(probe);
    this.colours = Array.from({ length: COLOURS }, (_, k) => {
      probe.style.color = `var(--heat-${k + 1})`;
      return getComputedStyle(probe).color;
    });
    probe.remove();
  }

  /** The moment from which on a seat was sold without a break. @param {number} seat */
  #since(seat) {
    let moment = this.chosen;
    while (moment > 0 && this.moments[moment - 1]?.states[seat] === BOOKED) moment--;
    return moment;
  }

  /** @param {CanvasRenderingContext2D} c @param {string} empty @param {import("./glyphs.js").View} view @param {number[]} some */
  #paint(c, empty, view, some) {
    const { seats } = this, states = this.moments[Math.min(this.chosen, this.moments.length - 1)]?.states;
    if (!seats || !states) return;
    /** @type {number[]} */
    const free = [];
    /** @type {number[][]} */
    const sold = this.colours.map(() => []);
    for (const seat of some) {
      if (states[seat] !== BOOKED) free.push(seat);
      else sold[COLOURS - 1 - Math.round((this.#since(seat) / (MOMENTS - 1)) * (COLOURS - 1))]?.push(seat);
    }
    const groups = [{ some: free, colour: empty, alpha: 0.5 }, ...sold.map((alike, k) => ({ some: alike, colour: this.colours[k] ?? "", alpha: 1 }))];
    if (view.scale < GLYPH_PIXELS) {
      paintDots(c, seats, view, groups);
      return;
    }
    groups.forEach(({ some: alike, colour }, group) => {
      c.beginPath();
      for (const seat of alike) disc(c, (at(seats.x, seat) - view.left) * view.scale, (at(seats.y, seat) - view.top) * view.scale, view.scale * 0.34);
      c.fillStyle = c.strokeStyle = colour;
      c.lineWidth = 1.2;
      if (group) c.fill();
      else c.stroke();
    });
  }
}

/** @param {string} packed @param {number} size */
function unpack(packed, size) {
  const bytes = atob(packed), states = new Uint8Array(size);
  for (let seat = 0; seat < size; seat++) states[seat] = (bytes.charCodeAt(seat >> 2) >> ((seat & 3) * 2)) & 3;
  return states;
}
