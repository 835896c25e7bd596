// Picture: the seat map on a canvas. It can be moved and zoomed, and finds the seat at a point.

import { at } from "./geometry.js";
import { paintMine, readPalette } from "./glyphs.js";
import { paintNames } from "./names.js";
import { Tiles } from "./tiles.js";

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./glyphs.js").Plan} Plan
 * @typedef {import("./geometry.js").Point} Point
 */

/** Below it sections show their names, and a tap opens a section. */
const NAME_PIXELS = 9;
/** A seat is large enough to be tapped. */
export const TAP_PIXELS = 14;
/** A seat of a section that was opened has at least this size. */
const OPEN_PIXELS = 22;
const MAX_PIXELS = 60;
/** What the name of a row takes beyond the map's edge, in the map's units. */
const NAME_ROOM = 0.6;
/** A tap finds the nearest free seat within a thumb's width. */
const THUMB = 24;
/** Two seats that are so nearly as near may both be meant. */
const AS_NEAR = 6;
/** Seats that a sheet asks about, at most. */
const MAX_MEANT = 4;
/** Milliseconds without motion after which tiles are painted again. */
const STILL = 120;
export class Picture {
  /** @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} small @param {Seats} seats @param {Plan} plan of these seats */
  constructor(canvas, small, seats, plan) {
    this.canvas = canvas;
    this.small = small;
    this.seats = seats;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.frame = /** @type {HTMLElement} */ (canvas.parentElement);
    this.palette = readPalette(this.frame);
    this.grid = plan.grid;
    this.outlines = plan.outlines;
    this.tiles = new Tiles(seats, plan, this.palette);
    this.view = { left: 0, top: 0, scale: 1 };
    /** The seat under the keyboard's focus, or the pointer. */
    this.focus = -1;
    this.settled = 0;
    this.still = 0;
    this.requested = 0;
    this.width = 0;
    this.height = 0;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas, density = Math.min(2, devicePixelRatio || 1);
    if (!width || (width === this.width && height === this.height)) return;
    const isFirst = this.width === 0;
    this.canvas.width = width * density;
    this.canvas.height = height * density;
    this.context.setTransform(density, 0, 0, density, 0, 0);
    [this.width, this.height] = [width, height];
    if (isFirst) this.fit();
    else this.#settle();
  }

  /** The scale at which the whole map is in view, with the names of its rows. */
  get smallest() {
    const { width, height } = this.seats;
    return Math.min(this.width / (width + 2 * NAME_ROOM), this.height / (height + 2 * NAME_ROOM), MAX_PIXELS);
  }

  /** Show the whole map. */
  fit() {
    this.view.scale = this.smallest;
    this.#centre(this.seats.width / 2, this.seats.height / 2);
    this.#settle();
  }

  /** Zoom about a point of the canvas. @param {number} factor @param {number} x @param {number} y */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    const before = this.view.scale;
    this.view.scale = Math.min(MAX_PIXELS, Math.max(this.smallest, before * factor));
    this.view.left += x / before - x / this.view.scale;
    this.view.top += y / before - y / this.view.scale;
    this.#move();
  }

  /** Move what is in view by pixels. @param {number} across @param {number} down */
  pan(across, down) {
    this.view.left -= across / this.view.scale;
    this.view.top -= down / this.view.scale;
    this.#move();
  }

  /** Bring a seat into view, large enough to be read. @param {number} seat */
  reveal(seat) {
    const x = at(this.seats.x, seat), y = at(this.seats.y, seat), { left, top, scale } = this.view;
    const across = (x - left) * scale, down = (y - top) * scale, margin = 40;
    if (scale >= OPEN_PIXELS && across > margin && down > margin && across < this.width - margin && down < this.height - margin) return;
    this.view.scale = Math.max(scale, OPEN_PIXELS);
    this.#centre(x, y);
    this.#settle();
  }

  /** Zoom to a section, about a point of it. @param {number} x @param {number} y in the map's units */
  open(x, y) {
    this.view.scale = Math.max(OPEN_PIXELS, this.smallest);
    this.#centre(x, y);
    this.#settle();
  }

  /** Show other states. @param {number[] | null} changed null: all of them */
  refresh(changed) {
    if (changed === null) this.tiles.clear(this.palette);
    else this.tiles.repaint(changed, this.settled);
    this.request();
  }

  /** Read the colours again: the theme has changed. */
  restyle() {
    this.palette = readPalette(this.frame);
    this.refresh(null);
  }

  /** @param {number} x @param {number} y a point of the canvas @returns {Point} the same in the map's units */
  place(x, y) {
    return [this.view.left + x / this.view.scale, this.view.top + y / this.view.scale];
  }

  /** Return the seat at a point of the canvas: the one under it, else the nearest that can be had. @param {number} x @param {number} y */
  find(x, y) {
    const [across, down] = this.place(x, y);
    const under = this.grid.nearest(across, down, 0.5, () => true);
    if (under >= 0 && (this.seats.isOffered(under) || this.seats.chosen.has(under))) return under;
    return this.grid.nearest(across, down, THUMB / this.view.scale, (seat) => this.seats.isOffered(seat));
  }

  /** Return the seats that a thumb at a point may mean: one, or several that are as near. @param {number} x @param {number} y */
  meant(x, y) {
    const nearest = this.find(x, y), { scale } = this.view;
    if (nearest < 0) return [];
    const [across, down] = this.place(x, y);
    /** @param {number} seat in pixels */
    const far = (seat) => Math.hypot(at(this.seats.x, seat) - across, at(this.seats.y, seat) - down) * scale;
    const least = far(nearest), reach = (least + AS_NEAR) / scale;
    if (least < scale / 2) return [nearest]; // the point is on the seat itself
    /** @type {number[]} */
    const found = [];
    this.grid.within(across - reach, down - reach, across + reach, down + reach, (seat) => {
      if (this.seats.isOffered(seat) && far(seat) <= least + AS_NEAR) found.push(seat);
    });
    return found.sort((one, other) => far(one) - far(other)).slice(0, MAX_MEANT);
  }

  /** Return the section at a point of the map, or -1. @param {number} x @param {number} y */
  sectionAt(x, y) {
    const seat = this.grid.nearest(x, y, 3, () => true);
    return seat < 0 ? -1 : this.seats.rowAt(seat).section;
  }

  request() {
    this.requested ||= requestAnimationFrame(() => {
      this.requested = 0;
      this.#draw();
    });
  }

  /** @param {number} x @param {number} y */
  #centre(x, y) {
    this.view.left = x - this.width / 2 / this.view.scale;
    this.view.top = y - this.height / 2 / this.view.scale;
    this.#clamp();
  }

  /** Keep a part of the map in view. */
  #clamp() {
    const { view, seats } = this, across = this.width / view.scale / 2, down = this.height / view.scale / 2;
    view.left = Math.min(Math.max(view.left, -across), seats.width - across);
    view.top = Math.min(Math.max(view.top, -down), seats.height - down);
  }

  #move() {
    this.#clamp();
    clearTimeout(this.still);
    if (this.view.scale === this.settled) {
      this.request();
      return;
    }
    this.still = setTimeout(() => this.#settle(), STILL);
    this.request();
  }

  #settle() {
    clearTimeout(this.still);
    this.settled = this.view.scale;
    this.request();
  }

  #draw() {
    if (!this.width || this.frame.hidden) return;
    const { context, view } = this;
    const isMoving = view.scale !== this.settled;
    const isMissing = this.tiles.draw(context, view, this.settled, this.width, this.height, !isMoving);
    if (view.scale < NAME_PIXELS) paintNames(context, this.seats, this.outlines, this.palette, view);
    for (const seat of new Set([...this.seats.mine, ...this.seats.chosen])) {
      const [x, y] = this.#point(seat);
      paintMine(context, this.palette, this.seats.nameOf(seat), x, y, view.scale);
    }
    if (this.focus >= 0) this.#drawFocus();
    this.#drawSmall();
    if (isMissing && !isMoving) this.request();
  }

  /** @param {number} seat @returns {Point} */
  #point(seat) {
    return [(at(this.seats.x, seat) - this.view.left) * this.view.scale, (at(this.seats.y, seat) - this.view.top) * this.view.scale];
  }

  #drawFocus() {
    const { context } = this, [x, y] = this.#point(this.focus), side = Math.max(14, this.view.scale * 1.15);
    for (const [colour, width] of /** @type {const} */ ([[this.palette["map-ground"], 6], [this.palette.focus, 3]])) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.strokeRect(x - side / 2, y - side / 2, side, side);
    }
  }

  /** Show in the corner what part of the map is in view. */
  #drawSmall() {
    const frame = /** @type {HTMLElement} */ (this.small.parentElement), { view } = this;
    frame.hidden = view.scale < this.smallest * 2;
    if (frame.hidden) return;
    const { clientWidth: width, clientHeight: height } = this.small;
    const context = /** @type {CanvasRenderingContext2D} */ (this.small.getContext("2d"));
    [this.small.width, this.small.height] = [width, height];
    context.fillStyle = this.palette["map-ground"];
    context.fillRect(0, 0, width, height);
    const whole = this.tiles.drawSmall(context, width, height), k = whole.scale;
    context.strokeStyle = this.palette["map-label"];
    context.lineWidth = 2;
    context.strokeRect((view.left - whole.left) * k, (view.top - whole.top) * k, (this.width / view.scale) * k, (this.height / view.scale) * k);
  }
}
