// What the types of the embedded seat map promise, as a page in TypeScript uses them. The compiler reads it, nobody runs it.

import { HoldfastSeatMap as Written } from "../../src/holdfast/web/static/embed.js";
import type { ChosenSeat, Hold, HoldfastSeatMap } from "../../src/holdfast/web/static/seat-map";

export const kept: Pick<HoldfastSeatMap, "selected" | "select" | "hold" | "release" | "buyer"> = new Written();

const map = document.querySelector("holdfast-seat-map");
const chosen: ChosenSeat[] = [];
map?.addEventListener("select", (event) => chosen.push(...event.detail.seats));
map?.addEventListener("hold", (event) => {
  const hold: Hold = event.detail;
  event.preventDefault();
  console.log(hold.id, hold.hold_token, hold.expires_at);
});
map?.addEventListener("error", (event) => console.log(event.detail.code));
if (map) map.buyer = { reference: "customer-81", email: "ada@example.org" };
map?.addEventListener("click", () => void map.release());
