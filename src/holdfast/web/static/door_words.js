// Words of a door: what it says of a scan. The server says the same without scripts (`web/door_page.py`).

import { t } from "./texts.js";

/**
 * @typedef {"ok" | "again" | "stop"} Tone
 * @typedef {{tone: Tone, word: string, says: string, admission: string}} Verdict
 */

/** @param {import("./door_log.js").Shown} shown @param {string} zone the venue's @returns {Verdict} */
export function verdictOf(shown, zone) {
  const [tone, word] = wordOf(shown);
  return { tone, word, says: reasonOf(shown, zone), admission: shown.admission ?? "" };
}

/** @param {import("./door_log.js").Shown} shown @returns {[Tone, string]} */
function wordOf({ verdict, direction }) {
  switch (verdict) {
    case "admitted":
      return ["ok", t("Let in")];
    case "left":
      return ["ok", t("Gone out")];
    case "again":
    case "duplicate":
      return ["again", t("Already in")];
    case "not_in":
      return ["again", t("Not inside")];
    case "refused":
      return ["again", direction === "in" ? t("Not let in") : t("Not inside")];
    case "undecided":
      return ["stop", t("Cannot say")];
    default:
      return ["stop", t("Stop")];
  }
}

/** @param {import("./door_log.js").Shown} shown @param {string} zone */
function reasonOf({ verdict, why, earlier }, zone) {
  if (verdict === "undecided") return t("There is no network, and this door has no list that still counts.");
  switch (why) {
    case null:
      return "";
    case "already_in":
      if (earlier === null) return "";
      return earlier.gate === null
        ? t("Came in at {time}.", { time: clock(earlier.at, zone) })
        : t("Came in at {time} through {gate}.", { time: clock(earlier.at, zone), gate: earlier.gate });
    case "other_event":
      return t("This ticket is for another event.");
    case "booking_cancelled":
      return t("This ticket was cancelled.");
    case "event_cancelled":
      return t("The event was cancelled.");
    case "returned":
      return t("This ticket was returned.");
    case "reissued":
      return t("This ticket was issued again. Only the newest code lets in.");
    case "list_unknown":
      return t("The event has no such list any more.");
    case "other_admission":
      return t("This ticket is not on the list.");
    case "too_early":
      return t("The list is not open yet.");
    case "too_late":
      return t("The list is closed.");
    case "no_re_entry":
      return t("Nobody comes back in after leaving.");
    case "never_in":
      return t("This ticket did not come in here.");
    case "by_device":
      return t("A door without a network has turned this ticket away.");
    default:
      return t("This is no ticket of ours.");
  }
}

/** Return a time of the venue's clock. @param {string | number} at @param {string} zone */
export function clock(at, zone) {
  const { lang } = document.documentElement;
  return new Intl.DateTimeFormat(lang, { timeStyle: "short", timeZone: zone }).format(new Date(at));
}
