"""Dump: the final state of a run's events, from the admin API and from the tables, in `dump.json`.

    python -m proof.dump --url U --database-url D RUN

It requires calm: no more requests, and no live hold.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import psycopg
from psycopg.rows import dict_row

from proof.log import read_json

__all__ = ["write_dump"]

PATIENCE_SECONDS = 60.0
ANSWER_SECONDS = 10.0
TICK_SECONDS = 0.2
AFTER_EXPIRY_SECONDS = 0.1

Row = dict[str, Any]

_LAST = """
SELECT (extract(epoch FROM max(expires_at) - clock_timestamp()))::float8 AS seconds
FROM holds WHERE event_number = ANY (%s) AND status = 'active'
"""

_MICROS = "(extract(epoch FROM {}) * 1000000)::bigint"


def _micros(column: str, name: str = "") -> str:
    return f"{_MICROS.format(column)} AS {name or column.partition('.')[2] or column}"


_CLAIMS = """
SELECT c.event_number, c.hold_id, a.name AS area, s.label, c.quantity, c.kind
FROM claims AS c
JOIN areas AS a USING (event_number, area_number)
LEFT JOIN seats AS s USING (event_number, seat_number)
WHERE c.event_number = ANY (%s) AND NOT c.returned
"""
_HOLDS = f"""
SELECT h.event_number, h.id::text, h.status, h.quantity, h.requested, h.buyer, h.placed_by,
       {_micros("h.placed_at")}, {_micros("h.expires_at")}
FROM holds AS h WHERE h.event_number = ANY (%s) ORDER BY h.event_number, h.id
"""  # noqa: S608 - names of ours
_BOOKINGS = f"""
SELECT b.event_number, b.id::text, b.hold_id::text AS hold, b.status, b.confirmed_by, h.buyer,
       {_micros("b.confirmed_at")}, {_micros("b.cancelled_at")}
FROM bookings AS b LEFT JOIN holds AS h ON h.event_number = b.event_number AND h.id = b.hold_id
WHERE b.event_number = ANY (%s) ORDER BY b.event_number, b.id
"""  # noqa: S608 - names of ours
_BLOCKS = f"""
SELECT event_number, id::text, {_micros("blocked_at")}, {_micros("lifted_at")}
FROM blocks WHERE event_number = ANY (%s) ORDER BY event_number, id
"""  # noqa: S608 - names of ours
_AREAS = """
SELECT event_number, area_number AS number, name, category, seated, capacity, held, booked, blocked
FROM areas WHERE event_number = ANY (%s) ORDER BY event_number, area_number
"""
_JOURNAL = f"""
SELECT event_number, version, {_micros("at", "at")}, changes
FROM journal WHERE event_number = ANY (%s) ORDER BY event_number, version
"""  # noqa: S608 - names of ours


def write_dump(urls: Sequence[str], database_url: str, folder: Path) -> Path:
    """Write the dump of all events of the run in `folder`. Raises TimeoutError if no server answers."""
    lines = read_json(folder / "setup.jsonl")
    events = {line["number"]: line["event"] for line in lines if line["e"] == "event"}
    _wait_for_calm(database_url, list(events))
    staff = next((line["settings"].get("staff_key") for line in lines if line["e"] == "run"), None) or ""
    api = _read_api(urls, events, staff)
    sql, server_time = _read_tables(database_url, events)
    dump = {"api": api, "sql": sql, "taken_at": time.monotonic_ns(), "server_time": server_time}
    path = folder / "dump.json"
    scratch = path.with_suffix(".part")
    scratch.write_bytes(orjson.dumps(dump))
    scratch.rename(path)
    return path


def _wait_for_calm(database_url: str, numbers: Sequence[int]) -> None:
    """Wait until the last hold has lapsed, unless a clock jump moved its expiry far away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(database_url) as connection:
            row = connection.execute(_LAST, [numbers]).fetchone()
            left = row[0] if row else None
            if left is None or not -AFTER_EXPIRY_SECONDS < left < PATIENCE_SECONDS:
                return
            time.sleep(max(0.0, left) + AFTER_EXPIRY_SECONDS)
            continue
        time.sleep(TICK_SECONDS)


def _read_api(urls: Sequence[str], events: dict[int, str], staff_key: str) -> Row:
    bookings: list[Row] = []
    holds: list[Row] = []
    availability: dict[str, Row] = {}
    with contextlib.closing(_Api(urls, staff_key)) as api:
        for number, event in events.items():
            for row in api.list(f"/v1/bookings?event={number}"):
                seats, areas = _parts(row["lines"])
                bookings.append(
                    {
                        **{
                            name: row[name]
                            for name in ("id", "reference", "hold", "event", "status", "confirmed_at")
                        },
                        "seats": seats,
                        "areas": areas,
                        "buyer": row["buyer"]["reference"],
                    }
                )
            for row in api.list(f"/v1/events/{number}/holds?status=active"):
                seats, areas = _parts(row["lines"])
                facts = {name: row[name] for name in ("id", "event", "status", "placed_at", "expires_at")}
                buyer = row["buyer"]["reference"]
                holds.append({**facts, "seats": seats, "areas": areas, "buyer": buyer})
            counters = api.get(f"/v1/events/{number}/availability")
            counts = ("capacity", "available", "held", "booked", "blocked", "version")
            if counters["event_status"] != "cancelled":  # a cancelled event has nothing available or held
                availability[event] = {name: counters[name] for name in counts}
    return {"bookings": bookings, "holds": holds, "availability": availability}


def _parts(lines: Sequence[Row]) -> tuple[list[str], dict[str, int]]:
    seats = [label for line in lines for label in line.get("seats", ())]
    areas: dict[str, int] = {}
    for line in lines:
        if "area" in line:
            areas[line["area"]] = areas.get(line["area"], 0) + line["quantity"]
    return seats, areas


class _Api:
    """Reads over one connection, and tries the next server if one does not answer: it may be restarting."""

    def __init__(self, urls: Sequence[str], staff_key: str) -> None:
        self._headers = {"Authorization": f"Bearer {staff_key}"} if staff_key else {}
        self._places = itertools.cycle([urlsplit(url) for url in urls])
        self._connection = self._next()

    def get(self, path: str) -> Row:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._connection.request("GET", path, headers=self._headers)
                answer = self._connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    reply: Row = orjson.loads(text)
                    return reply
                if answer.status < 500:
                    raise RuntimeError(f"GET {path} was answered {answer.status}: {text[:500]!r}")
            self._connection.close()
            self._connection = self._next()
            time.sleep(TICK_SECONDS)
        raise TimeoutError(f"GET {path} has no answer")

    def _next(self) -> http.client.HTTPConnection:
        place = next(self._places)
        return http.client.HTTPConnection(place.hostname or "", place.port, timeout=ANSWER_SECONDS)

    def list(self, path: str) -> Iterator[Row]:
        """Yield every item, page by page."""
        cursor = None
        while True:
            page = self.get(f"{path}&limit=200" + (f"&cursor={quote(cursor)}" if cursor else ""))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def close(self) -> None:
        self._connection.close()


def _read_tables(database_url: str, events: dict[int, str]) -> tuple[Row, int]:
    """Return the tables of one consistent snapshot, and the database's time."""
    numbers = list(events)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        moment = connection.execute(f"SELECT {_micros('clock_timestamp()', 'now')}").fetchone()
        assert moment is not None

        def rows(statement: str) -> list[Row]:
            found = connection.execute(statement.encode(), [numbers]).fetchall()
            return [{"event": events[row.pop("event_number")], **row} for row in found]

        seats, areas = _claims(connection.execute(_CLAIMS.encode(), [numbers]).fetchall())
        tables = {"holds": rows(_HOLDS), "bookings": rows(_BOOKINGS), "blocks": rows(_BLOCKS)}
        for name, found in tables.items():
            for row in found:
                hold = row["hold"] if name == "bookings" else row["id"]
                row["seats"], row["areas"] = seats.get(hold, []), areas.get(hold, {})
        return {**tables, "areas": rows(_AREAS), "journal": rows(_JOURNAL)}, moment["now"]


def _claims(rows: Sequence[Row]) -> tuple[dict[str, list[str]], dict[str, dict[str, int]]]:
    """Return the seats and the quantities that each hold or block has or had."""
    seats: dict[str, list[str]] = {}
    areas: dict[str, dict[str, int]] = {}
    for row in rows:
        hold = str(row["hold_id"])
        if row["label"] is not None:
            seats.setdefault(hold, []).append(row["label"])
        else:
            counted = areas.setdefault(hold, {})
            counted[row["area"]] = counted.get(row["area"], 0) + row["quantity"]
    return seats, areas


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.dump", description=__doc__)
    parser.add_argument(
        "--url", action="append", required=True, help="URL of a server; repeat it for more servers"
    )
    parser.add_argument("--database-url", required=True)
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of the logs")
    given = parser.parse_args()
    print(write_dump(given.url, given.database_url, given.run))
    return 0


if __name__ == "__main__":
    sys.exit(main())
