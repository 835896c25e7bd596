// Puts the secret of a link, which stands behind "#", into the form that sends it. The address keeps no secret.

import { find, keepSecret } from "./dom.js";

const form = find("#open");
const field = /** @type {HTMLInputElement} */ (find("input", form));
const button = /** @type {HTMLButtonElement} */ (find("button", form));
const token = location.hash.slice(1);

if (token) {
  field.value = token;
  button.disabled = false;
  keepSecret(token);
  history.replaceState(null, "", location.pathname);
} else {
  find("#incomplete").hidden = false;
}
