// The form of a new event with scripts: only the chosen kind of places is shown, a file goes into the field of the
// plan, and the preview follows what is typed. The server draws it, as it does without scripts.

import {presentEvent} from "./organise_presentation.js";

const PAUSE_MS = 300;

const form = /** @type {HTMLFormElement} */ (document.querySelector("#event-form"));
const file = /** @type {HTMLInputElement} */ (document.querySelector("#plan-file"));
const plan = /** @type {HTMLTextAreaElement} */ (document.querySelector("#plan"));

let waiting = 0;
let asked = 0;

/** Show the fields of the chosen kind only. */
function showKind() {
  const chosen = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=kind]:checked"))?.value;
  for (const part of form.querySelectorAll("[data-kind]")) {
    if (part instanceof HTMLElement) part.hidden = part.dataset.kind !== chosen;
  }
}

/** Ask for the preview. An answer that a later question has overtaken is dropped. */
async function preview() {
  const number = ++asked;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "poster") body.append(name, value);
  }
  body.set("act", "preview");
  const answer = await fetch(form.action, {method: "POST", body, headers: {accept: "text/html"}});
  if (number !== asked || !answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const made = page.querySelector("#preview");
  const shown = document.querySelector("#preview");
  if (made && shown) shown.replaceChildren(...made.childNodes);
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => preview().catch(() => {}), PAUSE_MS);
}

form.addEventListener("change", showKind);
form.addEventListener("input", soon);
file.addEventListener("change", async () => {
  const chosen = file.files?.[0];
  if (!chosen) return;
  plan.value = await chosen.text();
  soon();
});
const fileField = document.querySelector("#plan-file-field");
if (fileField instanceof HTMLElement) fileField.hidden = false;
showKind();
soon();
presentEvent();
