// Tabs: all tabs of a browser that show an event share one stream of it.
//
// The tab that has the lock opens the stream, and passes each message on. If it closes or dies, the next tab in line
// gets the lock, and opens the stream where its own page stands. A message has all changes from one state to another,
// so it fits every page between the two. A page that stands before them has missed something, and catches up. Without
// locks, as on a page without HTTPS, each tab has its own stream.

/**
 * @typedef {"snapshot" | "change"} Kind
 * @typedef {{kind: Kind, id: string, before: string, data: string}} News
 * @typedef {{kind: "hello"} | {kind: "lost"} | {kind: "at", id: string} | News} Word what tabs say to each other
 * @typedef {object} Page what the stream needs of its page
 * @property {() => string} bookmark where the page stands
 * @property {() => void} open the stream is open
 * @property {() => void} lost the stream is away
 * @property {() => void} behind the page has missed something
 * @property {(kind: Kind, id: string, data: string) => void} take
 */

export class SharedStream {
  /** @param {string} base the address of the event in the API @param {Page} page */
  constructor(base, page) {
    this.base = base;
    this.page = page;
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {BroadcastChannel | null} */
    this.channel = null;
    /** Whether the leading tab has answered since this one joined. */
    this.isInStep = false;
    this.ended = new AbortController();
    if (navigator.locks && window.BroadcastChannel) this.#join(`holdfast ${new URL(base, document.baseURI).href}`);
    else this.#lead();
  }

  close() {
    this.ended.abort();
    this.source?.close();
    this.channel?.close();
    this.source = this.channel = null;
  }

  /** A stream that was refused stays away until somebody tries again. */
  retry() {
    if (this.source?.readyState === EventSource.CLOSED) this.#lead();
  }

  /** @param {string} name */
  #join(name) {
    const { signal } = this.ended;
    this.channel = new BroadcastChannel(name);
    this.channel.addEventListener("message", (event) => this.#hear(event.data));
    this.page.lost(); // until the leading tab answers
    const keep = () => {
      if (signal.aborted) return;
      this.#lead();
      return new Promise((done) => signal.addEventListener("abort", done));
    };
    navigator.locks.request(name, { signal }, keep).catch(() => signal.aborted || this.#lead());
    this.#say({ kind: "hello" });
  }

  /** Open the stream, and pass on what it brings. */
  #lead() {
    const since = this.page.bookmark();
    const source = (this.source = new EventSource(`${this.base}/stream${since ? `?since=${encodeURIComponent(since)}` : ""}`));
    source.addEventListener("open", () => {
      this.page.open();
      this.#say({ kind: "at", id: this.page.bookmark() });
    });
    source.addEventListener("error", () => {
      this.page.lost();
      this.#say({ kind: "lost" });
    });
    for (const kind of /** @type {Kind[]} */ (["snapshot", "change"])) {
      source.addEventListener(kind, ({ lastEventId: id, data }) => {
        const before = this.page.bookmark();
        this.page.take(kind, id, data);
        this.#say({ kind, id, before, data });
      });
    }
  }

  /** @param {Word} word */
  #say(word) {
    this.channel?.postMessage(word);
  }

  /** @param {Word} word */
  #hear(word) {
    if (this.source) {
      if (word.kind === "hello" && this.source.readyState === EventSource.OPEN) this.#say({ kind: "at", id: this.page.bookmark() });
    } else if (word.kind === "lost") {
      this.isInStep = false;
      this.page.lost();
    } else if (word.kind === "at") {
      this.page.open();
      if (!this.isInStep || word.id !== this.page.bookmark()) this.page.behind(); // an expiry alone has the same id
      this.isInStep = true;
    } else if (word.kind !== "hello") this.#follow(word);
  }

  /** Take a message that brings the page to a newer state. @param {News} news */
  #follow(news) {
    const here = this.page.bookmark();
    this.page.open();
    if (isOlder(news.id, here)) return;
    if (news.kind === "snapshot" || isWithin(here, news)) this.page.take(news.kind, news.id, news.data);
    else this.page.behind();
  }
}

/** Whether a message leads from a state to a newer one. @param {string} here @param {News} news */
function isWithin(here, { before, id }) {
  return here === before || (isOlder(before, here) && !isOlder(id, here) && sameEpoch(here, id));
}

/** @param {string} one @param {string} other */
function sameEpoch(one, other) {
  return one.split(".")[0] === other.split(".")[0];
}

/** Whether a state came before another of the same history. @param {string} one @param {string} other */
export function isOlder(one, other) {
  return sameEpoch(one, other) && Number(one.split(".")[1]) < Number(other.split(".")[1]);
}
