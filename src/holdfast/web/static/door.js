// Door page: takes codes from a hand-scanner, the keyboard or the camera, shows one large verdict for each, and goes on
// without a network. Without this script the form does the first of it.

import { Camera } from "./camera.js";
import { find, make } from "./dom.js";
import { WrongSignature, fetchList } from "./door_list.js";
import { DoorLog } from "./door_log.js";
import { isQuiet, setQuiet, sign, stayAwake } from "./door_signs.js";
import { DoorStore } from "./door_store.js";
import { clock, verdictOf } from "./door_words.js";
import { n, speak, t } from "./texts.js";

speak(document);

const MAX_CODE = 400;
/** A person who may pass is soon gone; who may not needs an answer. */
const SHOWN = 1_200;
const LIST_AGE = 300_000;
const COUNT_PAUSE = 5_000;
const CHOICES = "holdfast-door-choices";

const door = find("#door");
const { api = "", keys = "", page = "", worker = "", decoder = "", wasm = "", zone = "UTC", event = "0" } = door.dataset;
const form = /** @type {HTMLFormElement} */ (find("#scan"));
const code = /** @type {HTMLInputElement} */ (find("#code"));
const choices = ["direction", "gate", "list"].flatMap((name) => form.querySelector(`[name=${name}]`) ?? []);
const screen = find("#verdict");
let hiding = 0, counting = 0;
/** @type {Promise<unknown>} */
let turn = Promise.resolve();
/** @type {DoorLog | null} */
let log = null;

/** Scan one code after the other. @param {string} text */
export function scan(text) {
  const given = text.trim().slice(0, MAX_CODE);
  if (given) turn = turn.then(() => take(given)).catch(fail);
  return turn;
}

/** @param {string} text */
async function take(text) {
  if (log === null) return;
  const given = new FormData(form), direction = given.get("direction") === "out" ? "out" : "in";
  show(await log.scan({ code: text, direction, gate: textOf(given, "gate"), list: textOf(given, "list") }));
  counting ||= setTimeout(() => void count(), COUNT_PAUSE);
}

/** @param {FormData} given @param {string} name */
function textOf(given, name) {
  return String(given.get(name) ?? "").trim() || null;
}

/** @param {import("./door_log.js").Shown} shown */
function show(shown) {
  const verdict = verdictOf(shown, zone), icon = verdict.tone === "again" ? "warn" : verdict.tone;
  screen.className = `verdict verdict-screen verdict-${verdict.tone}`;
  const lines = [verdict.admission && make("bdi", {}, verdict.admission), verdict.says, shown.kept && t("Kept on this device, not sent yet.")];
  screen.replaceChildren(
    make("span", { class: `icon icon-${icon}`, "aria-hidden": "true" }),
    make("h1", { class: "verdict-word" }, verdict.word),
    ...lines.flatMap((line) => (line ? [make("p", { class: "verdict-says" }, line)] : [])),
  );
  screen.hidden = false;
  door.dataset.answered = String(shown.seq);
  sign(verdict.tone);
  clearTimeout(hiding);
  if (verdict.tone === "ok") hiding = setTimeout(hide, SHOWN);
  else screen.append(make("button", { class: "button button-large", type: "button" }, t("Next")));
  find("#last").textContent = [verdict.word, verdict.admission, verdict.says].filter(Boolean).join(" · ");
}

function hide() {
  clearTimeout(hiding);
  screen.hidden = true;
}

/** A scan could not be kept, so nobody may pass by it. @param {unknown} error */
function fail(error) {
  const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
  say("storage", isFull ? t("This device has no room left, so it cannot keep scans. Make room, or take another one.") : t("This device cannot keep scans. Load the page again, or take another one."));
  sign("stop");
}

/** @param {string} kind @param {string} sentence an empty one takes the banner away */
function say(kind, sentence) {
  const banner = find(`[data-says=${kind}]`);
  banner.hidden = !sentence;
  if (banner.textContent !== sentence) banner.textContent = sentence;
}

/** @param {DoorLog} from @param {DoorStore} store */
async function showState(from, store) {
  const unsent = await store.countUnsent(), since = from.since ? clock(from.since, zone) : "";
  const waits = unsent ? n("{count} scan is not sent yet.", "{count} scans are not sent yet.", unsent) : "";
  door.dataset.unsent = String(unsent);
  door.dataset.trouble = from.trouble;
  const about = {
    "": "",
    offline: t("No network since {time}. Go on scanning: this device keeps the scans and sends them later.", { time: since }),
    "signed-out": t("You are signed out. This device keeps the scans: sign in again to send them."),
    refused: t("The server takes some scans for invalid. They stay on this device."),
  }[from.trouble];
  say("network", from.trouble || unsent > 1 ? [about, waits].filter(Boolean).join(" ") : "");
}

/** @param {CustomEvent<{scan: import("./door_store.js").KeptScan, shown: import("./door_log.js").Shown}>} news */
function tellDifference({ detail: { scan: kept, shown } }) {
  const verdict = verdictOf(shown, zone), parts = [verdict.word, verdict.admission, verdict.says].filter(Boolean).join(" · ");
  const text = t("{time}: this door decided alone, and the server says: {verdict}", { time: clock(kept.at, zone), verdict: parts });
  find("#differences").hidden = false;
  find("#differences ul").prepend(make("li", {}, text));
}

async function count() {
  counting = 0;
  const answer = await fetch(page, { headers: { accept: "text/html" } }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#counts");
  if (fresh) find("#counts").replaceChildren(...fresh.childNodes);
}

/** @param {DoorStore} store @param {DoorLog} from */
async function refreshList(store, from) {
  const about = await store.aboutList();
  if (about !== null && Date.now() - about.fetched < LIST_AGE && about.fetched <= Date.now()) return;
  try {
    await fetchList(store, { api, keys });
    door.dataset.list = "fresh";
    say("list", "");
  } catch (error) {
    if (error instanceof WrongSignature) say("list", t("The list of tickets is not signed by this server. Without a network, this door decides nothing new."));
    else if (error instanceof DOMException && error.name === "QuotaExceededError") fail(error);
    else from.miss();
  }
}

/** Keep what the person has chosen, for a reload. */
function rememberChoices() {
  const known = JSON.parse(localStorage.getItem(CHOICES) ?? "{}")[event] ?? {};
  for (const field of choices) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) continue;
    if (field.name in known) field.value = known[field.name];
    field.addEventListener("change", () => {
      known[field.name] = field.value;
      localStorage.setItem(CHOICES, JSON.stringify({ ...JSON.parse(localStorage.getItem(CHOICES) ?? "{}"), [event]: known }));
    });
  }
}

function listen() {
  form.addEventListener("submit", (pressed) => {
    pressed.preventDefault();
    void scan(code.value);
    code.value = "";
    code.focus();
  });
  screen.addEventListener("click", hide);
  addEventListener("beforeunload", (leaving) => {
    if (Number(door.dataset.unsent)) leaving.preventDefault();
  });
  const quiet = /** @type {HTMLInputElement} */ (find("#signs"));
  quiet.checked = !isQuiet();
  quiet.addEventListener("change", () => {
    setQuiet(!quiet.checked);
    sign("ok");
  });
}

async function start() {
  if (!isSecureContext) {
    find("#insecure").hidden = false;
    return;
  }
  const store = await DoorStore.open(Number(event));
  const opened = new DoorLog(store, api, await store.device());
  opened.addEventListener("state", () => void showState(opened, store));
  opened.addEventListener("differs", (news) => news instanceof CustomEvent && tellDifference(news));
  log = opened;
  rememberChoices();
  listen();
  for (const part of document.querySelectorAll("[data-with-script]")) if (part instanceof HTMLElement) part.hidden = false;
  door.dataset.ready = "true";
  const camera = new Camera(find("#camera"), (text) => void scan(text), { decoder, wasm });
  void camera.resume();
  void navigator.storage?.persist?.();
  void stayAwake();
  await navigator.serviceWorker?.register(worker).catch(() => {});
  await opened.flush();
  await refreshList(store, opened);
  setInterval(() => void refreshList(store, opened), LIST_AGE);
  addEventListener("online", () => void refreshList(store, opened));
}

start().catch(fail);
