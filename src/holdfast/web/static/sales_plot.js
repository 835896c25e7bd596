// Sales plot: bars of what was sold, and a line of the holds. Its sentence and its table say the same to those who do
// not see it. uPlot draws it, and the page loads uPlot before this script.

import { find } from "./dom.js";
import { dates } from "./texts.js";

/** @typedef {{zone: string, step: number, at: number[], admissions: number[], holds: number[]}} Points */

const HEIGHT = 220;
const DAY = 86_400;

/** @param {string} token */
function colour(token) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${token})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** @returns {Points} */
function read() {
  return JSON.parse(find("#sales-points").textContent || "{}");
}

/** The newest points, and how the axis writes their times. @param {Points} points */
function writer({ zone, step }) {
  const form = step * 120 > DAY * 3 ? { day: "numeric", month: "numeric" } : { hour: "2-digit", minute: "2-digit" };
  const format = dates({ .../** @type {Intl.DateTimeFormatOptions} */ (form), timeZone: zone });
  return (/** @type {number} */ at) => format.format(at * 1_000);
}

export class SalesPlot {
  constructor() {
    this.box = find("#sales-plot");
    /** @type {any} */
    this.uplot = /** @type {any} */ (globalThis).uPlot;
    if (!this.uplot) return; // then the table is all there is
    this.box.hidden = find("#sales-key").hidden = false;
    this.#draw();
    new ResizeObserver(() => this.plot.setSize({ width: this.box.clientWidth, height: HEIGHT })).observe(this.box);
    for (const theme of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      matchMedia(theme).addEventListener("change", () => {
        this.plot.destroy();
        this.#draw();
      });
    }
  }

  #draw() {
    const points = read(), write = writer(points), text = colour("text-muted"), line = colour("line");
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const number = new Intl.NumberFormat(document.documentElement.lang);
    this.plot = new this.uplot({
      width: this.box.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true }, y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ most) => [0, Math.max(4, most * 1.1)] } },
      axes: [
        { ...axis, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map(write), space: 70 },
        { ...axis, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((each) => (Number.isInteger(each) ? number.format(each) : "")), size: 50 },
      ],
      series: [
        {},
        { stroke: colour("state-booked"), fill: colour("state-booked"), width: 0, paths: this.uplot.paths.bars({ size: [0.7] }), points: { show: false } },
        { stroke: colour("state-held"), width: 2, points: { show: false } },
      ],
    }, [points.at, points.admissions, points.holds], this.box);
  }

  /** Show what the page has now. Nothing jumps: the plot keeps its size. */
  refresh() {
    const points = read();
    this.plot?.setData([points.at, points.admissions, points.holds]);
  }
}
