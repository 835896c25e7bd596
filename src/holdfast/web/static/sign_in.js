// Sign-in with a passkey, where the browser knows passkeys. Without scripts the form does everything else.

import { find } from "./dom.js";
import { ask, knowsPasskeys, Refusal } from "./passkey.js";
import { letPasswordsShow } from "./passwords.js";
import { speak, t } from "./texts.js";

speak(document);
letPasswordsShow();

const button = /** @type {HTMLButtonElement} */ (find("#passkey"));
const root = button.dataset.root ?? "";

button.hidden = !knowsPasskeys();
button.addEventListener("click", async () => {
  button.disabled = true;
  try {
    const options = await ask(`${root}v1/sessions/passkey/options`);
    const used = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    if (!(used instanceof PublicKeyCredential)) throw new Refusal(0);
    await ask(`${root}v1/sessions/passkey`, { credential: used.toJSON() });
    location.assign(`${root}account`);
  } catch (error) {
    say(error instanceof Refusal && error.status === 429 ? t("Too many tries came from here. Wait a minute.") : t("No passkey of this device fits. Use your password, or a link by mail."));
    button.disabled = false;
  }
});

/** @param {string} sentence */
function say(sentence) {
  const banner = document.createElement("div"), heading = document.createElement("h2"), words = document.createElement("p");
  banner.className = "banner banner-warn";
  heading.className = "banner-title";
  heading.textContent = t("That did not work");
  words.textContent = sentence;
  banner.append(heading, words);
  find(".messages").replaceChildren(banner);
}
