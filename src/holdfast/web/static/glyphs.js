// Glyphs: how seats look. A category has a shape and a colour; a state has a shape of its own.

import { Dots } from "./dots.js";
import { HELD, COMPANION, WHEELCHAIR } from "./seats.js";
import { at, touches } from "./geometry.js";

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Outline} Outline
 * @typedef {(context: CanvasRenderingContext2D, seats: Seats, palette: Palette, view: View, some: number[]) => void} SeatPainter
 * @typedef {{outlines: Outline[], grid: import("./geometry.js").Grid, paintSeats?: SeatPainter}} Plan `paintSeats`: another look than a buyer's
 * @typedef {{left: number, top: number, scale: number}} View pixels of a seat's pitch, and what lies in the corner
 * @typedef {(context: CanvasRenderingContext2D, x: number, y: number, r: number) => void} Shape
 */

/** Below it a seat is a dot. */
export const GLYPH_PIXELS = 7;
/** From it on a seat shows its number. */
const NUMBER_PIXELS = 18;
/** From it on rows show their names. */
export const ROW_PIXELS = 14;

/** More dots than these are written as pixels. */
const FEW = 500;

const TURN = 2 * Math.PI;

/** @type {Shape[]} */
const SHAPES = [
  disc,
  (c, x, y, r) => c.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76),
  (c, x, y, r) => polygon(c, x, y, [[0, -r * 1.18], [r * 1.18, 0], [0, r * 1.18], [-r * 1.18, 0]]),
  (c, x, y, r) => polygon(c, x, y, [[0, -r * 1.1], [r * 1.14, r * 0.92], [-r * 1.14, r * 0.92]]),
  (c, x, y, r) => polygon(c, x, y, [0, 1, 2, 3, 4, 5].map((k) => [r * 1.06 * Math.cos((k * TURN) / 6), r * 1.06 * Math.sin((k * TURN) / 6)])),
  (c, x, y, r) => {
    c.rect(x - r * 0.42, y - r * 1.06, r * 0.84, r * 2.12);
    c.rect(x - r * 1.06, y - r * 0.42, r * 2.12, r * 0.84);
  },
  ring,
  (c, x, y, r) => c.rect(x - r * 1.1, y - r * 0.6, r * 2.2, r * 1.2),
];

/** Shapes that leave less room for a number. */
const NARROW = new Set([3, 5]);
const RING = 6;

const WHEELCHAIR_SIGN = new Path2D("M10 7.5V14h5.5l2.5 5M10 10.5h4.5M8 11.5a5 5 0 1 0 6 7M10 2.6a1.5 1.5 0 1 0 .1 0");
const COMPANION_SIGN = new Path2D("M12 3.5a4 4 0 1 0 .1 0M4.5 20.5c.8-4.5 3.8-6.5 7.5-6.5s6.7 2 7.5 6.5");

const TOKENS = /** @type {const} */ ([
  "map-ground", "map-section", "map-line", "map-label", "state-taken", "state-mine", "on-mine", "raised", "focus",
  "state-free", "state-held", "state-booked", "state-blocked",
]);

/**
 * @typedef {Record<typeof TOKENS[number], string> & {categories: {fill: string, on: string, soft: string}[],
 *   font: string}} Palette
 */

/** Read the colours of the present theme. @param {HTMLElement} element @returns {Palette} */
export function readPalette(element) {
  const probe = document.createElement("i");
  element.append(probe);
  /** @param {string} token */
  const read = (token) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const found = /** @type {Palette} */ ({
    ...Object.fromEntries(TOKENS.map((token) => [token, read(token)])),
    categories: SHAPES.map((_, n) => ({ fill: read(`cat-${n + 1}`), on: read(`on-cat-${n + 1}`), soft: read(`cat-${n + 1}-soft`) })),
    font: getComputedStyle(element).fontFamily,
  });
  probe.remove();
  return found;
}

/** The look of a category: there are eight. @param {number} category */
export function lookOf(category) {
  return category % SHAPES.length;
}

/**
 * Paint a part of the map: the grounds of the sections, and the seats as others see them.
 * @param {CanvasRenderingContext2D} context
 * @param {Seats} seats
 * @param {Plan} plan
 * @param {Palette} palette
 * @param {View} view
 * @param {Box} box in the map's own units
 */
export function paint(context, seats, plan, palette, view, box) {
  context.fillStyle = palette["map-ground"];
  context.fillRect((box.left - view.left) * view.scale, (box.top - view.top) * view.scale, (box.right - box.left) * view.scale, (box.bottom - box.top) * view.scale);
  for (const { points } of seats.areas) paintArea(context, points, palette, view);
  paintSections(context, seats, plan, palette, view, box);
  /** @type {number[][]} */
  const free = SHAPES.map(() => []);
  /** @type {number[]} */
  const held = [];
  /** @type {number[]} */
  const taken = [];
  /** @type {number[]} */
  const some = [];
  const side = 1.4 * view.scale;
  plan.grid.within(box.left - 1, box.top - 1, box.right + 1, box.bottom + 1, (seat) => {
    const { section } = seats.rowAt(seat);
    if (plan.outlines[section]?.isShared) {
      context.fillStyle = groundOf(seats, plan, section, palette);
      context.fillRect((at(seats.x, seat) - view.left) * view.scale - side / 2, (at(seats.y, seat) - view.top) * view.scale - side / 2, side, side);
    }
    if (plan.paintSeats) some.push(seat);
    else if (seats.isOffered(seat)) free[lookOf(at(seats.category, seat))]?.push(seat);
    else if (seats.state[seat] === HELD) held.push(seat);
    else taken.push(seat);
  });
  if (plan.paintSeats) plan.paintSeats(context, seats, palette, view, some);
  else if (view.scale < GLYPH_PIXELS) {
    const looks = free.map((each, look) => ({ some: each, colour: palette.categories[look]?.fill ?? "", alpha: 1 }));
    paintDots(context, seats, view, [{ some: [...held, ...taken], colour: palette["map-line"], alpha: 0.55 }, ...looks]);
  }
  else paintGlyphs(context, seats, palette, view, free, held, taken);
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {import("./geometry.js").Point[]} points
 * @param {Palette} palette
 * @param {View} view
 */
function paintArea(c, points, palette, view) {
  trace(c, points, view);
  c.fillStyle = palette["map-section"];
  c.fill();
  c.lineWidth = 1;
  c.strokeStyle = palette["map-line"];
  c.stroke();
}

/** @param {CanvasRenderingContext2D} c @param {import("./geometry.js").Point[]} points @param {View} view */
function trace(c, points, view) {
  c.beginPath();
  points.forEach(([x, y], i) => c[i ? "lineTo" : "moveTo"]((x - view.left) * view.scale, (y - view.top) * view.scale));
  c.closePath();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {Plan} plan
 * @param {Palette} palette
 * @param {View} view
 * @param {Box} box
 */
function paintSections(c, seats, plan, palette, view, box) {
  const margin = 1.4 * view.scale;
  c.lineJoin = "round";
  plan.outlines.forEach((outline, index) => {
    const { points } = outline;
    if (!points.length || outline.isShared || !touches(outline, box, 2)) return;
    const fill = groundOf(seats, plan, index, palette);
    trace(c, points, view);
    c.lineWidth = margin + 2;
    c.strokeStyle = palette["map-line"];
    c.stroke();
    c.lineWidth = margin;
    c.strokeStyle = c.fillStyle = fill;
    c.stroke();
    c.fill();
  });
}

/** @param {Seats} seats @param {Plan} plan @param {number} index @param {Palette} palette */
function groundOf(seats, plan, index, palette) {
  const section = seats.section(index);
  if (plan.paintSeats) return palette["map-section"];
  return (section.free ? palette.categories[lookOf(section.category)]?.soft : undefined) ?? palette["map-section"];
}

/**
 * Paint seats that are too small for a sign, each group in its colour.
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {View} view
 * @param {{some: number[], colour: string, alpha: number}[]} groups
 */
export function paintDots(c, seats, view, groups) {
  const side = Math.max(1.2, view.scale * 0.62), count = groups.reduce((sum, { some }) => sum + some.length, 0);
  const dots = count > FEW ? new Dots(c, seats, view) : null;
  for (const { some, colour, alpha } of groups) {
    dots?.add(some, colour, alpha, side);
    if (dots) continue;
    c.globalAlpha = alpha;
    c.fillStyle = colour;
    for (const seat of some) {
      c.fillRect((at(seats.x, seat) - view.left) * view.scale - side / 2, (at(seats.y, seat) - view.top) * view.scale - side / 2, side, side);
    }
  }
  c.globalAlpha = 1;
  dots?.draw();
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {Palette} palette
 * @param {View} view
 * @param {number[][]} free
 * @param {number[]} held
 * @param {number[]} taken
 */
function paintGlyphs(c, seats, palette, view, free, held, taken) {
  const size = view.scale, r = size * 0.4;
  /** @param {number[]} some @param {Shape} shape @param {number} radius */
  const traceSeats = (some, shape, radius) => {
    c.beginPath();
    for (const seat of some) shape(c, (at(seats.x, seat) - view.left) * size, (at(seats.y, seat) - view.top) * size, radius);
  };
  c.lineWidth = 1;
  c.strokeStyle = palette["state-taken"];
  traceSeats(taken, disc, r * 0.62);
  c.stroke();
  c.lineWidth = 1.2;
  c.fillStyle = palette["state-taken"];
  traceSeats(held, disc, r * 0.66);
  c.stroke();
  traceSeats(held, half, r * 0.66);
  c.fill();
  free.forEach((some, look) => {
    const colours = palette.categories[look], shape = SHAPES[look];
    if (!some.length || !colours || !shape) return;
    c.fillStyle = c.strokeStyle = colours.fill;
    traceSeats(some, shape, r);
    if (look === RING) {
      c.lineWidth = r * 0.6;
      c.stroke();
    } else c.fill();
    if (size >= ROW_PIXELS) for (const seat of some) paintName(c, seats, palette, view, seat, look);
  });
  if (size >= ROW_PIXELS) for (const some of [...free, held, taken]) for (const seat of some) paintRowName(c, seats, palette, view, seat);
}

/**
 * Paint the sign of a wheelchair place or a companion seat.
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {number} seat
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 * @param {number} side
 * @returns {boolean} whether the seat has one
 */
export function paintSign(c, seats, seat, colour, x, y, side) {
  const traits = at(seats.traits, seat);
  if (!(traits & (WHEELCHAIR | COMPANION))) return false;
  c.save();
  c.translate(x - side / 2, y - side / 2);
  c.scale(side / 24, side / 24);
  c.lineWidth = 2.6;
  c.strokeStyle = colour;
  c.stroke(traits & WHEELCHAIR ? WHEELCHAIR_SIGN : COMPANION_SIGN);
  c.restore();
  return true;
}

/**
 * Paint a seat's number, or the sign of a wheelchair place or a companion seat.
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {Palette} palette
 * @param {View} view
 * @param {number} seat
 * @param {number} look
 */
function paintName(c, seats, palette, view, seat, look) {
  const size = view.scale, x = (at(seats.x, seat) - view.left) * size, y = (at(seats.y, seat) - view.top) * size;
  const colour = look === RING ? palette["map-label"] : palette.categories[look]?.on ?? "";
  if (paintSign(c, seats, seat, colour, x, y, size * 0.56)) return;
  if (size >= NUMBER_PIXELS) {
    c.fillStyle = colour;
    c.font = `650 ${size * (NARROW.has(look) ? 0.32 : 0.38)}px ${palette.font}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText(seats.nameOf(seat).slice(0, 4), x, y + size * (look === 3 ? 0.1 : 0.02), size * 0.8);
  }
}

/**
 * Paint the name of a row beside its first and its last seat.
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {Palette} palette
 * @param {View} view
 * @param {number} seat
 */
export function paintRowName(c, seats, palette, view, seat) {
  const row = seats.rowAt(seat), place = at(seats.placeInRow, seat), count = row.seats.length;
  const beside = place === 0 ? row.seats[1] : place === count - 1 ? row.seats[count - 2] : undefined;
  if (beside === undefined || row.name.length > 4 || row.isTable) return;
  const across = at(seats.x, seat) - at(seats.x, beside), down = at(seats.y, seat) - at(seats.y, beside);
  const far = Math.hypot(across, down) || 1;
  c.fillStyle = palette["map-label"];
  c.font = `500 ${Math.min(12, view.scale * 0.46)}px ${palette.font}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(row.name, (at(seats.x, seat) + across / far - view.left) * view.scale, (at(seats.y, seat) + down / far - view.top) * view.scale);
}

/**
 * Paint a seat that the visitor has chosen: brackets around its number, or a tick.
 * @param {CanvasRenderingContext2D} c
 * @param {Palette} palette
 * @param {string} name
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function paintMine(c, palette, name, x, y, size) {
  const side = Math.max(11, size * 0.96), b = side / 2;
  c.fillStyle = palette["map-ground"];
  rounded(c, x - b - 2, y - b - 2, side + 4, side * 0.2);
  c.fillStyle = palette["state-mine"];
  rounded(c, x - b, y - b, side, side * 0.16);
  c.strokeStyle = c.fillStyle = palette["on-mine"];
  c.lineWidth = Math.max(1.4, side * 0.07);
  c.beginPath();
  if (size < NUMBER_PIXELS) {
    c.moveTo(x - b * 0.45, y + b * 0.05);
    c.lineTo(x - b * 0.1, y + b * 0.4);
    c.lineTo(x + b * 0.5, y - b * 0.38);
    c.stroke();
    return;
  }
  const i = b * 0.74, t = b * 0.3;
  for (const m of [-1, 1]) {
    c.moveTo(x + m * (i - t), y - i);
    c.lineTo(x + m * i, y - i);
    c.lineTo(x + m * i, y + i);
    c.lineTo(x + m * (i - t), y + i);
  }
  c.stroke();
  c.font = `750 ${size * 0.4}px ${palette.font}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(name.slice(0, 4), x, y + size * 0.02, size * 0.7);
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} side @param {number} radius */
function rounded(c, x, y, side, radius) {
  c.beginPath();
  c.roundRect(x, y, side, side, radius);
  c.fill();
}

/** @type {Shape} */
export function disc(c, x, y, r) {
  c.moveTo(x + r, y);
  c.arc(x, y, r, 0, TURN);
}

/** @type {Shape} */
function ring(c, x, y, r) {
  disc(c, x, y, r * 0.72);
}

/** @type {Shape} */
export function half(c, x, y, r) {
  const from = -TURN / 8;
  c.moveTo(x + r * Math.cos(from), y + r * Math.sin(from));
  c.arc(x, y, r, from, from + TURN / 2);
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number[][]} corners */
function polygon(c, x, y, corners) {
  corners.forEach(([across = 0, down = 0], i) => c[i ? "lineTo" : "moveTo"](x + across, y + down));
  c.closePath();
}
