// Tiles: the map as pictures that are painted once, and moved about. An overview is always there, so nothing is blank.

import { paint } from "./glyphs.js";
import { at } from "./geometry.js";

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./glyphs.js").View} View
 * @typedef {import("./glyphs.js").Palette} Palette
 * @typedef {import("./glyphs.js").Plan} Plan
 * @typedef {{canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, view: View, width: number, height: number}} Tile
 */

/** The side of a tile in CSS pixels. */
const SIDE = 512;
/** Tiles that are kept, at one device pixel for each CSS pixel: 64 MB. */
const KEPT = 64;
/** The longer side of the overview. It stands in for a tile for a moment, so it need not be sharp, but fast. */
const OVERVIEW_PIXELS = 1_024;
/** More seats than these are not painted one by one: the tiles are painted again. */
const MANY = 300;

export class Tiles {
  /** @param {Seats} seats @param {Plan} plan @param {Palette} palette */
  constructor(seats, plan, palette) {
    this.seats = seats;
    this.plan = plan;
    this.palette = palette;
    this.density = Math.min(2, devicePixelRatio || 1);
    /** @type {Map<string, Tile>} in the order of their last use */
    this.kept = new Map();
    /** @type {Tile | null} */
    this.overview = null;
  }

  /** Forget every picture: the colours, the filter or all states are others. @param {Palette} palette */
  clear(palette) {
    this.palette = palette;
    this.kept.clear();
    this.overview = null;
  }

  /**
   * Draw the map. A tile of `scale` is painted if one is missing, and the overview stands in for the others.
   * @param {CanvasRenderingContext2D} target
   * @param {View} view
   * @param {number} scale for which tiles are painted; that of the view, unless the view is in motion
   * @param {number} width of the target, in CSS pixels
   * @param {number} height
   * @param {boolean} mayPaint
   * @returns {boolean} whether something is missing
   */
  draw(target, view, scale, width, height, mayPaint) {
    const ratio = view.scale / scale, side = SIDE * ratio;
    const left = view.left * view.scale, top = view.top * view.scale;
    let isMissing = false;
    if (!this.overview) mayPaint = false; // one picture in a frame: the overview is the first
    this.#painted();
    for (let row = Math.floor(top / side); row * side < top + height; row++) {
      for (let column = Math.floor(left / side); column * side < left + width; column++) {
        const x = Math.round(column * side - left), y = Math.round(row * side - top);
        let tile = this.#find(`${scale}|${column}|${row}`);
        if (!tile && mayPaint && !isMissing) {
          tile = this.#keep(`${scale}|${column}|${row}`, { left: (column * SIDE) / scale, top: (row * SIDE) / scale, scale });
          mayPaint = false;
        }
        if (tile) target.drawImage(tile.canvas, x, y, Math.ceil(side), Math.ceil(side));
        else {
          isMissing = true;
          this.#drawOverview(target, x, y, side, { left: (column * SIDE) / scale, top: (row * SIDE) / scale, scale: view.scale });
        }
      }
    }
    return isMissing;
  }

  /**
   * Draw the whole map into a corner.
   * @param {CanvasRenderingContext2D} target
   * @param {number} width
   * @param {number} height
   * @returns {View}
   */
  drawSmall(target, width, height) {
    const overview = this.#painted(), scale = Math.min(width / this.seats.width, height / this.seats.height);
    const view = { left: (this.seats.width - width / scale) / 2, top: (this.seats.height - height / scale) / 2, scale };
    target.drawImage(overview.canvas, -view.left * scale, -view.top * scale, this.seats.width * scale, this.seats.height * scale);
    return view;
  }

  /** Paint seats whose state has changed, inside the pictures that show them. @param {number[]} changed @param {number} scale */
  repaint(changed, scale) {
    if (changed.length > MANY) {
      this.clear(this.palette);
      return;
    }
    for (const key of [...this.kept.keys()]) if (!key.startsWith(`${scale}|`)) this.kept.delete(key);
    const pictures = this.overview ? [this.overview, ...this.kept.values()] : [...this.kept.values()];
    for (const tile of pictures) for (const seat of changed) this.#repaintSeat(tile, seat);
  }

  /** @param {Tile} tile @param {number} seat */
  #repaintSeat(tile, seat) {
    const x = at(this.seats.x, seat), y = at(this.seats.y, seat), { view } = tile;
    const box = { left: x - 0.65, top: y - 0.65, right: x + 0.65, bottom: y + 0.65 };
    if (box.right < view.left || box.bottom < view.top || box.left > view.left + tile.width / view.scale || box.top > view.top + tile.height / view.scale) return;
    tile.context.save();
    tile.context.beginPath();
    tile.context.rect((box.left - view.left) * view.scale, (box.top - view.top) * view.scale, 1.3 * view.scale, 1.3 * view.scale);
    tile.context.clip();
    paint(tile.context, this.seats, this.plan, this.palette, view, box);
    tile.context.restore();
  }

  /** @param {string} key */
  #find(key) {
    const tile = this.kept.get(key);
    if (tile) {
      this.kept.delete(key);
      this.kept.set(key, tile);
    }
    return tile;
  }

  /** @param {string} key @param {View} view */
  #keep(key, view) {
    const tile = this.#paint(view, SIDE, SIDE, this.density);
    this.kept.set(key, tile);
    const room = Math.max(16, KEPT / this.density ** 2);
    for (const old of this.kept.keys()) {
      if (this.kept.size <= room) break;
      this.kept.delete(old);
    }
    return tile;
  }

  /** @param {View} view @param {number} width @param {number} height @param {number} density @returns {Tile} */
  #paint(view, width, height, density) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(width * density);
    canvas.height = Math.ceil(height * density);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    context.scale(density, density);
    const box = { left: view.left, top: view.top, right: view.left + width / view.scale, bottom: view.top + height / view.scale };
    paint(context, this.seats, this.plan, this.palette, view, box);
    return { canvas, context, view, width, height };
  }

  #painted() {
    if (!this.overview) {
      const scale = OVERVIEW_PIXELS / Math.max(this.seats.width, this.seats.height, OVERVIEW_PIXELS / 6);
      const view = { left: 0, top: 0, scale };
      this.overview = this.#paint(view, Math.max(1, this.seats.width * scale), Math.max(1, this.seats.height * scale), 1);
    }
    return this.overview;
  }

  /**
   * @param {CanvasRenderingContext2D} target
   * @param {number} x
   * @param {number} y
   * @param {number} side
   * @param {View} view of the missing tile
   */
  #drawOverview(target, x, y, side, view) {
    const overview = this.#painted(), k = overview.view.scale, size = (side / view.scale) * k;
    target.fillStyle = this.palette["map-ground"];
    target.fillRect(x, y, Math.ceil(side), Math.ceil(side));
    target.drawImage(overview.canvas, view.left * k, view.top * k, size, size, x, y, side, side);
  }
}
