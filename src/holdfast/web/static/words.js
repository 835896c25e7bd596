// Words: every sentence that the map, the list and the bar say.

import { at } from "./geometry.js";
import { runsOf } from "./groups.js";
import { COMPANION, RESTRICTED, WHEELCHAIR } from "./seats.js";
import { n, number, t, time } from "./texts.js";

/** @typedef {import("./seats.js").Seats} Seats */

/** @param {number} count */
export function left(count) {
  return count ? n("{count} left", "{count} left", count) : t("None left");
}

/** @param {number} count @param {number} together */
export function leftTogether(count, together) {
  return together > 1 ? t("{left}, {together} together", { left: left(count), together: number(together) }) : left(count);
}

/** @param {number} count */
function seatCount(count) {
  return n("{count} seat", "{count} seats", count);
}

/** @param {string} name */
export function sectionName(name) {
  return name || t("Seats");
}

/** @param {number} count */
export function allSections(count) {
  return n("{count} section: show all", "All {count} sections", count);
}

/** @param {number} count */
export function allRows(count) {
  return n("{count} row: show all", "All {count} rows", count);
}

/** A short name needs the word; "Table 4" does not. @param {string} name */
export function rowName(name) {
  return name.length > 3 ? name : t("Row {row}", { row: name });
}

/** "A, row 6, seat 9". @param {Seats} seats @param {number} seat */
export function address(seats, seat) {
  return [...place(seats, seat), t("seat {seat}", { seat: seats.nameOf(seat) })].join(", ");
}

/** @param {Seats} seats @param {number} seat */
function place(seats, seat) {
  const row = seats.rowAt(seat), section = seats.section(row.section).name;
  const name = row.name.length > 3 ? row.name : t("row {row}", { row: row.name });
  return section ? [section, name] : [name];
}

/** What a buyer should know of a seat. @param {Seats} seats @param {number} seat */
export function notes(seats, seat) {
  const traits = at(seats.traits, seat), found = [];
  if (traits & WHEELCHAIR) found.push(t("wheelchair place"));
  if (traits & COMPANION) found.push(t("companion seat"));
  if (traits & RESTRICTED) found.push(t("restricted view"));
  if (seats.rowAt(seat).isTable) found.push(t("sold as a whole table"));
  else if (isAtAisle(seats, seat)) found.push(t("aisle"));
  return found;
}

/** @param {Seats} seats @param {number} seat */
function isAtAisle(seats, seat) {
  const row = seats.rowAt(seat).seats, index = at(seats.placeInRow, seat), here = at(seats.position, seat);
  const before = row[index - 1], after = row[index + 1];
  return before === undefined || after === undefined || at(seats.position, before) !== here - 1 || at(seats.position, after) !== here + 1;
}

/** A seat in the list: "Row 6 seat 9, stalls, aisle, free". @param {Seats} seats @param {number} seat */
export function option(seats, seat) {
  const state = seats.mine.has(seat) ? t("yours") : seats.chosen.has(seat) ? t("chosen") : seats.stateOf(seat) || (seats.isFree(seat) ? t("free") : t("taken"));
  const name = t("{row} seat {seat}", { row: rowName(seats.rowAt(seat).name), seat: seats.nameOf(seat) });
  return [name, seats.categoryOf(seat), ...notes(seats, seat), state].join(", ");
}

/** Which seats are chosen: "104, row 6, seats 9 to 11". @param {Seats} seats */
export function chosenPlaces(seats) {
  const runs = runsOf(seats), shown = runs.slice(0, 2).map((run) => runPlace(seats, run)).join("; ");
  return runs.length > 2 ? t("{places} and more", { places: shown }) : shown;
}

/** @param {Seats} seats @param {number[]} run */
function runPlace(seats, run) {
  const first = run[0] ?? 0, names = ends(seats, run);
  if (run.length === 1) return address(seats, first);
  const which = run.length === 2 ? t("seats {first} and {last}", names) : t("seats {first} to {last}", names);
  return [...place(seats, first), which].join(", ");
}

/** The names at the ends of a run, the lower number first: a row may be numbered from the right. @param {Seats} seats @param {number[]} run */
function ends(seats, run) {
  const first = seats.nameOf(run[0] ?? 0), last = seats.nameOf(run.at(-1) ?? 0);
  return Number(first) > Number(last) ? { first: last, last: first } : { first, last };
}

/** What the groups of a row are called. @param {number} size */
export function groupsOf(size) {
  return t("{count} together:", { count: number(size) });
}

/** @param {Seats} seats @param {number[]} group */
export function groupName(seats, group) {
  const names = ends(seats, group);
  return group.length === 2 ? t("Seats {first} and {last}", names) : t("Seats {first} to {last}", names);
}

/** "3 seats: 2 together, 1 elsewhere". @param {Seats} seats */
export function together(seats) {
  const count = seats.chosen.size, longest = Math.max(0, ...runsOf(seats).map((run) => run.length));
  if (count === 0) return t("No seats chosen");
  if (count === 1) return seatCount(1);
  if (longest === count) return count === 2 ? t("2 seats, side by side") : t("{seats}, all together", { seats: seatCount(count) });
  if (longest === 1) return t("{seats}, none together", { seats: seatCount(count) });
  return t("{seats}: {together} together, {elsewhere} elsewhere", { seats: seatCount(count), together: longest, elsewhere: count - longest });
}

/** What a press on a seat did. @param {Seats} seats @param {number} seat */
export function pressed(seats, seat) {
  return t("{seats}: {together}", { seats: address(seats, seat), together: together(seats) });
}

/** What a press on a group did. @param {Seats} seats */
export function pressedGroup(seats) {
  return seats.chosen.size ? t("{seats}: {together}", { seats: chosenPlaces(seats), together: together(seats) }) : together(seats);
}

/** @param {Seats} seats @param {number[]} lost @returns {[string, string]} */
export function justTaken(seats, lost) {
  const which = lost.length === 1 ? address(seats, lost[0] ?? 0) : seatCount(lost.length);
  const rest = seats.chosen.size ? t("Your other seats are still chosen.") : "";
  return [t("Someone else just took {which}.", { which }), rest];
}

/** @param {boolean} isMap */
export function nothingYet(isMap) {
  return isMap ? t("Tap a section, or let us find seats") : t("Choose a section, a row and a seat");
}

/** @returns {[string, string]} */
export function newSeats() {
  return [t("New seats are on sale."), t("What you chose stays.")];
}

export function showThem() {
  return t("Show them");
}

/** @param {number} most @returns {[string, string]} */
export function tooMany(most) {
  return [t("You can hold {most} at most.", { most }), t("Take a seat out before you choose another.")];
}

/** @param {number} count */
export function hold(count) {
  return n("Hold {count} seat", "Hold {count} seats", count);
}

/** @param {Seats} seats @param {number} seat */
export function takeInstead(seats, seat) {
  return t("Take {seat} instead", { seat: address(seats, seat) });
}

/** @param {Seats} seats @param {number} seat */
export function takeOut(seats, seat) {
  return t("Take out {seat}", { seat: address(seats, seat) });
}

/** @param {number} count */
export function findTogether(count) {
  return count > 1 ? t("Find {count} together", { count: number(count) }) : t("Find a seat");
}

/** @param {number} count */
export function putTogether(count) {
  return t("Put all {count} together", { count: number(count) });
}

/** @param {number} count */
export function changedInRow(count) {
  return n("{count} seat in this row changed.", "{count} seats in this row changed.", count);
}

/** @param {Date} since */
export function interrupted(since) {
  return t("Live view interrupted, last seen {time}", { time: time(since) });
}

/** What is held now. @param {Date} until @returns {[string, string]} */
export function yours(until) {
  return [t("Yours until {time}.", { time: time(until) }), ""];
}

export function giveBack() {
  return t("Give them back");
}

/** @returns {[string, string]} */
export function whoBuys() {
  return [t("Who is buying?"), t("The organiser sells a limited number to one person.")];
}

export function yourEmail() {
  return t("Your e‑mail");
}

export function holdThese() {
  return t("Hold these");
}

export function noAnswer() {
  return { title: t("We lost the answer."), detail: t("Press again: you will not hold twice.") };
}

export function notLoaded() {
  return { title: t("The seats could not be loaded."), detail: t("Load the page again.") };
}
