"""Golden files: every documented answer equals its recorded bytes.

`HOLDFAST_TEST_GOLDEN=record .venv/bin/pytest tests/golden` records them again; git then shows the changes.
"""

from __future__ import annotations

from typing import Any

import pytest

from golden import (
    scenes_accounts,
    scenes_changes,
    scenes_dialects,
    scenes_door,
    scenes_events,
    scenes_presentations,
    scenes_sales,
    scenes_tickets,
)
from golden.asking import Deployment
from golden.files import compare, sorted_entries
from golden.walking import Document, Walk

SCENES = {
    "events": scenes_events.events,
    "inventory": scenes_events.inventory,
    "holds": scenes_sales.holds,
    "bookings": scenes_sales.bookings,
    "changes": scenes_changes.changes,
    "tickets": scenes_tickets.tickets,
    "door": scenes_door.door,
    "presentations": scenes_presentations.presentations,
    "service": scenes_sales.service,
    "accounts": scenes_accounts.accounts,
}
DIALECTS = {
    "box_office": scenes_dialects.box_office,
    "arena": scenes_dialects.arena,
    "ticketing": scenes_dialects.ticketing,
    "instant": scenes_dialects.instant,
}


@pytest.mark.parametrize("scene", [*SCENES, *DIALECTS])
async def test_an_operation_answers_as_recorded(deployment: Deployment, document: Document, scene: str):
    walk = Walk(deployment, document)
    await (SCENES | DIALECTS)[scene](walk)
    assert "\n".join(walk.wrong) == ""
    compare(scene, sorted_entries(walk.entries))


@pytest.mark.parametrize("scene", DIALECTS)
async def test_a_path_with_the_other_slash_answers_the_same(
    deployment: Deployment, document: Document, scene: str
):
    walk = Walk(deployment, document, too=True)
    await DIALECTS[scene](walk)
    assert "\n".join(walk.wrong) == ""
    entries = {name: entry | {"asked": _usual(walk, name, entry)} for name, entry in walk.entries.items()}
    compare(scene, sorted_entries(entries))


def _usual(walk: Walk, name: str, entry: dict[str, Any]) -> str:
    """Return the line of the request with the usual slash."""
    operation = name.partition(" ")[0]
    line: str = entry["asked"]
    if f"{operation}_too" not in walk.document.places:
        return line
    path, mark, query = line.partition("?")
    usual = walk.document.places[operation][1].endswith("/")
    return f"{path.rstrip('/')}{'/' if usual else ''}{mark}{query}"
