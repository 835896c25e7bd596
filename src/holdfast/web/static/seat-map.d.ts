// The types of `/embed/seat-map.js`: the seats of an event of a Holdfast server, as an element of any page.

/** A chosen seat. `label` names it in the API; the others are for people. */
export interface ChosenSeat {
  label: string;
  section: string;
  row: string;
  name: string;
  category: string;
}

/** What the server holds for this visitor: the answer of `POST /v1/holds`. */
export interface Hold {
  id: string;
  /** The proof that the hold is this visitor's. Only this answer has it: keep it, and give it to nobody. */
  hold_token: string;
  /** Until when, in UTC (RFC 3339), by the clock that shows `server_time`. */
  expires_at: string;
  server_time: string;
  quantity: number;
  lines: { seats?: string[]; category?: string | null; area?: string; quantity?: number }[];
  [member: string]: unknown;
}

/** Why something was refused, as the API says it. `code` never changes; the texts may. */
export interface Problem {
  code: string;
  title: string;
  detail: string;
}

/** Who buys, as `POST /v1/holds` takes it. `reference` is your own name for the buyer; `max_per_buyer` counts by it. */
export interface Buyer {
  reference?: string;
  name?: string;
  email?: string;
}

export interface SeatMapEvents {
  /** The seats are shown, or the reason why there are none. */
  ready: Event;
  /** Other seats are chosen. */
  select: CustomEvent<{ seats: ChosenSeat[] }>;
  /** Seats are held. After `preventDefault()` the element does not say so itself. */
  hold: CustomEvent<Hold>;
  /** What was held is given back. */
  release: Event;
  /** Something was refused, or the server is away. After `preventDefault()` the element does not say so itself. */
  error: CustomEvent<Problem>;
}

/**
 * `<holdfast-seat-map event="7">`. Attributes: `event` (number or id), `server` (default: where the script comes from),
 * `locale`, `max` (seats that may be chosen), `quantity` (a press chooses this number side by side), `buyer`
 * (who buys), and `data-theme` (`light` or `dark`; default: that of the page).
 */
export class HoldfastSeatMap extends HTMLElement {
  /** The labels of the chosen seats. */
  readonly selected: string[];
  /** Who buys, or null. A text is your own name for the buyer. Without one, the element asks where an event needs it. */
  buyer: Buyer | string | null;
  /** Choose exactly these seats. Those that cannot be had are left out. */
  select(labels: string[]): void;
  /** Hold the chosen seats. Resolves to null if that was refused; the event `error` says why. */
  hold(): Promise<Hold | null>;
  /** Give back what this element holds. */
  release(): Promise<void>;
  addEventListener<K extends keyof SeatMapEvents>(
    type: K,
    listener: (this: HoldfastSeatMap, event: SeatMapEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "holdfast-seat-map": HoldfastSeatMap;
  }
}
