// Adds a passkey to the account. The browser asks its owner, and makes the key.

import { find } from "./dom.js";
import { ask, knowsPasskeys, Refusal } from "./passkey.js";
import { letPasswordsShow } from "./passwords.js";
import { speak, t } from "./texts.js";

speak(document);
letPasswordsShow();

const form = /** @type {HTMLFormElement} */ (find("#new-passkey"));
const root = form.dataset.root ?? "";
const why = find("#no-passkey");

form.hidden = !knowsPasskeys();
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  why.hidden = true;
  try {
    const options = await ask(`${root}v1/me/passkey-options`, { password: String(given.get("password")) });
    const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
    if (!(made instanceof PublicKeyCredential)) throw new Refusal(0);
    const name = String(given.get("name")).trim() || t("This device");
    await ask(`${root}v1/me/passkeys`, { name, credential: made.toJSON() });
    location.assign(`${root}account/security?done=passkey`);
  } catch (error) {
    why.textContent = error instanceof Refusal && error.status === 401 ? t("This is not your password.") : t("No passkey was made. Try again.");
    why.hidden = false;
  }
});
