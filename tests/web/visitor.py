"""Visitor: a browser without scripts. It follows links and redirects, and sends forms as they stand on the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2


@dataclass
class Form:
    """A form of a page: where it goes, and its fields as the page has them."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **typed: str) -> list[tuple[str, str]]:
        """Return the fields with other values. A name that the form does not have is an error of the test."""
        names = {name for name, _ in self.fields}
        assert typed.keys() <= names, f"the form has only {sorted(names)}"
        return [(name, typed.get(name, value)) for name, value in self.fields]


class Page(HTMLParser):
    """A page: its text, its forms, and the headline."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.headline = ""
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def form(self, ending: str) -> Form:
        """Return the first form whose address ends so."""
        return next(form for form in self.forms if form.action.endswith(ending))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert "style" not in given
        assert not any(name.startswith("on") for name in given)
        if tag == "form":
            self.forms.append(Form(given.get("action") or ""))
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        elif tag in ("input", "select") and self._is_sent(given):
            self.forms[-1].fields.append((given["name"] or "", given.get("value") or ""))
        if tag not in ("input", "meta", "link", "br", "hr", "img"):
            self._open.append(tag)

    def _is_sent(self, given: dict[str, str | None]) -> bool:
        left_out = given.get("type") in ("checkbox", "radio") and "checked" not in given
        return bool(given.get("name") and self.forms) and "disabled" not in given and not left_out

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "h1" in self._open:
            self.headline += data.strip()
        self.words.append(data)


async def visit(client: httpx2.AsyncClient, path: str) -> Page:
    """Return the page at a path, after redirects. It must be there."""
    answer = await client.get(path, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def press(
    client: httpx2.AsyncClient, at: str, form: Form, *more: tuple[str, str], **typed: str
) -> httpx2.Response:
    """Send a form of the page at `at`, and follow to where it leads. The client keeps cookies."""
    target = httpx2.URL(f"http://localhost{at}").join(form.action)
    pairs = [*form.filled(**typed), *more]
    body = str(httpx2.QueryParams(pairs)).encode()
    return await client.post(
        target,
        content=body,
        headers={"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost"},
        follow_redirects=True,
    )
