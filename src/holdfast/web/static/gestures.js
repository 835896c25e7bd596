// Gestures: one finger or the pointer moves the map, two zoom it. Every gesture has a button or a key, too.

import { TAP_PIXELS } from "./picture.js";

/** @typedef {import("./picture.js").Picture} Picture */

/** A pointer that moved less has tapped. */
const TAP_MOVE = 6;
const STEP = Math.SQRT2;
const PAN_PIXELS = 80;

/**
 * Let a frame's canvas and buttons move its picture.
 * @param {HTMLElement} frame
 * @param {Picture} picture
 * @param {{choose: (seat: number) => void, ask: (seats: number[]) => void, hover: (seat: number) => void}} on
 */
export function listen(frame, picture, on) {
  const { canvas } = picture;
  /** @type {Map<number, {x: number, y: number}>} */
  const pointers = new Map();
  let moved = 0, isEngaged = false, isAsked = false;

  /** @param {PointerEvent | MouseEvent} event */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, point(event));
    moved = pointers.size > 1 ? Infinity : 0;
    isEngaged = true;
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId), now = point(event);
    if (!before) {
      if (event.pointerType === "mouse") on.hover(picture.view.scale < TAP_PIXELS ? -1 : picture.find(now.x, now.y));
      return;
    }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, each]) => each);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    const other = others[0];
    if (other) {
      const factor = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      picture.zoom(factor, (now.x + other.x) / 2, (now.y + other.y) / 2);
      picture.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    } else if (moved > TAP_MOVE) picture.pan(now.x - before.x, now.y - before.y);
    pointers.set(event.pointerId, now);
  });

  canvas.addEventListener("pointerup", (event) => {
    const isTap = pointers.delete(event.pointerId) && moved <= TAP_MOVE;
    if (isTap) tap(point(event), event.pointerType === "mouse");
  });
  canvas.addEventListener("touchend", (event) => {
    if (isAsked) event.preventDefault(); // else the click that a touch becomes would press a button of the sheet
    isAsked = false;
  });
  canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
  canvas.addEventListener("pointerleave", () => {
    isEngaged = false;
    on.hover(-1);
  });

  /** @param {{x: number, y: number}} where @param {boolean} isExact the pointer shows beforehand which seat it means */
  const tap = ({ x, y }, isExact) => {
    const [across, down] = picture.place(x, y);
    if (picture.view.scale < TAP_PIXELS) {
      if (picture.sectionAt(across, down) >= 0) picture.open(across, down);
      return;
    }
    const [seat, ...others] = isExact ? [picture.find(x, y)] : picture.meant(x, y);
    if (seat === undefined || seat < 0) return;
    isAsked = others.length > 0;
    if (isAsked) on.ask([seat, ...others]);
    else on.choose(seat);
  };

  canvas.addEventListener("dblclick", (event) => {
    const { x, y } = point(event);
    if (picture.view.scale >= TAP_PIXELS && picture.find(x, y) < 0) picture.zoom(2, x, y);
  });

  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !isEngaged) return; // the page scrolls
    event.preventDefault();
    const { x, y } = point(event);
    picture.zoom(Math.exp(-event.deltaY / (event.ctrlKey ? 120 : 400)), x, y);
  }, { passive: false });

  for (const button of frame.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(picture, /** @type {HTMLElement} */ (button).dataset.zoom ?? ""));
  }
}

/** @param {Picture} picture @param {string} how */
export function zoom(picture, how) {
  if (how === "fit") picture.fit();
  else picture.zoom(how === "in" ? STEP : 1 / STEP);
}

/** Move the map by a key with Shift. @param {Picture} picture @param {string} key @returns {boolean} */
export function panByKey(picture, key) {
  const [across, down] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key] ?? [0, 0];
  if (!across && !down) return false;
  picture.pan((across ?? 0) * PAN_PIXELS, (down ?? 0) * PAN_PIXELS);
  return true;
}
