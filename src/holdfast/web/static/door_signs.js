// Signs of a door: a tone and a vibration for each verdict, for who looks elsewhere. A light that stays on.

const QUIET = "holdfast-door-quiet";
/** Notes in hertz and their seconds: up, twice the same, down. @type {Record<string, [number, number][]>} */
const TONES = {
  ok: [[660, 0.09], [990, 0.16]],
  again: [[440, 0.14], [0, 0.07], [440, 0.14]],
  stop: [[220, 0.35], [147, 0.45]],
};
/** Milliseconds on and off. @type {Record<string, number[]>} */
const BUZZES = { ok: [80], again: [120, 80, 120], stop: [500] };

/** @type {AudioContext | null} */
let audio = null;

/** Give the signs of a verdict, unless the person has switched them off. @param {"ok" | "again" | "stop"} tone */
export function sign(tone) {
  if (isQuiet()) return;
  navigator.vibrate?.(BUZZES[tone] ?? []);
  audio ??= new AudioContext();
  void audio.resume();
  let at = audio.currentTime;
  for (const [pitch, seconds] of TONES[tone] ?? []) {
    if (pitch) play(audio, pitch, at, seconds);
    at += seconds;
  }
}

export function isQuiet() {
  return localStorage.getItem(QUIET) === "1";
}

/** @param {boolean} quiet */
export function setQuiet(quiet) {
  localStorage.setItem(QUIET, quiet ? "1" : "0");
}

/** Keep the screen on while the page is seen. */
export async function stayAwake() {
  if (!("wakeLock" in navigator)) return;
  const ask = () => document.hidden || navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", ask);
  await ask();
}

/** @param {AudioContext} context @param {number} pitch @param {number} at @param {number} seconds */
function play(context, pitch, at, seconds) {
  const voice = new OscillatorNode(context, { type: "triangle", frequency: pitch });
  const loudness = new GainNode(context, { gain: 0 });
  loudness.gain.setValueAtTime(0, at);
  loudness.gain.linearRampToValueAtTime(0.6, at + 0.01);
  loudness.gain.setValueAtTime(0.6, at + seconds - 0.02);
  loudness.gain.linearRampToValueAtTime(0, at + seconds);
  voice.connect(loudness).connect(context.destination);
  voice.start(at);
  voice.stop(at + seconds);
}
