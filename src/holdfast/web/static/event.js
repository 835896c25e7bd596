// Event: makes the event's page live. With numbered seats it adds the map, the live list and the bar.

import { count, openChooser } from "./chooser.js";
import { Live } from "./live.js";
import { startSteppers } from "./steppers.js";
import { speak } from "./texts.js";
import { showYourTime, waitForSale } from "./times.js";

/** A narrower window, or a page at 400 percent, gets the list first. */
const MAP_PIXELS = 340;

/** The browser may keep nothing for a page in another site's frame. @param {string} key @param {string[]} labels */
function keep(key, labels) {
  try {
    sessionStorage.setItem(key, JSON.stringify(labels));
  } catch {
    // then a reload forgets the choice
  }
}

/** @param {string} key @returns {string[]} */
function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {HTMLElement} root */
async function startSeats(root) {
  const { event = "", page = "", chosen = "[]" } = root.dataset, key = `seats-${event}`;
  const before = new URLSearchParams(location.search);

  /** Keep the open row in the address, so that a reload returns to it. */
  const moved = () => {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(chooser.place)) {
      if (value === null) query.delete(name);
      else query.set(name, value);
    }
    history.replaceState(null, "", `${page}${query.size ? `?${query}` : ""}${chooser.isMap ? "" : "#list"}`);
  };
  const chooser = await openChooser(document, {
    isList: location.hash === "#list" || innerWidth < MAP_PIXELS,
    moved,
    chose: () => keep(key, [...chooser.seats.chosen].map((seat) => chooser.seats.labelOf(seat))),
    renew: () => location.assign(page + location.search),
  });
  chooser.open(before.get("section"), before.get("row"));
  const refused = JSON.parse(chosen), labels = refused.length ? refused : kept(key);
  const lost = labels.length ? chooser.choose(labels) : [];
  if (refused.length && lost.length) chooser.bar.sayTaken(lost);
}

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload(); // what was chosen may be held by now
});
speak(document);
startSteppers(document);
showYourTime();
waitForSale(document, () => location.reload());
const root = document.querySelector("#seats"), status = document.querySelector("#status");
if (root instanceof HTMLElement && root.dataset.map) await startSeats(root); // if it fails, the server's list stays
else if (status instanceof HTMLElement && status.dataset.api) count(new Live(status.dataset.api, ""), document);
