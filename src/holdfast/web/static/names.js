// Names: what the parts of a house are called, written on the map where there is room.

import { outlineOf, touches } from "./geometry.js";
import { left } from "./words.js";

/**
 * @typedef {import("./seats.js").Seats} Seats
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {import("./geometry.js").Outline} Outline
 * @typedef {import("./glyphs.js").Palette} Palette
 * @typedef {import("./glyphs.js").View} View
 * @typedef {{size: number, height: number, wide: number, high: number, hasCount: boolean}} Form
 */

/** @type {Form[]} with the number of free seats where that fits, else the name alone */
const FORMS = [
  { size: 13, height: 33, wide: 62, high: 44, hasCount: true },
  { size: 10.5, height: 16.5, wide: 26, high: 0, hasCount: false },
];
/** A name may stand out of its section by so much. */
const OUTSIDE = 24;

/**
 * @param {CanvasRenderingContext2D} c
 * @param {Seats} seats
 * @param {Outline[]} outlines of the sections
 * @param {Palette} palette
 * @param {View} view
 */
export function paintNames(c, seats, outlines, palette, view) {
  c.textAlign = "center";
  c.textBaseline = "middle";
  /** @type {Box[]} */
  const written = [];
  seats.sections.forEach((section, index) => {
    const place = outlines[index];
    if (place && section.name) FORMS.some((form) => paintName(c, section, form, onScreen(place, view), palette, written));
  });
  c.fillStyle = palette["map-label"];
  c.font = `700 13px ${palette.font}`;
  for (const { name, points } of seats.areas) {
    const place = onScreen(outlineOf(points), view);
    if (c.measureText(name).width < place.right - place.left) c.fillText(name, (place.left + place.right) / 2, (place.top + place.bottom) / 2);
  }
}

/** @param {Box} box @param {View} view @returns {Box} */
function onScreen(box, view) {
  const { left: x, top: y, scale } = view;
  return { left: (box.left - x) * scale, top: (box.top - y) * scale, right: (box.right - x) * scale, bottom: (box.bottom - y) * scale };
}

/**
 * @param {CanvasRenderingContext2D} c
 * @param {import("./seats.js").Section} section
 * @param {Form} form
 * @param {Box} place
 * @param {Palette} palette
 * @param {Box[]} written where names are already
 * @returns {boolean} whether there was room
 */
function paintName(c, section, form, place, palette, written) {
  const wide = place.right - place.left, note = left(section.free);
  if (wide < form.wide || place.bottom - place.top < form.high) return false;
  c.font = `700 ${form.size}px ${palette.font}`;
  const nameWidth = c.measureText(section.name).width;
  c.font = `450 ${form.size - 1.5}px ${palette.font}`;
  const width = Math.max(nameWidth, form.hasCount ? c.measureText(note).width : 0) + 10;
  const x = (place.left + place.right) / 2, y = (place.top + place.bottom) / 2;
  const label = { left: x - width / 2, top: y - form.height / 2, right: x + width / 2, bottom: y + form.height / 2 };
  if (width > wide + OUTSIDE || written.some((other) => touches(label, other, -2))) return false;
  written.push(label);
  c.fillStyle = palette.raised;
  c.globalAlpha = 0.92;
  c.beginPath();
  c.roundRect(label.left, label.top, width, form.height, 4);
  c.fill();
  c.globalAlpha = 1;
  c.fillStyle = palette["map-label"];
  if (form.hasCount) c.fillText(note, x, y + 8);
  c.font = `700 ${form.size}px ${palette.font}`;
  c.fillText(section.name, x, y - (form.hasCount ? 7.5 : 0));
  return true;
}
