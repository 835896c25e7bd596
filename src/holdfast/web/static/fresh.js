// Fresh: parts of a page that the server writes again. So a page says the same with scripts as without them.

const PAUSE = 2_000;

/** Show the parts of another version of this page. The button that has the focus keeps it. @param {Document} made */
export function takeParts(made) {
  for (const part of document.querySelectorAll("[data-live]")) {
    if (!(part instanceof HTMLElement)) continue;
    const fresh = made.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!fresh) continue;
    const active = document.activeElement, action = active && part.contains(active) ? active.closest("form")?.getAttribute("action") : null;
    for (const open of part.querySelectorAll("details[open][id]")) fresh.querySelector(`#${open.id}`)?.setAttribute("open", "");
    part.replaceChildren(...fresh.childNodes);
    if (action) /** @type {HTMLElement | null} */ (part.querySelector(`form[action="${action}"] button`))?.focus();
  }
}

/** @param {Response} answer */
export async function pageOf(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export class Fresh {
  /** @param {string} page its address @param {() => void} taken what follows a fresh version */
  constructor(page, taken = () => {}) {
    this.page = page;
    this.taken = taken;
    this.waiting = 0;
    this.isReading = false;
    this.isStale = false;
  }

  /** Read once for all news of the next two seconds. */
  soon() {
    if (this.isReading) this.isStale = true;
    else this.waiting ||= setTimeout(() => this.#read().catch(() => {}), PAUSE);
  }

  async #read() {
    this.waiting = 0;
    this.isStale = false;
    this.isReading = true;
    try {
      const answer = await fetch(this.page, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      takeParts(await pageOf(answer));
      this.taken();
    } finally {
      this.isReading = false;
      if (this.isStale) this.soon();
    }
  }
}
