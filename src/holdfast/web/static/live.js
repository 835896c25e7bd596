// Live: follows an event without gaps, by the stream that the browser's tabs share. While the stream is away it asks
// every ten seconds.
//
// A hidden page follows nothing, so that tabs in the background use no connection. Shown again, it catches up.

import { SharedStream, isOlder } from "./tabs.js";

const POLL = 10_000;
/** A stream that is back within this time was no interruption. */
const PATIENCE = 3_000;

/**
 * @typedef {{name: string, available: number, held: number, capacity: number}} Counts
 * @typedef {{epoch: string, version: number, map_version: number, available: number, held: number, capacity: number,
 *   areas: Counts[], categories: Counts[], seats: {label: string, status: string}[]}} Message
 */

export class Live extends EventTarget {
  /**
   * @param {string} base the address of the event in the API
   * @param {string} bookmark of the state that the page has; "" for a page without one
   */
  constructor(base, bookmark) {
    super();
    this.base = base;
    this.bookmark = bookmark;
    this.seen = new Date();
    /** @type {SharedStream | null} */
    this.stream = null;
    /** @type {Promise<void> | null} */
    this.asking = null;
    this.isBehind = false;
    this.poll = 0;
    this.doubt = 0;
    this.ended = new AbortController();
    const { signal } = this.ended;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.#follow()), { signal });
    addEventListener("pagehide", () => this.#stop(), { signal });
    addEventListener("pageshow", () => document.hidden || this.#follow(), { signal });
    if (!document.hidden) this.#follow();
  }

  /** Follow nothing any more. */
  close() {
    this.ended.abort();
    this.#stop();
  }

  #follow() {
    if (this.stream || this.ended.signal.aborted) return;
    this.stream = new SharedStream(this.base, {
      bookmark: () => this.bookmark,
      open: () => this.#back(),
      lost: () => this.#lost(),
      behind: () => void this.#catchUp(),
      take: (kind, id, data) => {
        this.bookmark = id;
        this.#back();
        this.#tell(kind === "snapshot", JSON.parse(data));
      },
    });
  }

  #stop() {
    this.stream?.close();
    this.stream = null;
    clearInterval(this.poll);
    clearTimeout(this.doubt);
    this.poll = this.doubt = 0;
  }

  /** The stream is open. */
  #back() {
    clearInterval(this.poll);
    clearTimeout(this.doubt);
    this.poll = this.doubt = 0;
    this.seen = new Date();
    this.dispatchEvent(new CustomEvent("live", { detail: { since: null } }));
  }

  /** The browser connects again by itself, unless it was refused. */
  #lost() {
    this.doubt ||= setTimeout(() => {
      this.dispatchEvent(new CustomEvent("live", { detail: { since: this.seen } }));
      this.poll ||= setInterval(() => {
        this.stream?.retry();
        void this.#catchUp();
      }, POLL);
    }, PATIENCE);
  }

  /** Ask for what the page has missed. What it misses meanwhile, it asks for after that. */
  async #catchUp() {
    this.isBehind = true;
    if (this.asking) return;
    while (this.isBehind && this.stream) {
      this.isBehind = false;
      await (this.asking = this.#ask());
    }
    this.asking = null;
  }

  async #ask() {
    const query = this.bookmark ? `?since=${encodeURIComponent(this.bookmark)}` : "";
    const answer = await fetch(`${this.base}/availability${query}`).catch(() => null);
    if (!answer?.ok) return;
    const found = await answer.json(), bookmark = `${found.epoch}.${found.version}`;
    if (isOlder(bookmark, this.bookmark)) return;
    this.seen = new Date();
    if (found.reset) this.dispatchEvent(new Event("reset"));
    this.bookmark = bookmark;
    this.#tell(false, { ...found, seats: found.changes?.seats ?? [] });
  }

  /** @param {boolean} whole @param {Message} message */
  #tell(whole, message) {
    this.dispatchEvent(new CustomEvent("message", { detail: { whole, message } }));
  }
}
