// List of a door: the tickets of an event, fetched while there is a network and signed by the server.

import { decideCheckIn } from "./decide.js";
import { Signatures, readCode } from "./door_codes.js";
import { unlisted } from "./door_store.js";

const WAIT = 20_000;

/**
 * @typedef {import("./door_store.js").ListedTicket} ListedTicket
 * @typedef {import("./door_store.js").KeptScan} KeptScan
 * @typedef {import("./door_store.js").DoorStore} DoorStore
 * @typedef {{api: string, keys: string}} Addresses
 */

/** The list has a signature that is not the server's. */
export class WrongSignature extends Error {}

/** Fetch the list, and keep it. Raises WrongSignature, and TypeError without a network. @param {DoorStore} store @param {Addresses} addresses */
export async function fetchList(store, { api, keys }) {
  const about = await (await get(`${api}/door`)).json(), found = await (await get(keys)).json();
  const rules = { re_entry: about.re_entry, lists: about.lists }, signatures = new Signatures(found.keys);
  /** @type {ListedTicket[]} */
  const tickets = [];
  let expires = Infinity, off = 0;
  for (let cursor = ""; ; ) {
    const answer = await get(`${api}/check-in-list${cursor && `?cursor=${encodeURIComponent(cursor)}`}`);
    const body = await answer.arrayBuffer();
    if ((await signatures.holdsList(body, answer.headers.get("signature-ed25519") ?? "")) === false) throw new WrongSignature();
    const page = JSON.parse(new TextDecoder().decode(body)), now = Date.now();
    // The clock of a phone may be wrong by days. What counts is how long the server's clock gives the list.
    off = Date.parse(answer.headers.get("date") ?? "") - now || 0;
    expires = Math.min(expires, Date.parse(page.valid_until) - off);
    for (const { code_hash, booking, number, label, area, category, why, movements } of page.items) {
      tickets.push({ event: store.event, code_hash, ticket: `${booking}-${number}`, label, area, category, why, movements });
    }
    if (page.next === null) break;
    cursor = page.next;
  }
  await store.replaceList(tickets, { rules, keys: found.keys, expires, off, fetched: Date.now() });
}

/**
 * Decide a scan without the server; null if this door knows too little.
 * @param {DoorStore} store @param {KeptScan} scan
 * @returns {Promise<{entry: import("./decide.js").Entry, ticket: ListedTicket | null} | null>}
 */
export async function decideAlone(store, scan) {
  const about = await store.aboutList();
  if (about === null || Date.now() > about.expires) return null;
  const { why, ticket } = await look(store, scan, new Signatures(about.keys));
  const at = new Date(Date.parse(scan.at) + about.off).toISOString();
  const scanned = { why: why ?? ticket?.why ?? null, area: ticket?.area ?? null, category: ticket?.category ?? null };
  const last = ticket?.movements[scan.list ?? ""] ?? null;
  return { entry: decideCheckIn({ ...scan, at, shown: false }, scanned, about.rules, last), ticket };
}

/**
 * Find the ticket of a code. One that is not on the list may be newer than the list: then its signature counts.
 * @param {DoorStore} store @param {KeptScan} scan @param {Signatures} signatures
 * @returns {Promise<{why: string | null, ticket: ListedTicket | null}>}
 */
async function look(store, scan, signatures) {
  const listed = await store.find(scan.code_hash);
  if (listed !== null) return { why: null, ticket: listed };
  const code = readCode(scan.code);
  if (code === null || (await signatures.holds(code)) !== true) return { why: "not_ours", ticket: null };
  if (code.event !== scan.event) return { why: "other_event", ticket: null };
  const ticket = `${code.booking}-${code.number}`;
  if ((await store.findTicket(ticket)) !== null) return { why: "reissued", ticket: null };
  return { why: null, ticket: unlisted(scan, ticket) };
}

/** @param {string} address */
async function get(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(WAIT) });
  if (!answer.ok) throw new TypeError(`${address}: ${answer.status}`);
  return answer;
}
