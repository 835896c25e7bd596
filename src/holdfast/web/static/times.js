// Times: what the venue's clock shows, on the visitor's own; and the moment when the sale begins.

import { t } from "./texts.js";

const DAY = 24 * 3_600;
/** Milliseconds over which the pages of all visitors ask for the sale. */
const SPREAD = 2_000;

/** Say when the event begins where the visitor is, if clocks differ. */
export function showYourTime() {
  const note = document.querySelector("#your-time");
  if (!(note instanceof HTMLElement) || !note.dataset.at) return;
  const [, sign = "+", hours = "0", minutes = "0"] = /([+-])(\d\d):(\d\d)$/.exec(note.dataset.at) ?? [];
  const venue = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const moment = new Date(note.dataset.at);
  if (-moment.getTimezoneOffset() === venue) return;
  const { lang } = document.documentElement;
  const full = new Intl.DateTimeFormat(lang, { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  note.textContent = t("That is {time} where you are.", { time: full.format(moment) });
  note.hidden = false;
}

/** Act when the sale begins, within a day. @param {Document | ShadowRoot} within @param {() => void} act @returns {number} the timer */
export function waitForSale(within, act) {
  const status = within.querySelector("#status");
  const seconds = status instanceof HTMLElement ? Number(status.dataset.opensIn ?? 0) : 0;
  return seconds > 0 && seconds < DAY ? setTimeout(act, seconds * 1_000 + Math.random() * SPREAD) : 0;
}
