// Texts: what the scripts say, in the language of the page. English is in the scripts themselves.

let isFlipped = false;
/** @type {Record<string, string | Record<string, string>>} */
let texts = {};
let plural = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en");
let clock = new Intl.DateTimeFormat("en");

/** @typedef {Record<string, string | number>} Values */

/** Speak the language of a page of ours. An element in a stranger's page speaks that of the page it shows. @param {Document} page */
export function speak(page) {
  const { dir, lang } = page.documentElement;
  texts = JSON.parse(page.querySelector("#texts")?.textContent || "{}");
  isFlipped = dir === "rtl";
  plural = new Intl.PluralRules(lang);
  numbers = new Intl.NumberFormat(lang);
  clock = new Intl.DateTimeFormat(lang, { timeStyle: "medium", hourCycle: "h23" });
}

/** Return a text. `{name}` in it is the value of that name. @param {string} text @param {Values} values */
export function t(text, values = {}) {
  const found = texts[text];
  return fill(typeof found === "string" ? found : text, values);
}

/** Return the text for a number of things. @param {string} one @param {string} many @param {number} count @param {Values} values */
export function n(one, many, count, values = {}) {
  const forms = texts[one], found = typeof forms === "object" ? forms[plural.select(count)] : undefined;
  return fill(found ?? (count === 1 ? one : many), { count: number(count), ...values });
}

/** @param {number} count */
export function number(count) {
  return numbers.format(count);
}

/** @param {Date} moment */
export function time(moment) {
  return clock.format(moment);
}

/** A value cannot disturb the order of the words around it. @param {string} text @param {Values} values */
function fill(text, values) {
  const [before, after] = isFlipped ? ["\u2068", "\u2069"] : ["", ""];
  return text.replace(/\{(\w+)\}/g, (whole, name) => `${before}${values[name] ?? whole}${after}`);
}
