// Sends the secret of a link, which stands behind "#", together with what the person types.

import { find, keepSecret, set } from "./dom.js";
import { letPasswordsShow } from "./passwords.js";
import { speak, t } from "./texts.js";

speak(document);
letPasswordsShow();

const form = /** @type {HTMLFormElement} */ (find("#link"));
const message = find("#message");
const button = /** @type {HTMLButtonElement} */ (find("button[type=submit]", form));
const token = location.hash.slice(1);

/** @param {string} tone @param {string} title @param {string} text */
function say(tone, title, text) {
  const banner = document.createElement("div");
  banner.className = `banner banner-${tone}`;
  const heading = document.createElement("h2");
  heading.className = "banner-title";
  heading.textContent = title;
  const words = document.createElement("p");
  words.textContent = text;
  banner.append(heading, words);
  message.replaceChildren(banner);
}

/** @returns {Promise<[string, string] | null>} why it was refused, or null */
async function send() {
  /** @type {Record<string, string>} */
  const body = { token };
  for (const field of form.querySelectorAll("input")) {
    if (field.value) body[field.name] = field.value;
  }
  const answer = await fetch(form.dataset.target ?? "", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) return null;
  const problem = await answer.json().catch(() => ({}));
  return [problem.title ? t(problem.title) : t("It did not work"), mark(problem.errors ?? []) || t(problem.detail ?? "")];
}

/**
 * Mark the fields that were refused.
 * @param {{pointer: string, detail: string}[]} errors
 * @returns {string} what to look at; "" if it is no field of this page
 */
function mark(errors) {
  const wrong = new Map(errors.map(({ pointer, detail }) => [pointer.slice(1), detail]));
  /** @type {string[]} */
  const sentences = [];
  for (const field of form.querySelectorAll("input")) {
    const detail = wrong.get(field.name);
    set(field, "aria-invalid", detail === undefined ? false : "true");
    if (detail === undefined) continue;
    if (!sentences.length) field.focus();
    sentences.push(t("Look at this again: {field}.", { field: field.labels?.[0]?.textContent ?? "" }));
    if (document.documentElement.lang === "en") sentences.push(detail); // the API speaks English
  }
  return sentences.join(" ");
}

if (token) {
  button.disabled = false;
  keepSecret(token);
} else {
  say("warn", t("The link is not complete"), t("Copy the whole link, with what follows the sign #."));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    const refusal = await send();
    if (refusal === null) {
      history.replaceState(null, "", location.pathname);
      form.remove();
      find("#lead").remove();
      find("#next").hidden = false;
      say("good", t("Done"), form.dataset.done ?? "");
      return;
    }
    say("bad", ...refusal);
  } catch {
    say("warn", t("No answer"), t("The network or the server is away. Press again: the link works once, and not twice."));
  }
  button.disabled = false;
});
