// Plan: where the seats and the sections of a map lie. It is made once, in short tasks.

import { Grid, at, encloses, outlineOf } from "./geometry.js";
import { Pace } from "./pace.js";

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./geometry.js").Outline} Outline
 */

/** One seat of this number shows whether two sections overlap. */
const SAMPLED = 3;

/** @param {Seats} seats @returns {Promise<import("./glyphs.js").Plan>} */
export async function planOf(seats) {
  const pace = new Pace(), grid = new Grid(seats.x, seats.y, 4);
  /** @type {Outline[]} */
  const outlines = [];
  for (const [index, section] of seats.sections.entries()) {
    await pace.rest();
    const outline = outlineOf(section.rows.flatMap((row) => seats.row(row).seats.map((seat) => pointOf(seats, seat))));
    outline.isShared = hasOthers(seats, grid, outline, index);
    outlines.push(outline);
  }
  return { grid, outlines };
}

/** @param {Seats} seats @param {number} seat @returns {Point} */
function pointOf(seats, seat) {
  return [at(seats.x, seat), at(seats.y, seat)];
}

/** Whether seats of other sections lie inside an outline: then it would hide them. @param {Seats} seats @param {Grid} grid @param {Outline} outline @param {number} section */
function hasOthers(seats, grid, outline, section) {
  let found = false;
  grid.within(outline.left, outline.top, outline.right, outline.bottom, (seat) => {
    if (seat % SAMPLED || found || seats.rowAt(seat).section === section) return;
    found = encloses(outline, ...pointOf(seats, seat));
  });
  return found;
}
