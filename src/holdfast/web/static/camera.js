// Camera: shows what it sees, and reports each code once. A worker decodes; a picture that comes meanwhile is dropped.

import { find } from "./dom.js";
import { t } from "./texts.js";

/** A code that is away for this time may be asked again. The same ticket in view is one question. */
const AWAY = 2_000;
/** Pictures are cut to their middle, and made this small. */
const SIDE = 640;
const CHOSEN = "holdfast-door-camera";

/** @typedef {MediaTrackCapabilities & {torch?: boolean}} Able */

export class Camera {
  /** @param {HTMLElement} section @param {(text: string) => void} report @param {{decoder: string, wasm: string}} addresses */
  constructor(section, report, { decoder, wasm }) {
    this.report = report;
    this.addresses = { decoder, wasm };
    this.video = /** @type {HTMLVideoElement} */ (find("video", section));
    this.button = /** @type {HTMLButtonElement} */ (find("[data-camera=start]"));
    this.torch = /** @type {HTMLButtonElement} */ (find("[data-camera=torch]"));
    this.which = /** @type {HTMLSelectElement} */ (find("[data-camera=which] select"));
    this.section = section;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {MediaStream | null} */
    this.stream = null;
    this.isDecoding = false;
    this.decoded = 0;
    /** @type {Map<string, number>} when each code was last in view */
    this.seen = new Map();
    this.button.addEventListener("click", () => void (this.stream ? this.stop() : this.start()));
    this.torch.addEventListener("click", () => void this.#light(this.torch.getAttribute("aria-pressed") !== "true"));
    this.which.addEventListener("change", () => {
      localStorage.setItem(CHOSEN, this.which.value);
      this.stop();
      void this.start();
    });
    document.addEventListener("visibilitychange", () => document.hidden || !this.stream || void this.video.play());
  }

  /** Begin, if the person has allowed it before. */
  async resume() {
    const name = /** @type {PermissionName} */ ("camera");
    const allowed = await navigator.permissions?.query({ name }).catch(() => null);
    if (allowed?.state === "granted" && localStorage.getItem(`${CHOSEN}-on`) === "1") await this.start();
  }

  async start() {
    this.#say("");
    try {
      if (!navigator.mediaDevices) throw new DOMException("none", "NotFoundError");
      const id = localStorage.getItem(CHOSEN), size = { width: { ideal: 1280 }, height: { ideal: 720 } };
      const ask = (/** @type {object} */ one) => navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...one } });
      this.stream = await (id ? ask({ deviceId: { exact: id } }).catch(() => ask(BACK)) : ask(BACK));
    } catch (error) {
      this.#say(refusalOf(error));
      return;
    }
    localStorage.setItem(`${CHOSEN}-on`, "1");
    this.#work();
    this.video.srcObject = this.stream;
    this.section.hidden = false;
    this.button.setAttribute("aria-pressed", "true");
    const [track] = this.stream.getVideoTracks();
    track?.addEventListener("ended", () => {
      this.stop();
      this.#say(t("The camera has gone. Press the button to use it again, or type the code."));
    });
    const able = /** @type {Able | undefined} */ (track?.getCapabilities?.());
    this.torch.hidden = !able?.torch;
    await this.#listCameras(track);
    await this.video.play();
    this.#next();
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
    this.section.hidden = true;
    this.torch.hidden = true;
    this.button.setAttribute("aria-pressed", "false");
    localStorage.setItem(`${CHOSEN}-on`, "0");
  }

  #work() {
    if (this.worker) return;
    this.worker = new Worker(this.addresses.decoder, { type: "module" });
    this.worker.postMessage(this.addresses.wasm);
    this.worker.addEventListener("message", ({ data }) => {
      if (data.ready) this.section.dataset.ready = "true";
      else {
        this.isDecoding = false;
        this.section.dataset.decoded = String((this.decoded += 1));
        if (data.text) this.#see(data.text);
      }
      if (data.error) this.#broken();
    });
    this.worker.addEventListener("error", () => this.#broken());
  }

  #broken() {
    this.stop();
    this.#say(t("This browser cannot read codes by its camera. Type the code, or use a hand-scanner."));
  }

  #next() {
    const { stream, video } = this;
    const look = async () => {
      if (this.stream !== stream || stream === null) return;
      this.#next();
      if (this.isDecoding || !video.videoWidth || document.hidden) return;
      this.isDecoding = true;
      const side = Math.min(video.videoWidth, video.videoHeight), small = Math.min(side, SIDE);
      const at = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
      const options = { resizeWidth: small, resizeHeight: small };
      const picture = await createImageBitmap(video, at[0] ?? 0, at[1] ?? 0, side, side, options).catch(() => null);
      if (picture === null) this.isDecoding = false;
      else this.worker?.postMessage(picture, [picture]);
    };
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(() => void look());
    else setTimeout(() => void look(), 66);
  }

  /** @param {string} text */
  #see(text) {
    const now = performance.now(), before = this.seen.get(text) ?? -Infinity;
    this.seen.set(text, now);
    for (const [each, at] of this.seen) if (now - at > AWAY) this.seen.delete(each);
    if (now - before > AWAY) this.report(text);
  }

  /** @param {boolean} on */
  async #light(on) {
    const [track] = this.stream?.getVideoTracks() ?? [];
    const wanted = /** @type {MediaTrackConstraints} */ (/** @type {unknown} */ ({ advanced: [{ torch: on }] }));
    await track?.applyConstraints(wanted).then(() => this.torch.setAttribute("aria-pressed", String(on))).catch(() => {});
  }

  /** @param {MediaStreamTrack | undefined} used */
  async #listCameras(used) {
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    const [label] = this.which.labels ?? [];
    if (label?.parentElement) label.parentElement.hidden = cameras.length < 2;
    const options = cameras.map((each, at) => new Option(each.label || t("Camera {number}", { number: at + 1 }), each.deviceId));
    this.which.replaceChildren(...options);
    this.which.value = used?.getSettings().deviceId ?? "";
  }

  /** @param {string} sentence */
  #say(sentence) {
    const place = find("[data-says=camera]");
    place.hidden = !sentence;
    place.textContent = sentence;
  }
}

const BACK = { facingMode: { ideal: "environment" } };

/** @param {unknown} error */
function refusalOf(error) {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return t("The browser does not let this page use the camera. Allow it in the settings of the page, or type the code.");
    case "NotFoundError":
    case "OverconstrainedError":
      return t("This device has no camera. Type the code, or use a hand-scanner.");
    default:
      return t("The camera does not start. Another program may use it.");
  }
}
