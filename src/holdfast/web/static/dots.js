// Dots: seats that are too small for a sign, written as pixels. 60,000 rectangles would keep the browser busy for long.

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./glyphs.js").View} View
 * @typedef {[number, number, number]} Colour
 */

/** @type {Map<string, Colour>} */
const known = new Map();

/** Return a colour of a style sheet as numbers. @param {string} colour @returns {Colour} */
function read(colour) {
  const found = known.get(colour);
  if (found) return found;
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d", { willReadFrequently: true }));
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  known.set(colour, [red, green, blue]);
  return [red, green, blue];
}

export class Dots {
  /** @param {CanvasRenderingContext2D} context to draw on, from its corner @param {Seats} seats @param {View} view */
  constructor(context, seats, view) {
    this.context = context;
    this.seats = seats;
    this.view = view;
    this.density = context.getTransform().a;
    this.image = new ImageData(context.canvas.width, context.canvas.height);
  }

  /**
   * Add squares of one colour. A pixel that one covers in part gets that part of the colour.
   * @param {number[]} some
   * @param {string} colour
   * @param {number} alpha
   * @param {number} side in CSS pixels
   */
  add(some, colour, alpha, side) {
    const { density, view } = this, { x: across, y: down } = this.seats, { data, width, height } = this.image, [red, green, blue] = read(colour);
    const scale = view.scale * density, half = (side * density) / 2, most = 255 * alpha;
    for (const seat of some) {
      const x = ((across[seat] ?? 0) - view.left) * scale, y = ((down[seat] ?? 0) - view.top) * scale;
      const left = Math.max(0, x - half), top = Math.max(0, y - half), right = Math.min(width, x + half), bottom = Math.min(height, y + half);
      for (let row = Math.floor(top); row < bottom; row++) {
        const high = most * (Math.min(row + 1, bottom) - Math.max(row, top));
        for (let column = Math.floor(left); column < right; column++) {
          const i = 4 * (row * width + column), before = data[i + 3] ?? 0;
          const cover = high * (Math.min(column + 1, right) - Math.max(column, left));
          if (cover > before) {
            data[i] = red;
            data[i + 1] = green;
            data[i + 2] = blue;
          }
          data[i + 3] = before + cover; // never above 255
        }
      }
    }
  }

  draw() {
    const { canvas } = this.context, scratch = document.createElement("canvas");
    [scratch.width, scratch.height] = [canvas.width, canvas.height];
    scratch.getContext("2d")?.putImageData(this.image, 0, 0);
    this.context.save();
    this.context.resetTransform();
    this.context.drawImage(scratch, 0, 0);
    this.context.restore();
  }
}
