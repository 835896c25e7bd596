"""All targets: about sales, and about people, who are made only for the targets that need them."""

from __future__ import annotations

import httpx2

from holdfast.http.application import Application
from scenarios.hostile.people import People, make_owner, meet
from scenarios.hostile.people_targets import people_targets
from scenarios.hostile.shop import Shop
from scenarios.hostile.target import Target
from scenarios.hostile.targets import targets

__all__ = ["all_targets", "prepared"]


def all_targets(shop: Shop, people: People) -> list[Target]:
    """Return a target for every POST, PATCH and DELETE."""
    return [*targets(shop), *people_targets(people)]


async def prepared(app: Application, client: httpx2.AsyncClient, shop: Shop, index: int) -> Target:
    """Return one of all targets, and make the people that it needs."""
    at = index - len(targets(shop))
    if at < 0:
        return targets(shop)[index]
    people = await meet(app, client)
    if people_targets(people)[at].by_owner:
        await make_owner(client, people)
    return people_targets(people)[at]
