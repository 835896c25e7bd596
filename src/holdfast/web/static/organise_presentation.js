// The description and the poster in the forms of an event. The server makes the description safe, as for the page; the
// picture goes into a hidden field, in base 64.

const PAUSE_MS = 300;

/** Let the form show its description and its poster before they are saved. */
export function presentEvent() {
  const text = document.querySelector("#description");
  const file = document.querySelector("#poster-file");
  if (text instanceof HTMLTextAreaElement) followText(text);
  if (file instanceof HTMLInputElement) followFile(file);
}

/** Show what the page will show of the text. An answer that a later question has overtaken is dropped.
 * @param {HTMLTextAreaElement} text */
function followText(text) {
  let waiting = 0;
  let asked = 0;
  const show = async () => {
    const number = ++asked;
    const body = new URLSearchParams({description: text.value});
    const answer = await fetch(text.dataset.preview ?? "", {method: "POST", body, headers: {accept: "text/html"}});
    if (number !== asked || !answer.ok) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#description-shown");
    const preview = document.querySelector("#description-preview");
    if (!made || !(preview instanceof HTMLElement)) return;
    preview.querySelector("#description-shown")?.replaceChildren(...made.childNodes);
    preview.hidden = text.value.trim() === "";
  };
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show().catch(() => {}), PAUSE_MS);
  });
}

/** Put the chosen picture into the form, and show it.
 * @param {HTMLInputElement} file */
function followFile(file) {
  const field = /** @type {HTMLInputElement} */ (document.querySelector("#poster"));
  const shown = /** @type {HTMLImageElement} */ (document.querySelector("#poster-shown"));
  const part = document.querySelector("#poster-field");
  if (part instanceof HTMLElement) part.hidden = false;
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    const address = chosen ? await asAddress(chosen) : "";
    field.value = address.split(",")[1] ?? "";
    if (!chosen) return;
    shown.removeAttribute("width");
    shown.removeAttribute("height");
    shown.src = address;
    shown.hidden = false;
  });
  shown.addEventListener("error", () => { shown.hidden = true; }); // the server says why it is refused
}

/** Return the file as an address with its bytes, which the page's policy allows.
 * @param {File} file
 * @returns {Promise<string>} */
function asAddress(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}
