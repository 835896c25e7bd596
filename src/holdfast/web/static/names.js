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
 * @typedef {{name: string, note: string, box: Box, form: Form}} Label
 */

/** @type {Form[]} with the number of free seats where that fits, else the name alone */
const FORMS = [
  { size: 13, height: 33, wide: 62, high: 44, hasCount: true },
  { size: 10.5, height: 16.5, wide: 26, high: 0, hasCount: false },
];
/** A name may stand out of its section by so much. */
const OUTSIDE = 24;

/** How wide texts are: to measure a hundred in each frame would take longer than to draw them. @type {Map<string, number>} */
const widths = new Map();
const MAX_WIDTHS = 5_000;

/** @param {CanvasRenderingContext2D} c @param {string} font @param {string} text */
function widthOf(c, font, text) {
  const key = `${font}|${text}`, known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size > MAX_WIDTHS) widths.clear();
  c.font = font;
  const { width } = c.measureText(text);
  widths.set(key, width);
  return width;
}

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
  /** @type {Label[]} */
  const written = [];
  seats.sections.forEach((section, index) => {
    const place = outlines[index];
    if (place && section.name) FORMS.some((form) => findRoom(c, section, form, onScreen(place, view), palette, written));
  });
  c.fillStyle = palette.raised;
  c.globalAlpha = 0.92;
  for (const { box, form } of written) {
    c.beginPath();
    c.roundRect(box.left, box.top, box.right - box.left, form.height, 4);
    c.fill();
  }
  c.globalAlpha = 1;
  c.fillStyle = palette["map-label"];
  for (const form of FORMS) writeForm(c, written.filter((label) => label.form === form), form, palette);
  c.font = `700 13px ${palette.font}`;
  for (const { name, points } of seats.areas) {
    const place = onScreen(outlineOf(points), view);
    if (widthOf(c, c.font, name) < place.right - place.left) c.fillText(name, (place.left + place.right) / 2, (place.top + place.bottom) / 2);
  }
}

/** @param {CanvasRenderingContext2D} c @param {Label[]} labels all of one form @param {Form} form @param {Palette} palette */
function writeForm(c, labels, form, palette) {
  if (!labels.length) return;
  c.font = nameFont(form, palette);
  for (const { name, box } of labels) c.fillText(name, (box.left + box.right) / 2, (box.top + box.bottom) / 2 - (form.hasCount ? 7.5 : 0));
  if (!form.hasCount) return;
  c.font = countFont(form, palette);
  for (const { note, box } of labels) c.fillText(note, (box.left + box.right) / 2, (box.top + box.bottom) / 2 + 8);
}

/** @param {Form} form @param {Palette} palette */
function nameFont(form, palette) {
  return `700 ${form.size}px ${palette.font}`;
}

/** @param {Form} form @param {Palette} palette */
function countFont(form, palette) {
  return `450 ${form.size - 1.5}px ${palette.font}`;
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
 * @param {Label[]} written those that have their room already
 * @returns {boolean} whether there was room
 */
function findRoom(c, section, form, place, palette, written) {
  const wide = place.right - place.left;
  if (wide < form.wide || place.bottom - place.top < form.high) return false;
  const note = form.hasCount ? left(section.free) : "", { name } = section;
  const width = Math.max(widthOf(c, nameFont(form, palette), name), note ? widthOf(c, countFont(form, palette), note) : 0) + 10;
  const x = (place.left + place.right) / 2, y = (place.top + place.bottom) / 2;
  const box = { left: x - width / 2, top: y - form.height / 2, right: x + width / 2, bottom: y + form.height / 2 };
  if (width > wide + OUTSIDE || written.some((other) => touches(box, other.box, -2))) return false;
  written.push({ name, note, box, form });
  return true;
}
