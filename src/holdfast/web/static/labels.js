// Labels: finds a seat by its label. Each row keeps the part that its labels share, so that no list of all is needed.

export class Labels {
  /** @type {Map<string, {keys: string[], seats: number[], found: Map<string, number> | null}[]>} by what labels share */
  #rows = new Map();
  /** @type {Set<number>} */
  #lengths = new Set();

  /** Add a row: the label of a seat is `shared` and its key. @param {string} shared @param {string[]} keys @param {number[]} seats */
  add(shared, keys, seats) {
    const rows = this.#rows.get(shared) ?? [];
    rows.push({ keys, seats, found: null });
    this.#rows.set(shared, rows);
    this.#lengths.add(shared.length);
  }

  /** @param {string} label @returns {number | undefined} */
  get(label) {
    for (const length of this.#lengths) {
      for (const row of this.#rows.get(label.slice(0, length)) ?? []) {
        row.found ??= new Map(row.keys.map((key, place) => [key, row.seats[place] ?? -1]));
        const seat = row.found.get(label.slice(length));
        if (seat !== undefined) return seat;
      }
    }
    return undefined;
  }
}
