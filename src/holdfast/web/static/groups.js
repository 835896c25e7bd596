// Groups: which chosen seats are side by side, and where others are that fit.

import { at } from "./geometry.js";

/** @typedef {import("./seats.js").Seats} Seats */

/** The number of groups that a row offers. A longer list would hide the seats. */
const MAX_GROUPS = 6;

/**
 * Return the chosen seats in runs of neighbours, as they lie in the map.
 * @param {Seats} seats
 * @returns {number[][]}
 */
export function runsOf(seats) {
  const sorted = [...seats.chosen].sort(
    (one, other) => at(seats.rowOf, one) - at(seats.rowOf, other) || at(seats.placeInRow, one) - at(seats.placeInRow, other),
  );
  /** @type {number[][]} */
  const runs = [];
  for (const seat of sorted) {
    const run = runs.at(-1), last = run?.at(-1);
    if (run && last !== undefined && areNeighbours(seats, last, seat)) run.push(seat);
    else runs.push([seat]);
  }
  return runs;
}

/** @param {Seats} seats @param {number} one @param {number} other */
function areNeighbours(seats, one, other) {
  return seats.rowOf[one] === seats.rowOf[other] && at(seats.position, other) === at(seats.position, one) + 1;
}

/**
 * Return the free runs of a row, each from left to right. The visitor's own seats count as free.
 * @param {Seats} seats
 * @param {number} row
 * @returns {number[][]}
 */
export function freeRuns(seats, row) {
  /** @type {number[][]} */
  const runs = [];
  for (const seat of seats.row(row).seats) {
    if (!seats.isOffered(seat)) continue;
    const run = runs.at(-1), last = run?.at(-1);
    if (run && last !== undefined && areNeighbours(seats, last, seat)) run.push(seat);
    else runs.push([seat]);
  }
  return runs;
}

/**
 * Return groups of `size` free neighbours in a row: side by side from the left of each run, and one at its right end.
 * @param {Seats} seats
 * @param {number} row
 * @param {number} size
 * @returns {number[][]}
 */
export function groupsThatFit(seats, row, size) {
  /** @type {number[][]} */
  const found = [];
  if (size < 2 || size > seats.most || seats.row(row).isTable) return found;
  for (const run of freeRuns(seats, row)) {
    const last = run.length - size;
    if (last < 0) continue;
    for (let first = 0; first < last; first += size) found.push(run.slice(first, first + size));
    found.push(run.slice(last));
  }
  return found.slice(0, MAX_GROUPS);
}

/**
 * Return the number of free seats that are side by side in a row, at most.
 * @param {Seats} seats
 * @param {number} row
 */
export function longestRun(seats, row) {
  return Math.max(0, ...freeRuns(seats, row).map((run) => run.length));
}

/**
 * Return `count` free neighbours as near to some seats as there are, or null.
 * @param {Seats} seats
 * @param {number} count
 * @param {number[]} around
 * @returns {number[] | null}
 */
export function nearestGroup(seats, count, around) {
  const [x, y] = middle(seats, around);
  /** @type {number[] | null} */
  let found = null;
  let best = Infinity;
  for (let row = 0; row < seats.rows.length; row++) {
    if (seats.row(row).free < count || seats.row(row).isTable) continue;
    for (const run of freeRuns(seats, row)) {
      for (let first = 0; first + count <= run.length; first++) {
        const group = run.slice(first, first + count);
        const [across, down] = middle(seats, group);
        const far = (across - x) ** 2 + (down - y) ** 2;
        if (far < best) [found, best] = [group, far];
      }
    }
  }
  return found;
}

/**
 * Return the free seat that fits best in the place of a lost one: beside the chosen ones, of the same category.
 * @param {Seats} seats
 * @param {number} lost
 */
export function replacement(seats, lost) {
  const beside = [...seats.chosen].flatMap((seat) => neighboursOf(seats, seat)).find((seat) => canReplace(seats, seat));
  if (beside !== undefined) return beside;
  let found = -1, best = Infinity;
  for (let seat = 0; seat < seats.size; seat++) {
    if (!canReplace(seats, seat) || seats.category[seat] !== seats.category[lost]) continue;
    const far = (at(seats.x, seat) - at(seats.x, lost)) ** 2 + (at(seats.y, seat) - at(seats.y, lost)) ** 2;
    if (far < best) [found, best] = [seat, far];
  }
  return found < 0 ? undefined : found;
}

/** @param {Seats} seats @param {number} seat */
function canReplace(seats, seat) {
  return seats.isOffered(seat) && !seats.chosen.has(seat) && !seats.rowAt(seat).isTable;
}

/** @param {Seats} seats @param {number} seat @returns {number[]} */
function neighboursOf(seats, seat) {
  const row = seats.rowAt(seat).seats, place = at(seats.placeInRow, seat);
  return [row[place + 1], row[place - 1]].filter(
    /** @returns {each is number} */ (each) =>
      each !== undefined && Math.abs(at(seats.position, each) - at(seats.position, seat)) === 1,
  );
}

/** @param {Seats} seats @param {number[]} group @returns {[number, number]} */
function middle(seats, group) {
  let x = 0, y = 0;
  for (const seat of group) {
    x += at(seats.x, seat);
    y += at(seats.y, seat);
  }
  return [x / group.length, y / group.length];
}
