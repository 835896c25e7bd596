// Store of a door: its log of scans and its list of tickets, in the browser's database. Each change is one transaction.
//
// The log survives a reload, a killed tab and a dead battery. A scan leaves it only when the server has answered it.

/**
 * @typedef {import("./decide.js").Movement} Movement
 * @typedef {import("./decide.js").Entry} Entry
 * @typedef {import("./decide.js").DoorRules} DoorRules
 * @typedef {{code: string, direction: "in" | "out", gate: string | null, list: string | null}} Asked
 * @typedef {Asked & {seq: number, event: number, at: string, code_hash: string, ticket: string | null, shown: boolean,
 *   refused: boolean, entry: Entry | null}} KeptScan `entry` is what this door has decided by itself
 * @typedef {{event: number, code_hash: string, ticket: string, label: string, area: string | null,
 *   category: string | null, why: string | null, movements: Record<string, Movement>}} ListedTicket
 * @typedef {{rules: DoorRules, keys: import("./door_codes.js").PublicKey[], expires: number, off: number,
 *   fetched: number}} AboutList times by this device's clock; `off`: how far the server's is ahead, in milliseconds
 * @typedef {{seq: number, shown: boolean, outcome: string, verdict: string, why: string | null, earlier: Movement | null,
 *   at: string, direction: "in" | "out", gate: string | null, list: string | null, admission: string | null}} Answer
 */

const NAME = "holdfast-door", VERSION = 1;
const PASSES = ["admitted", "left"];

export class DoorStore {
  /** @param {IDBDatabase} database @param {number} event */
  constructor(database, event) {
    this.database = database;
    this.event = event;
  }

  /** @param {number} event */
  static async open(event) {
    const opening = indexedDB.open(NAME, VERSION);
    opening.onupgradeneeded = () => {
      const made = opening.result;
      made.createObjectStore("about");
      made.createObjectStore("tickets", { keyPath: ["event", "code_hash"] }).createIndex("ticket", ["event", "ticket"]);
      made.createObjectStore("scans", { keyPath: "seq" }).createIndex("event", "event");
    };
    const database = await result(opening);
    database.onversionchange = () => database.close();
    return new DoorStore(database, event);
  }

  /** Return the name of this device, which is new in each browser. */
  async device() {
    return this.#change(["about"], async ([about]) => {
      const found = await result(about.get("device"));
      if (typeof found === "string") return found;
      const made = `door-${crypto.randomUUID()}`;
      about.put(made, "device");
      return made;
    });
  }

  /** Take another name: a copy of this browser's data has used the present one. @param {string} before */
  async rename(before) {
    return this.#change(["about"], async ([about]) => {
      if ((await result(about.get("device"))) === before) about.put(`door-${crypto.randomUUID()}`, "device");
    });
  }

  /** Append a scan, before anything is shown of it. @param {Asked & {code_hash: string}} asked @returns {Promise<KeptScan>} */
  async append(asked) {
    return this.#change(["about", "scans"], async ([about, scans]) => {
      const seq = await nextSeq(about);
      const undecided = { ticket: null, shown: false, refused: false, entry: null };
      const kept = { ...asked, ...undecided, seq, event: this.event, at: new Date().toISOString() };
      scans.add(kept);
      return kept;
    });
  }

  /**
   * Keep what the door has decided by itself. Return false if the server has answered meanwhile.
   * @param {KeptScan} scan @param {Entry} entry @param {ListedTicket | null} ticket
   */
  async decide(scan, entry, ticket) {
    return this.#change(["scans", "tickets"], async ([scans, tickets]) => {
      if ((await result(scans.get(scan.seq))) === undefined) return false;
      const shown = PASSES.includes(entry.verdict);
      scans.put({ ...scan, entry, shown, refused: !shown, ticket: ticket?.ticket ?? null });
      if (shown && ticket) await move(tickets, ticket, scan);
      return true;
    });
  }

  /** Return the event's scans that the server has not answered, in their order. @returns {Promise<KeptScan[]>} */
  async unsent() {
    const scans = this.database.transaction("scans").objectStore("scans");
    return result(scans.index("event").getAll(this.event));
  }

  /** @returns {Promise<number>} */
  async countUnsent() {
    return result(this.database.transaction("scans").objectStore("scans").index("event").count(this.event));
  }

  /**
   * Remove the scans that the server has answered. What the door let pass although the server would not have is
   * appended once more, as what has happened. Return the scans as they were kept.
   * @param {Answer[]} answers @returns {Promise<KeptScan[]>}
   */
  async settle(answers) {
    return this.#change(["about", "scans", "tickets"], async ([about, scans, tickets]) => {
      const settled = [];
      for (const answer of answers) {
        /** @type {KeptScan | undefined} */
        const kept = await result(scans.get(answer.seq));
        if (kept === undefined) continue;
        settled.push(kept);
        scans.delete(kept.seq);
        const isOther = answer.outcome === "conflict";
        const isUntold = kept.shown && !answer.shown && !PASSES.includes(answer.verdict);
        if (isOther || isUntold) scans.add({ ...kept, seq: await nextSeq(about) });
        if (isOther || !PASSES.includes(answer.verdict)) continue;
        const ticket = await result(tickets.get([this.event, kept.code_hash]));
        if (ticket !== undefined) await move(tickets, ticket, answer);
      }
      return settled;
    });
  }

  /** @param {string} codeHash @returns {Promise<ListedTicket | null>} */
  async find(codeHash) {
    const tickets = this.database.transaction("tickets").objectStore("tickets");
    return (await result(tickets.get([this.event, codeHash]))) ?? null;
  }

  /** Return one of the codes of a ticket. @param {string} ticket @returns {Promise<ListedTicket | null>} */
  async findTicket(ticket) {
    const tickets = this.database.transaction("tickets").objectStore("tickets");
    return (await result(tickets.index("ticket").get([this.event, ticket]))) ?? null;
  }

  /** @returns {Promise<AboutList | null>} */
  async aboutList() {
    return (await result(this.database.transaction("about").objectStore("about").get(`list ${this.event}`))) ?? null;
  }

  /** Take another list. What this door has let pass since stays. @param {ListedTicket[]} listed @param {AboutList} about */
  async replaceList(listed, about) {
    return this.#change(["about", "tickets", "scans"], async ([all, tickets, scans]) => {
      tickets.delete(IDBKeyRange.bound([this.event, ""], [this.event, "\uffff"]));
      for (const ticket of listed) tickets.put(ticket);
      all.put(about, `list ${this.event}`);
      /** @type {KeptScan[]} */
      const kept = await result(scans.index("event").getAll(this.event));
      for (const scan of kept) {
        if (!scan.shown || scan.ticket === null) continue;
        await move(tickets, (await result(tickets.get([this.event, scan.code_hash]))) ?? unlisted(scan, scan.ticket), scan);
      }
    });
  }

  /**
   * @template T
   * @param {string[]} names
   * @param {(stores: [IDBObjectStore, IDBObjectStore, IDBObjectStore]) => Promise<T>} act awaits only the stores
   * @returns {Promise<T>}
   */
  async #change(names, act) {
    const change = this.database.transaction(names, "readwrite", { durability: "strict" });
    const ended = new Promise((done, fail) => {
      change.oncomplete = () => done(undefined);
      change.onabort = () => fail(change.error ?? new DOMException("aborted", "AbortError"));
    });
    try {
      const stores = names.map((name) => change.objectStore(name));
      const found = await act(/** @type {[IDBObjectStore, IDBObjectStore, IDBObjectStore]} */ (stores));
      await ended;
      return found;
    } catch (error) {
      ended.catch(() => {});
      if (change.error === null) tryAbort(change);
      throw change.error ?? error;
    }
  }
}

/** @param {IDBTransaction} change */
function tryAbort(change) {
  try {
    change.abort();
  } catch {
    // It has ended by itself.
  }
}

/** @param {IDBObjectStore} about */
async function nextSeq(about) {
  const seq = ((await result(about.get("seq"))) ?? 0) + 1;
  about.put(seq, "seq");
  return seq;
}

/** Return a ticket that was sold after the list. @param {{event: number, code_hash: string}} scan @param {string} ticket @returns {ListedTicket} */
export function unlisted({ event, code_hash }, ticket) {
  return { event, code_hash, ticket, label: "", area: null, category: null, why: null, movements: {} };
}

/** Set the last movement of a ticket, under each of its codes. @param {IDBObjectStore} tickets @param {ListedTicket} ticket @param {Movement & {list: string | null}} moved */
async function move(tickets, ticket, { direction, at, gate, list }) {
  /** @type {ListedTicket[]} */
  const codes = await result(tickets.index("ticket").getAll([ticket.event, ticket.ticket]));
  for (const each of codes.length ? codes : [ticket]) {
    tickets.put({ ...each, movements: { ...each.movements, [list ?? ""]: { direction, at, gate } } });
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}
