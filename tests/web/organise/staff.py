"""Staff: people with each role, in browsers without scripts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from holdfast.http.application import Application
from support.people import make_member, signed_in
from web.visitor import Page, press, visit

__all__ = ["ROLES", "at_work", "filled_in", "send", "send_page"]

ROLES = ("owner", "manager", "box_office", "door", "reports")


@asynccontextmanager
async def at_work(
    app: Application,
    database_url: str,
    role: str,
    *,
    name: str = "",
    organisation: int = 1,
    events: Sequence[int] | None = None,
) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield the browser of a new colleague with this role."""
    name = name or role.replace("_", "")
    await make_member(app, database_url, name, role, organisation=organisation, events=events)
    async with signed_in(app, name) as browser:
        yield browser


async def send(browser: httpx2.AsyncClient, at: str, ending: str, **typed: str) -> httpx2.Response:
    """Fill in the form of a page whose address ends so, and press its button."""
    return await press(browser, at, (await visit(browser, at)).form(ending), **typed)


async def send_page(browser: httpx2.AsyncClient, at: str, ending: str, **typed: str) -> Page:
    """The same, for a form that is accepted. Return the page that follows."""
    answer = await send(browser, at, ending, **typed)
    assert answer.status_code == 200, Page(answer.text).text
    return Page(answer.text)


def filled_in(page: Page, ending: str, name: str) -> str:
    """Return what a field of a form has."""
    return next(value for field, value in page.form(ending).fields if field == name)
