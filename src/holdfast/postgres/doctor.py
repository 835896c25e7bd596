"""Doctor: everything that can be wrong with a database, one line each. A start runs the fatal part of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import psycopg

from holdfast.postgres import citus, preconditions, queries, schema
from holdfast.postgres.minors import advice_for
from holdfast.postgres.pooler import refusal_of_a_pooler
from holdfast.postgres.preconditions import Requirements, Session

__all__ = ["Diagnosis", "examine"]

SQL = queries.load("doctor")

_MAX_SKEW_SECONDS = 1.0
_CROWDED = 0.8
_LITTLE_LOG_MEGABYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One check. A server does not start with a problem; a warning is for an administrator to decide."""

    check: str
    verdict: Literal["ok", "warning", "problem"]
    text: str = ""


def examine(url: str, *, connections: int) -> list[Diagnosis]:
    """Return a finding for each check, the fatal ones first. `connections`: how many all workers open.

    Raises psycopg.OperationalError if the database does not answer.
    """
    try:
        with preconditions.connect(url) as session:
            return list(_findings(session, Requirements(url=url, connections=connections)))
    except psycopg.OperationalError as error:
        refusal = refusal_of_a_pooler(error)
        if refusal is None:
            raise
        return [Diagnosis(check="pooler", verdict="problem", text=refusal)]


def _findings(session: Session, needs: Requirements) -> Iterator[Diagnosis]:
    for name, check in preconditions.CHECKS.items():
        problems = list(check(session, needs))
        yield from (Diagnosis(check=name, verdict="problem", text=text) for text in problems)
        if not problems:
            yield Diagnosis(check=name, verdict="ok")
        if problems and name == "version":
            return  # later checks read catalogues that such a server does not have
    problem = schema.find_problem(needs.url)
    yield Diagnosis(check="schema", verdict="problem" if problem else "ok", text=problem or "")
    cluster = citus.warnings_of(session, connections=needs.connections)
    for name, warnings in (("advice", _warnings(session, needs)), ("cluster", cluster)):
        found = [Diagnosis(check=name, verdict="warning", text=text) for text in warnings]
        yield from found or [Diagnosis(check=name, verdict="ok")]


def _warnings(session: Session, needs: Requirements) -> Iterator[str]:
    before = time.time()
    (facts,) = session.execute(SQL["load_facts"]).fetchall()
    after = time.time()
    advice = advice_for(facts["version"])
    if advice is not None:
        yield advice
    skew = max(before - facts["now"], facts["now"] - after)
    if skew > _MAX_SKEW_SECONDS:
        yield f"The database's clock and this machine's differ by {skew:.0f} s: keep time on both, as with chrony."
    if facts["standby_names"] and not facts["standbys"]:
        yield "synchronous_standby_names is set and no standby is connected: sales wait until one is."
    if not facts["standbys"]:
        yield "There is no standby: the loss of the disk is the loss of all sales after the last backup."
    if facts["prepared"]:
        yield f"{facts['prepared']} prepared transactions keep locks for over a minute: ROLLBACK PREPARED them."
    if facts["autovacuum"] != "on":
        yield "autovacuum is off: tables grow and plans age. Set it to on."
    if facts["data_checksums"] != "on":
        yield "The cluster has no data checksums: a bad disk is not noticed. Stop it, and run `pg_checksums --enable`."
    if facts["min_wal_megabytes"] < _LITTLE_LOG_MEGABYTES:
        yield (
            f"min_wal_size is {facts['min_wal_megabytes']} MB: in a rush each further segment holds sales up while it "
            "is filled with zeros. Set it to 1GB."
        )
    if facts["connections"] + needs.connections > _CROWDED * facts["max_connections"]:
        yield (
            f"{facts['connections']} connections are open, the workers open {needs.connections}, and max_connections "
            f"is {facts['max_connections']}: raise it before a second server starts."
        )
