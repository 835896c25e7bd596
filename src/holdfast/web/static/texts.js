// Texts: what the scripts say, in the language of the page. English is in the scripts themselves.

let isFlipped = false;
/** @type {Record<string, string | Record<string, string>>} */
let texts = {};
let language = "en";
/** @type {Intl.PluralRules | null} each is made when it is first needed: that takes a while */
let plural = null;
/** @type {Intl.NumberFormat | null} */
let numbers = null;

/** @typedef {Record<string, string | number>} Values */

/** Speak the language of a page of ours. An element in a stranger's page speaks that of the page it shows. @param {Document} page */
export function speak(page) {
  const { dir, lang } = page.documentElement;
  texts = JSON.parse(page.querySelector("#texts")?.textContent || "{}");
  isFlipped = dir === "rtl";
  [language, plural, numbers] = [lang, null, null];
}

/** Return a text. `{name}` in it is the value of that name. @param {string} text @param {Values} values */
export function t(text, values = {}) {
  const found = texts[text];
  return fill(typeof found === "string" ? found : text, values);
}

/** Return the text for a number of things. @param {string} one @param {string} many @param {number} count @param {Values} values */
export function n(one, many, count, values = {}) {
  const forms = texts[one], found = typeof forms === "object" ? forms[(plural ??= new Intl.PluralRules(language)).select(count)] : undefined;
  return fill(found ?? (count === 1 ? one : many), { count: number(count), ...values });
}

/** @param {number} count */
export function number(count) {
  return (numbers ??= new Intl.NumberFormat(language)).format(count);
}

/** @param {Date} moment */
export function time(moment) {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" }).format(moment);
}

/** Dates as the server writes them: the day before the month. @param {Intl.DateTimeFormatOptions} form */
export function dates(form) {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { hourCycle: "h23", ...form });
}

/** A value cannot disturb the order of the words around it. @param {string} text @param {Values} values */
function fill(text, values) {
  const [before, after] = isFlipped ? ["\u2068", "\u2069"] : ["", ""];
  return text.replace(/\{(\w+)\}/g, (whole, name) => `${before}${values[name] ?? whole}${after}`);
}
