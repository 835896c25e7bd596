"""Measures: what one round of a browser's visit costs, each figure by the browser's own clock."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pages.shop import CHANGES_PER_SECOND, ROW_SEATS, Shop
from benchmarks.pages.tasks import main_thread_tasks
from support.browser import Browser, chromium

__all__ = ["measure_round", "soak", "watch_memory"]

PAN_FRAMES = 600
NEWS = 40
SOAK_MEASURES = 20
_MAP = ("seat-map?form=columns", "seats?form=packed")

_NOTE = """
  window.noted = {lcp: 0, open: 0};
  new PerformanceObserver((list) => { noted.lcp = list.getEntries().at(-1).startTime; })
    .observe({type: 'largest-contentful-paint', buffered: true});
  const look = () => {
    const bar = document.querySelector('#bar');
    if (bar && !bar.hidden) noted.open ||= performance.now();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
"""
"""Notes the largest paint, and the first frame in which the bar and the map can be used."""

_LOADED = """(() => {
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const isMap = (each) => each.name.includes('form=');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return {
    bytes: all.filter((each) => !isMap(each) && !each.name.includes('/stream'))
      .reduce((sum, each) => sum + each.encodedBodySize, 0),
    paint: paint ? paint.startTime : 0, lcp: noted.lcp, open: noted.open,
    map: Math.max(0, ...all.filter(isMap).map((each) => each.responseEnd)),
  };
})()"""

_PAN = f"""(() => {{
  window.frames_ = new Promise((done) => {{
    const times = [];
    const note = (now) => {{
      times.push(now);
      if (times.length <= {PAN_FRAMES}) requestAnimationFrame(note);
      else done(times.slice(1).map((time, at) => time - times[at]));
    }};
    requestAnimationFrame(note);
  }});
  frames_.then((found) => {{ window.panned = found; }});
}})()"""

_TAP = """(() => {
  window.tapped = 0;
  const says = document.querySelector('#bar .says');
  let from = 0;
  document.querySelector('.map > canvas').addEventListener('pointerup', (event) => { from = event.timeStamp; }, true);
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => { tapped ||= performance.now() - from; })))
    .observe(says, {childList: true, characterData: true, subtree: true});
})()"""

_HOLD = """(() => {
  const button = document.querySelector('#bar button[type=submit]');
  button.addEventListener('click', (event) => {
    sessionStorage.setItem('pressed', performance.timeOrigin + event.timeStamp);
  });
  button.click();
})()"""

_HELD = """(() => {
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return performance.timeOrigin + paint.startTime - Number(sessionStorage.getItem('pressed'));
})()"""

_NEWS = """(() => {
  window.seen = 0;
  const left = document.querySelector('[data-available]');
  new MutationObserver(() => requestAnimationFrame(() => { seen = performance.timeOrigin + performance.now(); }))
    .observe(left, {childList: true, characterData: true, subtree: true});
})()"""

_COUNT_NEWS = """(() => {
  window.news = 0;
  new MutationObserver(() => { news += 1; })
    .observe(document.querySelector('[data-available]'), {childList: true, characterData: true, subtree: true});
})()"""

_ROW = """(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  document.querySelector('[data-view=list]').click();
  const press = (selector) => document.querySelector(selector).click();
  press('[data-section="0"]');
  await frame();
  const from = performance.now();
  press('#list .rows .row-line');
  while (document.querySelectorAll('#list [role=option]').length === 0) await frame();
  const took = performance.now() - from;
  return [took, document.querySelectorAll('#list [role=option]').length, document.querySelectorAll('#list *').length];
})()"""


def measure_round(shop: Shop, folder: Path, number: int) -> dict[str, float]:
    """Return all figures of a first visit, with an empty cache."""
    found: dict[str, float] = {}
    with chromium(folder / f"profile{number}") as browser:
        browser.resize(1280, 800)
        browser.before_scripts(_NOTE)
        loaded = _visit(browser, f"{shop.url}/e/{shop.room}")
        found |= {
            "first_load_kib": loaded["bytes"] / 1024,
            "first_paint_ms": loaded["paint"],
            "largest_paint_ms": loaded["lcp"],
        }
        found |= _tap_and_hold(browser)
    with chromium(folder / f"arena{number}") as browser:
        browser.resize(1280, 800)
        browser.before_scripts(_NOTE)
        loaded = _visit(browser, f"{shop.url}/e/{shop.arena}")
        found |= {"map_open_ms": loaded["open"] - loaded["map"]}
        with shop.crowd():
            frames = _pan(browser)
        found |= {"pan_p95_ms": _quantile(frames, 0.95), "pan_p99_ms": _quantile(frames, 0.99)}
        found["news_p95_ms"] = _quantile(_news(browser, shop), 0.95)
        took, options, nodes = browser.run(_ROW)
        if options != ROW_SEATS:
            raise RuntimeError(f"the list shows {options} seats of a row of {ROW_SEATS}")
        found |= {"row_ms": took, "list_nodes": nodes}
    return found | _measure_tasks(shop, folder / f"tasks{number}")


def _measure_tasks(shop: Shop, profile: Path) -> dict[str, float]:
    """Return the processor time of the main thread. A visit of its own, because the trace takes time, too."""
    with chromium(profile) as browser:
        browser.resize(1280, 800)
        browser.before_scripts(_NOTE)
        with browser.traced() as opening:
            _visit(browser, f"{shop.url}/e/{shop.arena}")
        with browser.traced() as row:
            browser.run(_ROW)
    opened = main_thread_tasks(opening)
    return {
        "opening_ms": sum(opened),
        "longest_task_ms": max(opened),
        "longest_row_task_ms": max(main_thread_tasks(row)),
    }


def watch_memory(shop: Shop, folder: Path, minutes: float) -> dict[str, float]:
    """Return the memory of a tab before and after some minutes with changes, and their number."""
    with chromium(folder / "memory") as browser, shop.crowd() as changes:
        browser.resize(1280, 800)
        browser.before_scripts(_NOTE)
        _visit(browser, f"{shop.url}/e/{shop.arena}")
        before = browser.used_memory()
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            time.sleep(1)
        after, made = browser.used_memory(), changes[0]
    return {"memory_mib": after / 2**20, "growth_percent": 100 * (after / before - 1), "changes": made}


def soak(shop: Shop, folder: Path, hours: float) -> dict[str, float]:
    """Make the changes of some hours as fast as the answers come. Return what a tab that shows them uses meanwhile.

    The first of 20 measures comes after a twentieth of the changes: until then the browser still compiles the scripts.
    """
    wanted, measures = int(hours * 3_600 * CHANGES_PER_SECOND), list[int]()
    end = time.monotonic() + 3_600 * hours
    with chromium(folder / "soak") as browser, shop.crowd(rate=math.inf) as changes:
        browser.resize(1280, 800)
        browser.before_scripts(_NOTE)
        _visit(browser, f"{shop.url}/e/{shop.arena}")
        browser.run(_COUNT_NEWS)
        for number in range(1, SOAK_MEASURES + 1):
            while changes[0] < wanted * number / SOAK_MEASURES:
                if time.monotonic() > end:
                    raise RuntimeError(
                        f"The shop makes its changes too slowly: {changes[0]:,} of {wanted:,}."
                    )
                time.sleep(0.2)  # the crowd works meanwhile
            measures.append(browser.used_memory())
            print(
                f"[{number}/{SOAK_MEASURES}] {changes[0]:,} changes, {measures[-1] / 2**20:.1f} MiB",
                flush=True,
            )
        seen = browser.run("window.news")
    return {
        "soak_growth_percent": 100 * (measures[-1] / measures[0] - 1),
        "soak_changes": changes[0],
        "soak_messages": seen,
    }


def _visit(browser: Browser, address: str) -> dict[str, float]:
    browser.open(address)
    browser.wait_for("noted.open > 0")
    browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return dict(browser.run(_LOADED))


def _tap_and_hold(browser: Browser) -> dict[str, float]:
    browser.run(_TAP)
    x, y = browser.run(
        "(({left, top, width, height}) => [left + width / 2, top + height / 2])"
        "(document.querySelector('.map > canvas').getBoundingClientRect())"
    )
    for step in range(40):  # the middle may lie between two seats
        browser.click(x + step % 8 * 5, y + step // 8 * 5)
        if not browser.run("document.querySelector('#bar').classList.contains('is-empty')"):
            break
    browser.wait_for("tapped > 0")
    tapped = browser.run("tapped")
    browser.run(_HOLD)
    browser.wait_for("document.querySelector('.countdown .clock') !== null")
    browser.wait_for("performance.getEntriesByName('first-contentful-paint').length > 0")
    return {"tap_ms": tapped, "held_ms": browser.run(_HELD)}


def _pan(browser: Browser) -> list[float]:
    """Zoom in, and move the map to and fro while frames are counted."""
    for _ in range(4):
        browser.run("document.querySelector('[data-zoom=in]').click()")
    left, top, width, height = browser.run(
        "(({left, top, width, height}) => [left, top, width, height])"
        "(document.querySelector('.map > canvas').getBoundingClientRect())"
    )
    x, y, step = left + width / 2, top + height / 2, 12.0
    browser.point("mousePressed", x, y)
    browser.run(_PAN)
    while not browser.run("window.panned !== undefined"):
        x += step
        if not left + width / 4 < x < left + width * 3 / 4:
            step = -step
        browser.point("mouseMoved", x, y)
    browser.point("mouseReleased", x, y)
    return [float(each) for each in browser.run("panned")]


def _news(browser: Browser, shop: Shop) -> list[float]:
    """Hold seats elsewhere, and return how long after the answer each change was seen.

    The last of the crowd's changes come first: with one of them in a message, the number might not change.
    """
    browser.run("new Promise((done) => setTimeout(done, 2000))")
    browser.run(_NEWS)
    found, holds = [], []
    for number in range(NEWS):
        browser.run("window.seen = 0")
        holds.append(shop.hold(shop.arena, f"S001-{number % 6 + 1}-{number // 6 * 3 + 1}"))
        answered = time.time() * 1000
        browser.wait_for("seen > 0")
        found.append(max(0.0, browser.run("seen") - answered))
    for hold, token in holds:
        shop.release(hold, token)
    return found


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
