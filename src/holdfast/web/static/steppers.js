// Steppers: the buttons beside a number, which take a thumb where the browser's own arrows are too small.

import { findTogether } from "./words.js";

/** Give each stepper its buttons, which a page without scripts does not show. @param {Document | ShadowRoot} within */
export function startSteppers(within) {
  for (const stepper of within.querySelectorAll(".stepper")) {
    const field = stepper.querySelector("input");
    if (!field) continue;
    for (const button of stepper.querySelectorAll("button")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        if (button.dataset.step === "up") field.stepUp();
        else field.stepDown();
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    }
  }
  const together = within.querySelector("#together"), find = within.querySelector("#find");
  if (!(together instanceof HTMLInputElement) || !find) return;
  const name = () => (find.textContent = findTogether(Number(together.value)));
  together.addEventListener("input", name);
  name();
}
