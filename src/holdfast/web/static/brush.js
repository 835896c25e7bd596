// Brush: a rectangle that is drawn over the map chooses the seats in it, and a tap chooses one. While another tool is in
// hand, the pointer moves the map as it does for a buyer.

/** A pointer that moved less has tapped. */
const TAP_MOVE = 6;

/**
 * @param {HTMLElement} frame
 * @param {import("./picture.js").Picture} picture
 * @param {{isInHand: () => boolean, tap: (seat: number) => void, brush: (seats: number[]) => void}} on
 */
export function listenToBrush(frame, picture, on) {
  const { canvas } = picture, box = document.createElement("div");
  box.className = "brush-box";
  box.hidden = true;
  frame.append(box);
  /** @type {{id: number, x: number, y: number} | null} */
  let from = null;

  /** @param {PointerEvent} event */
  const point = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  /** @param {{x: number, y: number}} one @param {{x: number, y: number}} other */
  const rectangle = (one, other) => ({
    left: Math.min(one.x, other.x), top: Math.min(one.y, other.y), right: Math.max(one.x, other.x), bottom: Math.max(one.y, other.y),
  });
  /** The map must not move, too. @param {PointerEvent} event */
  const take = (event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  const end = () => {
    from = null;
    box.hidden = true;
  };

  frame.addEventListener("pointerdown", (event) => {
    if (!on.isInHand() || event.target !== canvas || from) return;
    take(event);
    canvas.setPointerCapture(event.pointerId);
    from = { id: event.pointerId, ...point(event) };
    frame.focus({ preventScroll: true });
  }, true);

  frame.addEventListener("pointermove", (event) => {
    if (from?.id !== event.pointerId) return;
    take(event);
    const { left, top, right, bottom } = rectangle(from, point(event));
    box.hidden = right - left <= TAP_MOVE && bottom - top <= TAP_MOVE;
    for (const [name, value] of Object.entries({ left, top, width: right - left, height: bottom - top })) {
      box.style.setProperty(name, `${value}px`);
    }
  }, true);

  frame.addEventListener("pointerup", (event) => {
    if (from?.id !== event.pointerId) return;
    take(event);
    const to = point(event), { left, top, right, bottom } = rectangle(from, to);
    end();
    if (right - left <= TAP_MOVE && bottom - top <= TAP_MOVE) {
      const [across, down] = picture.place(to.x, to.y), seat = picture.grid.nearest(across, down, 0.6, () => true);
      if (seat >= 0) on.tap(seat);
      return;
    }
    /** @type {number[]} */
    const seats = [];
    picture.grid.within(...picture.place(left, top), ...picture.place(right, bottom), (seat) => seats.push(seat));
    on.brush(seats);
  }, true);
  frame.addEventListener("pointercancel", end, true);
}
