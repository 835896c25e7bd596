// States: how seats look to staff. Each state has a shape and a colour, and a category has none.

import { GLYPH_PIXELS, ROW_PIXELS, disc, half, paintDots, paintRowName, paintSign } from "./glyphs.js";
import { at } from "./geometry.js";
import { BLOCKED, BOOKED, FREE, HELD } from "./seats.js";

/** @typedef {import("./glyphs.js").Shape} Shape */

const COLOURS = /** @type {const} */ ({ [FREE]: "state-free", [HELD]: "state-held", [BOOKED]: "state-booked", [BLOCKED]: "state-blocked" });
const STATES = /** @type {const} */ ([FREE, HELD, BOOKED, BLOCKED]);

/** @type {Shape} */
function hatched(c, x, y, r) {
  const s = r * 0.9;
  c.rect(x - s, y - s, 2 * s, 2 * s);
  for (const by of [-0.5, 0, 0.5]) {
    c.moveTo(x - s + Math.max(0, 2 * s * by), y + s + Math.min(0, 2 * s * by));
    c.lineTo(x + s + Math.min(0, 2 * s * by), y - s + Math.max(0, 2 * s * by));
  }
}

/** @type {import("./glyphs.js").SeatPainter} */
export function paintStates(c, seats, palette, view, some) {
  const groups = STATES.map((state) => ({ state, colour: palette[COLOURS[state]], some: some.filter((seat) => seats.state[seat] === state) }));
  if (view.scale < GLYPH_PIXELS) {
    paintDots(c, seats, view, groups.map((group) => ({ ...group, alpha: group.state === FREE ? 0.45 : 1 })));
    return;
  }
  const size = view.scale, r = size * 0.32;
  for (const { state, colour, some: alike } of groups) {
    /** @param {Shape} shape */
    const trace = (shape) => {
      c.beginPath();
      for (const seat of alike) shape(c, (at(seats.x, seat) - view.left) * size, (at(seats.y, seat) - view.top) * size, r);
    };
    c.fillStyle = c.strokeStyle = colour;
    c.lineWidth = Math.max(1.2, r * 0.22);
    trace(state === BLOCKED ? hatched : disc);
    if (state === BOOKED) c.fill();
    else c.stroke();
    if (state !== HELD) continue;
    trace(half);
    c.fill();
  }
  if (size < ROW_PIXELS) return;
  for (const seat of some) {
    const x = (at(seats.x, seat) - view.left) * size, y = (at(seats.y, seat) - view.top) * size;
    paintSign(c, seats, seat, seats.state[seat] === BOOKED ? palette["map-ground"] : palette["map-label"], x, y, size * 0.44);
    paintRowName(c, seats, palette, view, seat);
  }
}
