/**
 * Check-in rules for a door without a network: the same as `door/decide.py`. `tests/door/vectors.json` decides for
 * both. Nothing here reads a clock, a page or a store.
 */

/**
 * @typedef {"in" | "out"} Direction
 * @typedef {{direction: Direction, at: string, gate: string | null}} Movement
 * @typedef {{direction: Direction, at: string, list: string | null, shown: boolean, refused?: boolean}} Scan
 * @typedef {{why: string | null, area: string | null, category: string | null}} ScannedTicket
 * @typedef {{name: string, areas: string[], categories: string[], opens_at: string | null,
 *   closes_at: string | null}} EntryList
 * @typedef {{re_entry: string, lists: EntryList[]}} DoorRules
 * @typedef {{verdict: string, why: string | null, earlier: Movement | null}} Entry
 */

/** @type {Map<string | null, string>} */
const REFUSED = new Map([
  ["not_ours", "unknown"],
  ["other_event", "wrong_event"],
]);

/**
 * Return what the door does.
 * @param {Scan} scan
 * @param {ScannedTicket} ticket
 * @param {DoorRules} rules
 * @param {Movement | null} last the ticket's last movement on the list of the scan
 * @returns {Entry}
 */
export function decideCheckIn(scan, ticket, rules, last) {
  const found = decide(scan, ticket, rules, last);
  // The door knew less than the log does. Nobody has passed, so it is no movement.
  return scan.refused && (found.verdict === "admitted" || found.verdict === "left") ? entry("refused", "by_device", last) : found;
}

/** @param {Scan} scan @param {ScannedTicket} ticket @param {DoorRules} rules @param {Movement | null} last @returns {Entry} */
function decide(scan, ticket, rules, last) {
  const refused = REFUSED.get(ticket.why);
  if (refused !== undefined) return entry(refused, ticket.why);
  const isIn = last !== null && last.direction === "in";
  if (scan.direction === "out") {
    // A ticket may become void while its bearer is inside, who leaves all the same.
    return isIn ? entry("left") : entry("not_in", "never_in", last);
  }
  if (ticket.why !== null) return entry("void", ticket.why);
  const why = notOnList(scan, ticket, rules);
  if (why !== null) return entry("not_on_list", why);
  if (last === null || rules.re_entry === "always") return entry("admitted");
  if (isIn) return entry(scan.shown ? "duplicate" : "again", "already_in", last);
  if (rules.re_entry === "never") return entry("again", "no_re_entry", last);
  return entry("admitted");
}

/**
 * @param {Scan} scan
 * @param {ScannedTicket} ticket
 * @param {DoorRules} rules
 * @returns {string | null}
 */
function notOnList(scan, ticket, rules) {
  if (scan.list === null) return null;
  const found = rules.lists.find((each) => each.name === scan.list);
  if (found === undefined) return "list_unknown";
  const isNamed =
    (ticket.area !== null && found.areas.includes(ticket.area)) ||
    (ticket.category !== null && found.categories.includes(ticket.category));
  if (found.areas.length + found.categories.length > 0 && !isNamed) return "other_admission";
  const at = Date.parse(scan.at);
  if (found.opens_at !== null && at < Date.parse(found.opens_at)) return "too_early";
  if (found.closes_at !== null && at >= Date.parse(found.closes_at)) return "too_late";
  return null;
}

/**
 * @param {string} verdict
 * @param {string | null} why
 * @param {Movement | null} earlier
 * @returns {Entry}
 */
function entry(verdict, why = null, earlier = null) {
  return { verdict, why, earlier };
}
