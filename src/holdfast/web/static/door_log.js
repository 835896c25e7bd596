// Log of a door: each scan is kept first, then the server decides it, or the door alone if the server is away.

import { hashOf } from "./door_codes.js";
import { decideAlone } from "./door_list.js";

/** A person waits no longer than this for the server. */
const PATIENCE = 1_500;
const SEND_LIMIT = 10_000;
const RETRY = 3_000;
/** Scans of one request: its body has a limit. */
const BATCH = 50;
const SINCE = "holdfast-door-offline";

/**
 * @typedef {import("./door_store.js").Asked} Asked
 * @typedef {import("./door_store.js").KeptScan} KeptScan
 * @typedef {import("./door_store.js").Answer} Answer
 * @typedef {{verdict: string, why: string | null, earlier: import("./decide.js").Movement | null, admission: string | null,
 *   kept: boolean, direction: "in" | "out", seq: number}} Shown `kept`: this door has decided it, and the server does not know it yet
 * @typedef {"" | "offline" | "signed-out" | "refused"} Trouble
 */

/** Dispatches `state` after each change, and `differs` when the server decides otherwise than the door has. */
export class DoorLog extends EventTarget {
  /** @param {import("./door_store.js").DoorStore} store @param {string} api the address of the event in the API @param {string} device */
  constructor(store, api, device) {
    super();
    this.store = store;
    this.api = api;
    this.device = device;
    /** @type {Map<number, Answer>} */
    this.answers = new Map();
    /** Scans that the server refuses as such. They stay, and hold up no others. @type {Set<number>} */
    this.stuck = new Set();
    /** @type {Trouble} */
    this.trouble = "";
    this.since = Number(localStorage.getItem(SINCE)) || 0;
    this.batch = BATCH;
    /** @type {Promise<void> | null} */
    this.flushing = null;
    this.timer = 0;
    addEventListener("online", () => void this.flush());
  }

  /** Keep a scan and decide it. Raises QuotaExceededError if the disk is full. @param {Asked} asked @returns {Promise<Shown>} */
  async scan(asked) {
    const scan = await this.store.append({ ...asked, code_hash: await hashOf(asked.code) });
    this.#say();
    const answer = await this.#ask(scan.seq);
    if (answer) return shownOf(answer);
    const found = await decideAlone(this.store, scan);
    const entry = found?.entry ?? { verdict: "undecided", why: null, earlier: null };
    if (!(await this.store.decide(scan, entry, found?.ticket ?? null))) {
      const late = this.answers.get(scan.seq);
      if (late) return shownOf(late);
    }
    return { ...entry, seq: scan.seq, admission: found?.ticket?.label || null, kept: true, direction: asked.direction };
  }

  /** Send what waits, the oldest first. */
  flush() {
    return (this.flushing ??= this.#flush().finally(() => {
      this.flushing = null;
      this.#say();
    }));
  }

  /** Wait for the server's answer to a scan, but not for long. @param {number} seq @returns {Promise<Answer | null>} */
  async #ask(seq) {
    let isLate = false;
    const late = new Promise((done) => setTimeout(() => done((isLate = true)), PATIENCE));
    while (!this.answers.has(seq) && !isLate) {
      const sent = this.flush();
      if (this.trouble || this.stuck.has(seq)) break;
      await Promise.race([sent, late]);
    }
    if (isLate && !this.answers.has(seq)) this.#lost();
    return this.answers.get(seq) ?? null;
  }

  async #flush() {
    clearTimeout(this.timer);
    this.timer = 0;
    for (;;) {
      const waiting = (await this.store.unsent()).filter((scan) => !this.stuck.has(scan.seq)).slice(0, this.batch);
      if (!waiting.length && this.trouble !== "offline") return;
      if (!(await (waiting.length ? this.#send(waiting) : this.#knock()))) {
        this.timer = setTimeout(() => void this.flush(), RETRY);
        return;
      }
    }
  }

  /** Ask whether the server is there again, although nothing waits for it. */
  async #knock() {
    const answer = await fetch(`${this.api}/door`, { signal: AbortSignal.timeout(SEND_LIMIT) }).catch(() => null);
    if (answer === null || answer.status >= 500) return this.#lost();
    this.#reached();
    return true;
  }

  /** The server is away, as somebody else has found. */
  miss() {
    if (!this.trouble) {
      this.#lost();
      this.timer ||= setTimeout(() => void this.flush(), RETRY);
    }
  }

  /** Return whether the server has answered. @param {KeptScan[]} waiting */
  async #send(waiting) {
    const items = waiting.map(({ seq, at, code, direction, gate, list, shown, refused }) => ({ seq, at, code, direction, gate, list, shown, refused }));
    const body = JSON.stringify({ device: this.device, sent_at: new Date().toISOString(), items });
    const headers = { "content-type": "application/json" };
    let answer, answers;
    try {
      answer = await fetch(`${this.api}/check-ins`, { method: "POST", headers, body, signal: AbortSignal.timeout(SEND_LIMIT) });
      answers = answer.ok ? /** @type {Answer[]} */ ((await answer.json()).items) : null;
    } catch {
      return this.#lost();
    }
    if (answers !== null) {
      await this.#take(answers);
      return true;
    }
    if (answer.status === 401 || answer.status === 403) return this.#stop("signed-out");
    if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return this.#lost();
    if (waiting.length > 1) {
      this.batch = 1;
      return true;
    }
    for (const { seq } of waiting) this.stuck.add(seq);
    return this.#stop("refused");
  }

  /** @param {Answer[]} answers */
  async #take(answers) {
    for (const answer of answers) if (answer.outcome !== "conflict") this.answers.set(answer.seq, answer);
    if (answers.some((answer) => answer.outcome === "conflict")) {
      await this.store.rename(this.device);
      this.device = await this.store.device();
    }
    const settled = await this.store.settle(answers);
    this.#reached();
    for (const scan of settled) {
      const answer = this.answers.get(scan.seq);
      if (answer && scan.entry && scan.entry.verdict !== answer.verdict) {
        const detail = { scan, shown: shownOf(answer) };
        if (passes(scan.entry.verdict) !== passes(answer.verdict)) this.dispatchEvent(new CustomEvent("differs", { detail }));
      }
    }
  }

  #reached() {
    this.trouble = this.stuck.size ? "refused" : "";
    this.since = 0;
    localStorage.removeItem(SINCE);
    this.#say();
  }

  /** @returns {false} */
  #lost() {
    if (!this.since) localStorage.setItem(SINCE, String((this.since = Date.now())));
    return this.#stop("offline");
  }

  /** @param {Trouble} trouble @returns {false} */
  #stop(trouble) {
    this.trouble = trouble;
    this.#say();
    return false;
  }

  #say() {
    this.dispatchEvent(new Event("state"));
  }
}

/** @param {Answer} answer @returns {Shown} */
function shownOf({ verdict, why, earlier, admission, direction, seq }) {
  return { verdict, why, earlier, admission, kept: false, direction, seq };
}

/** @param {string} verdict */
function passes(verdict) {
  return verdict === "admitted" || verdict === "left";
}
