// The overview of an event, kept up to date: news of the event's stream make the page ask for its numbers again, at
// most once in two seconds. The server writes them, as it does without scripts.

import { find } from "./dom.js";
import { Live } from "./live.js";

const PAUSE = 2_000;

const now = find("#now");
const { api = "", page = "" } = now.dataset;
let waiting = 0;
let isReading = false;
let isStale = false;

async function read() {
  waiting = 0;
  isStale = false;
  isReading = true;
  try {
    const answer = await fetch(page, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      if (!(part instanceof HTMLElement)) continue;
      const fresh = made.querySelector(`[data-live="${part.dataset.live}"]`);
      if (fresh) part.replaceChildren(...fresh.childNodes);
    }
  } finally {
    isReading = false;
    if (isStale) soon();
  }
}

/** Read once for all news of the next two seconds. */
function soon() {
  if (isReading) isStale = true;
  else waiting ||= setTimeout(() => read().catch(() => {}), PAUSE);
}

const live = new Live(api, "");
live.addEventListener("message", soon);
live.addEventListener("live", (event) => {
  if (event instanceof CustomEvent) find("#live").hidden = event.detail.since === null;
});
