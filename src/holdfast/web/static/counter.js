// The counter: a press sells without leaving the page. If its answer gets lost, nothing else is sold, and the page asks
// the server what became of it until it knows. The question also ends the press, so a late request books nothing.

import { find } from "./dom.js";

const PAUSE = 2_000;
const PATIENCE = 15_000;

const kept = `counter ${location.pathname}`;
const main = find("#main");
const unanswered = find("#unanswered");

/** @typedef {{ask: string, fields: string}} Press a press whose answer is not known */

/** Send a form, and return the counter that the server shows after it; null for any other answer. @param {string} address @param {string} fields */
async function send(address, fields) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: fields,
      signal: AbortSignal.timeout(PATIENCE),
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return page.querySelector("#counter");
  } catch {
    return null;
  }
}

/** @param {Element} counter */
function show(counter) {
  sessionStorage.removeItem(kept);
  unanswered.hidden = true;
  find("#counter").replaceWith(document.adoptNode(counter));
  begin();
}

/** Ask for a press until the server says what became of it. @param {Press} press */
async function ask(press) {
  find("#counter").inert = true;
  unanswered.hidden = false;
  find("bdi", unanswered).textContent = [...new URLSearchParams(press.fields)]
    .filter(([name, value]) => value && name !== "form_key" && name !== "where")
    .map(([, value]) => value)
    .join(", ");
  for (;;) {
    const counter = await send(press.ask, press.fields);
    if (counter) return show(counter);
    await new Promise((done) => {
      addEventListener("online", done, { once: true });
      setTimeout(done, PAUSE);
    });
  }
}

/** @param {HTMLFormElement} form */
async function sell(form) {
  const fields = new URLSearchParams(/** @type {[string, string][]} */ ([...new FormData(form)])).toString();
  const press = { ask: form.dataset.ask ?? "", fields };
  sessionStorage.setItem(kept, JSON.stringify(press)); // before it is sent, so a reload asks for it, too
  find("#counter").inert = true;
  const counter = await send(form.action, fields);
  if (counter) show(counter);
  else await ask(press);
}

/** Let the buttons of the present counter work, and put the focus where the next key belongs. */
function begin() {
  const counter = find("#counter");
  const form = counter.querySelector("form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    void sell(form);
  });
  const button = counter.querySelector("[data-print]");
  if (button instanceof HTMLElement) {
    button.hidden = false;
    button.addEventListener("click", () => {
      print();
      focusOn("#what");
    });
  }
  focusOn(counter.dataset.sold === undefined ? "#what" : "[data-print], [data-first]");
}

/** @param {string} selector */
function focusOn(selector) {
  const field = main.querySelector(selector);
  if (field instanceof HTMLElement) field.focus();
}

const full = find("[data-full]");
if (document.fullscreenEnabled) {
  full.hidden = false;
  full.addEventListener("click", () => {
    void document.documentElement.requestFullscreen();
    focusOn("#what");
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") focusOn("#what");
});

begin();
const before = sessionStorage.getItem(kept);
if (before) void ask(JSON.parse(before));
