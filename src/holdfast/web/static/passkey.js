// Passkey: asks the API for what a browser needs to make or use one.

/** The API's refusal of a request. */
export class Refusal extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`refused: ${status}`);
    this.status = status;
  }
}

/** Return whether the browser can make and use passkeys, and read their options as JSON. */
export function knowsPasskeys() {
  return "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
}

/**
 * Send a request to the API.
 * @param {string} path @param {object} [body]
 * @returns {Promise<any>} the answer
 */
export async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!answer.ok) throw new Refusal(answer.status);
  return answer.json();
}
