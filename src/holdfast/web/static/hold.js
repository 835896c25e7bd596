// Hold: counts the time of a hold down, calmly, by the server's clock.

import { find } from "./dom.js";
import { n, speak, t } from "./texts.js";

speak(document);

const LATE = 30;
/** From here on the clock shows seconds. */
const SECONDS_FROM = 120;
/** Moments that are spoken. */
const SPOKEN = [300, 120, 60, 30];

/** The page's answer began to arrive when the server's clock showed `now`. @param {string} now */
function offsetOf(now) {
  const [navigation] = performance.getEntriesByType("navigation");
  const arrived = navigation instanceof PerformanceNavigationTiming && navigation.responseStart > 0 ? navigation.responseStart : performance.now();
  return Date.parse(now) - (performance.timeOrigin + arrived);
}

/** @param {number} seconds */
function spoken(seconds) {
  if (seconds >= 60) return n("{count} minute left.", "{count} minutes left.", seconds / 60);
  return t("{seconds} seconds left. Keep longer, or book now.", { seconds });
}

/** @param {HTMLElement} countdown */
function start(countdown) {
  const { now = "", until = "" } = countdown.dataset;
  const offset = offsetOf(now), end = Date.parse(until);
  const clock = find(".clock", countdown), voice = find("#time-left"), line = find("progress", countdown);
  const unit = document.createElement("small");
  let last = Infinity;

  const show = () => {
    const left = Math.ceil((end - (Date.now() + offset)) / 1_000);
    if (left <= 0) {
      clearInterval(timer);
      location.replace(countdown.dataset.page ?? ""); // the server says what became of the hold
      return;
    }
    if (left > SECONDS_FROM) {
      unit.textContent = ` ${t("min")}`;
      clock.replaceChildren(String(Math.ceil(left / 60)), unit);
    } else clock.replaceChildren(`${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
    if (line instanceof HTMLProgressElement) line.value = left;
    countdown.classList.toggle("is-last", left <= LATE);
    find("button", countdown).classList.toggle("button-primary", left <= LATE);
    const due = SPOKEN.find((moment) => left <= moment && last > moment && last !== Infinity);
    if (due !== undefined) voice.textContent = spoken(due);
    last = left;
  };
  const timer = setInterval(show, 250);
  addEventListener("pageshow", (event) => event.persisted && location.replace(countdown.dataset.page ?? ""));
  show();
}

/** What was chosen is held now, so the event's page need not remember it. @param {HTMLElement} countdown */
function forgetChoice(countdown) {
  sessionStorage.removeItem(`seats-${countdown.dataset.event}`);
}

const countdown = document.querySelector(".countdown");
if (countdown instanceof HTMLElement && countdown.dataset.until) {
  forgetChoice(countdown);
  start(countdown);
}
