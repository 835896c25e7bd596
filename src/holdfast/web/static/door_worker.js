// Service worker of the doors: keeps their pages and files, so that a door opens without a network.
//
// The server writes the names of the files into it. So a new version of the page is a new worker with a new store.

/** @type {any} */
const worker = self;
const FILES = /** @type {string[]} */ ([]);
const ROOT = new URL("../", worker.registration.scope).href;
const NAME = `door ${FILES.join(" ")}`;
/** A page that is kept waits no longer for the network. */
const PATIENCE = 1_000;

/** Return an address without what it asks. @param {{url: string}} of */
function plain({ url }) {
  return new URL(url).origin + new URL(url).pathname;
}

async function keepAll() {
  const store = await caches.open(NAME);
  await store.addAll(FILES.map((file) => new URL(file, ROOT).href));
  const pages = new Set(), open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  // A page that is open already was loaded without this worker.
  for (const client of open) if (client.url.startsWith(worker.registration.scope)) pages.add(plain(client));
  for (const name of await caches.keys()) {
    if (!name.startsWith("door ") || name === NAME) continue;
    for (const { url } of await (await caches.open(name)).keys()) if (url.startsWith(worker.registration.scope)) pages.add(url);
  }
  // A page that a former worker kept names files of its own version.
  for (const url of pages) await keep(store, url, await fetch(url));
  await worker.skipWaiting();
}

async function drop() {
  for (const name of await caches.keys()) if (name.startsWith("door ") && name !== NAME) await caches.delete(name);
  await worker.clients.claim();
}

/** @param {Cache} store @param {string} url @param {Response} answer */
async function keep(store, url, answer) {
  if (answer.ok && !answer.redirected) await store.put(url, answer.clone());
  return answer;
}

/** @param {Request} request */
async function sendPage(request) {
  const store = await caches.open(NAME), url = plain(request), kept = await store.match(url);
  const asked = fetch(request).then((answer) => keep(store, url, answer));
  if (kept === undefined) return asked;
  const late = new Promise((done) => setTimeout(done, PATIENCE, kept));
  return Promise.race([asked.then((answer) => (answer.status >= 500 ? kept : answer)), late]).catch(() => kept);
}

/** @param {Request} request */
async function sendFile(request) {
  return (await (await caches.open(NAME)).match(plain(request))) ?? fetch(request);
}

/** @param {any} event */
function answer(event) {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(sendPage(request));
  else if (plain(request).startsWith(`${ROOT}assets/`)) event.respondWith(sendFile(request));
}

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keepAll()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(drop()));
worker.addEventListener("fetch", answer);
