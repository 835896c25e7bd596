// Passes a ticket's link on: by the phone's own way to share, or by the clipboard.

import { speak, t } from "./texts.js";

speak(document);

for (const part of document.querySelectorAll("[data-share]")) {
  const field = part.querySelector("input");
  const button = part.querySelector("button");
  if (!field || !button) continue;
  const canShare = typeof navigator.share === "function";
  if (!canShare && !navigator.clipboard) continue; // the field can be copied by hand
  if (!canShare) button.textContent = t("Copy the link");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (canShare) {
        await navigator.share({ title: button.dataset.title, url: field.value });
      } else {
        await navigator.clipboard.writeText(field.value);
        button.textContent = t("Copied");
      }
    } catch {
      field.select();
    }
  });
}
