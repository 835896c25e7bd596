// Passwords: a button in each field shows what was typed, which helps more than it harms on a small keyboard.

import { make, set } from "./dom.js";
import { t } from "./texts.js";

/** Give each password of the page its button. */
export function letPasswordsShow() {
  for (const field of document.querySelectorAll("input")) if (field.type === "password") giveButton(field);
}

/** @param {HTMLInputElement} field */
function giveButton(field) {
  const about = { type: "button", class: "button button-quiet button-small", "aria-controls": field.id, "aria-pressed": "false" };
  const button = make("button", about, t("Show")), box = make("div", { class: "affix" });
  set(button, "aria-label", t("Show the password"));
  field.replaceWith(box);
  box.append(field, make("span", { class: "affix-end" }, button));
  button.addEventListener("click", () => {
    const isHidden = field.type === "password";
    field.type = isHidden ? "text" : "password";
    set(button, "aria-pressed", String(isHidden));
  });
  field.form?.addEventListener("submit", () => (field.type = "password")); // so that browsers offer to keep it
}
