"""Every page in Chromium, in each language, theme and width: no barrier that a program finds, and no text in English.

The kind: a page that some people cannot read or use. axe-core finds missing names, roles and contrast by the rules of
WCAG 2.2 (A and AA). The pseudo-language finds texts of scripts that no translator can reach. A page of 320 pixels is
one at 400 percent: nothing may stand out of it. One server and one browser serve all pages of a language.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from holdfast.web.link_pages import LINKS
from support.browser import CHROMIUM, Browser, chromium
from support.pictures import a_picture, text_of
from support.threaded_server import threaded_server
from web.account_visits import account_pages, make_account_of, submit
from web.test_languages import HALL, PSEUDO, pseudo_language

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".generators" / "node_modules" / "axe-core" / "axe.min.js"
LANGUAGES = ("en", "de", PSEUDO.code)
WIDTHS = (1280, 320)
DESCRIPTION = "# 1\n\n1 **2** [3](https://shop.example/)\n\n- 4\n\n> 5\n\n`6`\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: `make generators`"),
]

ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES_OF_DARK = ["color-contrast"]
"""A theme changes colours, and nothing else that a rule sees."""
RUN_AXE = """
new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => {
  for (const each of document.getAnimations()) each.finish(); // a colour in motion has another contrast
  return axe.run({runOnly: %s, resultTypes: ["violations"]});
}).then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 160)}`)))
"""
OUTSIDE = """
(() => {
  const found = [], bare = (text) => {
    for (let before = null; before !== text;) [before, text] = [text, text.replace(/⟦[^⟦⟧]*⟧/g, "")];
    return text.replaceAll("AR", "");
  };
  const words = (each) => {
    if (each.matches("script, style, noscript, [lang]:not(html)")) return;
    const texts = [...each.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data);
    for (const name of ["aria-label", "placeholder", "title", "alt"]) texts.push(each.getAttribute(name) ?? "");
    for (const text of texts) if (/[A-Za-z]{2,}/.test(bare(text))) found.push(text.trim());
    for (const child of each.children) words(child);
  };
  const body = document.body.cloneNode(true);
  for (const inside of body.querySelectorAll("strong, bdi, time")) inside.replaceWith(...inside.childNodes);
  body.normalize();
  words(body);
  return found;
})()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A server with events whose own words have no letters, so that every other word is a text of ours."""

    url: str
    seated: int
    standing: int
    soon: int
    cancelled: int
    limited: int
    presented: int


@pytest.fixture
def sale(database_url: str) -> Iterator[Sale]:
    with pseudo_language(alone=False), threaded_server(database_url) as url:

        def event(**more: Any) -> int:
            made = httpx2.post(f"{url}/v1/events", json={"name": "123", "venue": "9", **more})
            assert made.status_code == 201, made.text
            return int(made.json()["number"])

        dated = {"starts_at": "2031-05-04T18:30:00Z", "time_zone": "Europe/Berlin"}
        cancelled = event(capacity=5)
        assert httpx2.post(f"{url}/v1/events/{cancelled}/cancel").status_code == 200
        make_account_of(url)
        presented = event(areas=[{"name": "5", "capacity": 5}], **dated)
        for change in (
            httpx2.patch(f"{url}/v1/events/{presented}/presentation", json={"description": DESCRIPTION}),
            httpx2.put(
                f"{url}/v1/events/{presented}/poster", json={"image": text_of(a_picture(size=(640, 360)))}
            ),
        ):
            assert change.status_code == 200, change.text
        yield Sale(
            url=url,
            seated=event(seat_map=HALL, **dated),
            standing=event(areas=[{"name": "5", "capacity": 50}, {"name": "6", "capacity": 50}], **dated),
            soon=event(capacity=1, on_sale_at="2031-05-04T18:30:00Z"),
            cancelled=cancelled,
            limited=event(capacity=9, max_per_buyer=2),
            presented=presented,
        )


def pages(browser: Browser, sale: Sale, lang: str) -> Iterator[str]:
    """Show one page after the other, and yield its name."""
    plain = {
        "programme": "/whats-on",
        "nothing found": "/whats-on?q=9999",
        "areas": f"/e/{sale.standing}",
        "soon": f"/e/{sale.soon}",
        "with a description and a poster": f"/e/{sale.presented}",
        "link of a ticket": "/my/ticket",
        "cancelled": f"/e/{sale.cancelled}",
        "no event": "/e/999",
        "find": "/find",
        "open": "/my/open",
        **{link.path: link.path for link in LINKS},
    }
    for name, path in plain.items():
        browser.open(f"{sale.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        yield name
    browser.open(f"{sale.url}/find")
    submit(browser, "main form", "[aria-invalid]")
    yield "find, wrong"
    browser.open(f"{sale.url}/e/{sale.seated}")
    browser.wait_for("!document.querySelector('#bar').hidden")
    yield "seat map"
    browser.run("document.querySelector('[data-view=list]').click()")
    browser.run("document.querySelector('[data-row]').click()")
    browser.run("document.querySelector('[data-group]').click()")
    browser.run(
        "document.querySelector('[data-seat]:not([aria-disabled]):not([aria-selected=true])').click()"
    )
    yield "seat list, chosen"
    submit(browser, "#bar", ".countdown .clock")
    yield "hold"
    submit(browser, "form[action$=confirm]", "[aria-invalid]")
    yield "hold, wrong address"
    browser.run("document.querySelector('#name').value = '1'")
    browser.run("document.querySelector('#email').value = '1@1.11'")
    submit(browser, "form[action$=confirm]", ".ticket")
    yield "booking"
    link = browser.run("document.querySelector('[data-share] input').value")
    browser.open(f"{sale.url}/my/ticket#{link.partition('#')[2]}")
    browser.wait_for("!document.querySelector('#open [type=submit]').disabled")
    submit(browser, "#open", ".ticket")
    yield "ticket"
    browser.open(f"{sale.url}/e/{sale.standing}")
    submit(browser, "form[action$=hold]", ".banner-title")
    yield "nothing chosen"
    browser.run("document.querySelector('[name=quantity]').value = '2'")
    submit(browser, "form[action$=hold]", ".countdown .clock")
    held = browser.run("location.href")
    submit(browser, "form[action$=release]", "#status")
    browser.open(held)
    yield "given back"
    browser.open(f"{sale.url}/e/{sale.limited}")
    submit(browser, "form[action$=hold]", "#email")
    yield "who is buying"
    browser.run("document.querySelector('#email').value = '1'")
    submit(browser, "form[action$=hold]", "[aria-invalid]")
    yield "who is buying, wrong"
    yield from account_pages(browser, sale.url, lang)


def faults(browser: Browser, lang: str) -> Iterator[str]:
    """Yield what is wrong with the page, in each theme and width."""
    browser.run(AXE.read_text() + ";undefined")
    for width in WIDTHS:
        for dark in (False, True):
            browser.resize(width, 800, dark=dark, still=True)
            for violation in browser.run(RUN_AXE % json.dumps(RULES_OF_DARK if dark else ALL_RULES)):
                yield f"{width}{', dark' if dark else ''}: {violation}"
        if browser.run("document.documentElement.scrollWidth") > width:
            yield f"{width}: wider than the window"
    browser.resize(1280, 800, still=True)
    if browser.run("getComputedStyle(document.body).direction") != ("rtl" if lang == PSEUDO.code else "ltr"):
        yield "reads from the wrong side"
    if browser.run("document.documentElement.lang") != lang:
        yield "in another language"
    if lang == PSEUDO.code:
        yield from browser.run(OUTSIDE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_page_shuts_anybody_out(sale: Sale, tmp_path: Path, lang: str) -> None:
    found: dict[str, list[str]] = {}
    with chromium(tmp_path / "profile") as browser:
        browser.resize(1280, 800, still=True)
        for name in pages(browser, sale, lang):
            found[name] = list(faults(browser, lang))
    wrong = {name: faults for name, faults in found.items() if faults}
    assert wrong == {}, json.dumps(wrong, indent=1, ensure_ascii=False)
