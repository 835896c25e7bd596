"""Coverage: the golden files have every documented answer, or a reason why not."""

from __future__ import annotations

import re

from golden.files import RECORDED, read_recorded
from golden.spoiling import FORMS, OF_PEOPLE, WITHOUT_KEYS
from golden.test_golden import DIALECTS, SCENES
from golden.walking import DOCUMENTS, Document

Pair = tuple[str, str]

MIN_SHARE = 0.9
NO_DATABASE = (
    "get_docs",
    "get_docs_file",
    "get_health",
    "get_openapi",
    "get_dialects_openapi",
    "get_problem",
    "get_public_keys",
    "get_ticket_keys",
    "list_problems",
)
NO_STATEMENT = (*NO_DATABASE, "get_home")

NEVER_BY_DEFAULT = "rate_limited"
"""Guests have no rate unless a setting gives them one (tests/http/test_request_limits.py)."""

UNREACHED: dict[Pair, str] = {
    **{(one, "unavailable"): "it does not use the database" for one in NO_DATABASE},
    **{(one, "busy"): "it does not use the database" for one in NO_STATEMENT},
    ("check_ticket", "outcome_unknown"): "it changes nothing",
    ("check_ticket", "busy"): "a text that is no code is refused before the tables that are locked",
    **{
        (operation, "not_found"): "the server of the scenes has both wallets; tests/tickets tries one without"
        for operation in ("get_apple_pass", "get_google_wallet_link")
    },
    ("delete_poster", "outcome_unknown"): "the event of that test has no poster, so nothing is written",
    ("preview_message", "outcome_unknown"): "it changes nothing",
    ("get_readiness", "busy"): "every failure of the database is `unavailable` here",
    **{
        (operation, outcome): "only if it happens between the read of the seat and its confirmation"
        for operation in ("arena_confirm_seat", "arena_confirm_seat_too")
        for outcome in ("booking_already_cancelled", "event_cancelled", "hold_expired", "hold_released")
    },
    **{
        (operation, "outcome_unknown"): "its only statement ends with the session, and is then `unavailable`"
        for operation in ("ticketing_create_user", "ticketing_create_user_too")
    },
}
"""Documented answers that no scene produces, and why."""


def recorded_pairs() -> set[Pair]:
    """Return every recorded (operation, outcome). The outcome of a success is its status."""
    found: set[Pair] = set()
    document = Document(*map(read_recorded, DOCUMENTS))
    for scene in (*SCENES, *DIALECTS, "documents"):
        for name in read_recorded(scene):
            operation, outcome = re.sub(r" \(.*", "", name).split(" ")
            found.add((operation, outcome))
            if scene in DIALECTS and f"{operation}_too" in document.places:
                found.add((f"{operation}_too", outcome))
    for file in RECORDED.glob("refusals*.json"):
        for groups in read_recorded(file.stem).values():
            found |= {(one, group["code"]) for group in groups for one in group["operations"]}
    return found


def test_every_documented_answer_is_recorded_or_has_a_reason():
    documented = {
        (operation, outcome)
        for operation, outcome in Document(*map(read_recorded, DOCUMENTS)).pairs()
        if operation not in FORMS
        and outcome != NEVER_BY_DEFAULT
        and (operation not in WITHOUT_KEYS - OF_PEOPLE or outcome == "forbidden")
        and (operation not in OF_PEOPLE or outcome.isdigit())
    }
    missing = documented - recorded_pairs()
    assert sorted(missing - UNREACHED.keys()) == []
    assert sorted(UNREACHED.keys() - missing) == [], "these answers are recorded, so they need no reason"
    assert len(missing) < (1 - MIN_SHARE) * len(documented)
