// Purchase: holds by the API what a form of the event's page asks for, and gives it back.

import * as words from "./words.js";

/**
 * @typedef {import("./seat-map").Problem} Problem
 * @typedef {import("./seat-map").Hold} Hold
 * @typedef {import("./seat-map").Buyer} Buyer
 */

export class Purchase {
  /** @param {URL} server @param {string} event */
  constructor(server, event) {
    this.server = server;
    this.event = /^\d+$/.test(event) ? Number(event) : event;
    /** @type {Hold | null} */
    this.held = null;
    /** What was asked for without an answer: asked for again, it has the same key, and gets the same hold. */
    this.open = { body: "", key: "" };
  }

  /** @param {FormData} chosen @param {Buyer | string | null} buyer @returns {Promise<{hold?: Hold, problem?: Problem}>} */
  async hold(chosen, buyer) {
    const body = JSON.stringify({ event: this.event, lines: linesOf(chosen), ...(buyer && { buyer }) });
    if (body !== this.open.body) this.open = { body, key: newKey() };
    const answer = await this.#post("v1/holds", { "idempotency-key": this.open.key }, body);
    if (!answer || answer.status >= 500) {
      return { problem: { code: "outcome_unknown", ...words.noAnswer() } };
    }
    this.open = { body: "", key: "" };
    const found = await answer.json();
    if (!answer.ok) return { problem: found };
    this.held = found;
    return { hold: found };
  }

  /** Give back the last hold. */
  async release() {
    const { held } = this;
    this.held = null;
    if (held) await this.#post(`v1/holds/${held.id}/release`, { "hold-token": held.hold_token });
  }

  /** @param {string} path @param {Record<string, string>} headers @param {string} [body] */
  #post(path, headers, body) {
    if (body) headers["content-type"] = "application/json";
    return fetch(new URL(path, this.server), { method: "POST", headers, body, credentials: "omit" }).catch(() => null);
  }
}

/** Return the lines of a hold that a form asks for, as the server reads the same form. @param {FormData} chosen */
function linesOf(chosen) {
  const seats = chosen.getAll("seat"), together = Number(chosen.get("together"));
  if (seats.length) return [{ seats }];
  if (together) {
    const category = chosen.get("category"), accessible = chosen.has("accessible");
    return [{ best_available: together, ...(category && { category }), ...(accessible && { accessible }) }];
  }
  const quantities = chosen.getAll("quantity").map(Number);
  return chosen.getAll("area").map((area, i) => ({ area, quantity: quantities[i] ?? 0 })).filter(({ quantity }) => quantity);
}

/** A key that nobody can guess. `randomUUID` is missing on pages without TLS. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
