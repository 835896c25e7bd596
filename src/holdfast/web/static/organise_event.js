// The overview of an event, kept up to date: news of the event's stream make the page ask for its numbers again, at
// most once in two seconds. The server writes them, as it does without scripts.

import { find } from "./dom.js";
import { Fresh } from "./fresh.js";
import { Heat } from "./heat.js";
import { Live } from "./live.js";
import { SalesPlot } from "./sales_plot.js";
import { speak } from "./texts.js";

speak(document);
const heated = document.querySelector("#heat"), heat = heated instanceof HTMLElement ? new Heat(heated) : null;
const { api = "", page = "" } = find("#now").dataset, plot = new SalesPlot();
const fresh = new Fresh(page, () => {
  plot.refresh();
  heat?.refresh().catch(() => {});
}), live = new Live(api, "");
live.addEventListener("message", () => fresh.soon());
live.addEventListener("live", (event) => {
  if (event instanceof CustomEvent) find("#live").hidden = event.detail.since === null;
});
