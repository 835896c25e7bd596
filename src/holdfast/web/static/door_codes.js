// Codes: what the code of a ticket says, and whether the server has signed it. `tickets/ticket_codes.py` writes them.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const PREFIX = "HF1", LENGTH = 138, SIGNED = 26;
/** Bytes of a code's SHA-256 that the list has. */
const HASH_BYTES = 12;
const ED25519 = "Ed25519";

/**
 * @typedef {{kid: string, event: number, booking: string, number: number, revision: number, signed: Uint8Array<ArrayBuffer>,
 *   signature: Uint8Array<ArrayBuffer>}} Code
 * @typedef {{kty: string, crv: string, x: string, kid: string}} PublicKey
 */

/** Return what a code says, whoever has made it; null for any other text. @param {string} text @returns {Code | null} */
export function readCode(text) {
  if (!text.startsWith(PREFIX) || text.length !== LENGTH) return null;
  const bytes = decodeBase45(text.slice(PREFIX.length));
  if (bytes === null || bytes.length !== SIGNED + 64) return null;
  const hex = hexOf(bytes.subarray(3, 19)), view = new DataView(bytes.buffer);
  return {
    kid: hexOf(bytes.subarray(0, 3)),
    event: Number.parseInt(hex.slice(0, 10), 16),
    booking: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
    number: (view.getUint8(19) << 16) | view.getUint16(20),
    revision: view.getUint32(22),
    signed: joined(new TextEncoder().encode(PREFIX), bytes.subarray(0, SIGNED)),
    signature: bytes.slice(SIGNED),
  };
}

/** Return the hash by which the list names a code. @param {string} text */
export async function hashOf(text) {
  const found = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return hexOf(new Uint8Array(found, 0, HASH_BYTES));
}

/** Verifies what the server has signed. An old browser knows no Ed25519: then only the list can answer. */
export class Signatures {
  /** @param {PublicKey[]} keys */
  constructor(keys) {
    this.keys = keys;
    /** @type {Map<string, Promise<CryptoKey>>} */
    this.imported = new Map();
  }

  /** @param {Code} code @returns {Promise<boolean | null>} null: this browser cannot say */
  async holds(code) {
    return this.#verify(code.kid, code.signature, code.signed);
  }

  /** @param {ArrayBuffer} body @param {string} signature in base 64 @returns {Promise<boolean | null>} */
  async holdsList(body, signature) {
    const content = joined(new TextEncoder().encode("HFL1"), new Uint8Array(body));
    const bytes = Uint8Array.from(atob(signature), (letter) => letter.charCodeAt(0));
    for (const key of this.keys) {
      const found = await this.#verify(key.kid, bytes, content);
      if (found !== false) return found;
    }
    return false;
  }

  /** @param {string} kid @param {Uint8Array<ArrayBuffer>} signature @param {Uint8Array<ArrayBuffer>} content */
  async #verify(kid, signature, content) {
    const key = this.keys.find((each) => each.kid === kid);
    if (key === undefined) return false;
    const { kty, crv, x } = key;
    const known = this.imported.get(kid) ?? crypto.subtle.importKey("jwk", { kty, crv, x }, ED25519, false, ["verify"]);
    this.imported.set(kid, known);
    try {
      return await crypto.subtle.verify(ED25519, await known, signature, content);
    } catch {
      return null;
    }
  }
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer> | null} */
function decodeBase45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const values = [...text.slice(at, at + 3)].map((digit) => DIGITS.indexOf(digit));
    if (values.length < 2 || values.includes(-1)) return null;
    const [low = 0, middle = 0, high = 0] = values, value = low + 45 * middle + 2025 * high;
    if (value > (values.length === 3 ? 0xffff : 0xff)) return null;
    if (values.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array} first @param {Uint8Array} second */
function joined(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
