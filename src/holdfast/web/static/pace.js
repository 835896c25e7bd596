// Pace: cuts long work into short tasks, so that the browser can paint and answer presses in between.

/** Milliseconds that one task may take. A frame has 16. */
const SHORT = 12;

export class Pace {
  #since = performance.now();

  /** Let the browser do something else, if this work has kept it busy for long. */
  async rest() {
    if (performance.now() - this.#since < SHORT) return;
    await new Promise((done) => setTimeout(done));
    this.#since = performance.now();
  }
}
