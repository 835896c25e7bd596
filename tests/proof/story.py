"""Story: a history written by hand, as clients would have logged it. Times are seconds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proof.checker import Verdict, check

EVENT = "00000000-0000-4000-8000-000000000001"
SECOND = 1_000_000_000
EPOCH = 1_700_000_000_000_000
"""The server's clock at the start of the story, in microseconds."""

HELD = {"change": "held", "hold": "h", "seats": [1], "areas": {"2": 1}, "by": "open"}
"""A journal entry: the hold `h` of seat A1."""

Scene = Callable[["Story"], None]


class Chapter:
    """Related histories. The name of each function says what happens in it."""

    def __init__(self) -> None:
        self.possible: list[Scene] = []
        self.impossible: list[tuple[str, Scene]] = []

    def legal(self, scene: Scene) -> Scene:
        self.possible.append(scene)
        return scene

    def illegal(self, rule: str) -> Callable[[Scene], Scene]:
        """Register a history that this rule must accuse; others may accuse it too."""

        def keep(scene: Scene) -> Scene:
            self.impossible.append((rule, scene))
            return scene

        return keep

    @staticmethod
    def name(each: Scene | str) -> str:
        return each if isinstance(each, str) else each.__name__


class Story:
    """An event with two rows of seats (A1..A4 of stalls, B1..B4 of circle) and a floor for three.

    `end` is the result of a request: "ok", the code of a refusal, or "info" if its client got no answer.
    """

    def __init__(self, *, limits: dict[str, Any] | None = None) -> None:
        self.limits = limits or {}
        self.traits: dict[str, dict[str, Any]] = {}
        """What seats have beside their labels: `whole` of a table, `kept` of a wheelchair place."""
        self.lines: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.holds: dict[str, dict[str, Any]] = {}
        self.bookings: dict[str, dict[str, Any]] = {}
        self.sql: dict[str, Any] = {}
        """Additions to, or replacements of, holds and bookings in the final state."""
        self.api: dict[str, Any] = {}
        self.principals: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def furnish(self) -> None:
        """Make row B a table that is sold whole, A4 a wheelchair place and A3 its companion seat."""
        self.traits = {f"B{number}": {"whole": True} for number in range(1, 5)}
        self.traits |= {"A3": {"kept": "companion"}, "A4": {"kept": "wheelchair"}}

    def hold(
        self,
        user: str,
        start: float,
        stop: float,
        *seats: str,
        floor: int = 0,
        best: int = 0,
        together: bool = True,
        category: str | None = None,
        accessible: bool = False,
        end: str = "ok",
        id: str | None = None,
        got: list[str] | None = None,
        got_floor: int | None = None,
        ttl: float = 3,
        **more: Any,
    ) -> str:
        """Log a hold and return its id. The final state has it as answered, with the status expired."""
        lines: list[dict[str, Any]] = [{"seats": list(seats)}] if seats else []
        lines += [{"area": "floor", "quantity": floor}] if floor else []
        asked = {"best": best, "category": category, "together": together}
        lines += [{**asked, "accessible": True} if accessible else asked] if best else []
        partial, buyer = more.pop("partial", False), more.pop("buyer", None)
        given = {"event": EVENT, "lines": lines, "ttl": ttl, "partial": partial, "buyer": buyer}
        id = id or f"hold-{next(self._numbers)}"
        placed = EPOCH + round((start + stop) / 2 * 1e6)
        seats_got = list(seats) if got is None else got
        areas = {"floor": floor if got_floor is None else got_floor} if floor else {}
        out = {"hold": id, "event": EVENT, "seats": seats_got, "areas": areas, "placed_at": placed}
        out |= {"expires_at": placed + round(ttl * 1e6), "server_time": placed, **more.pop("answer", {})}
        self.ask("hold", user, start, stop, given, end, out=out, **more)
        if end == "ok" and out["hold"] is not None:
            row = {name: out[name] for name in ("event", "seats", "areas", "placed_at", "expires_at")}
            self.holds.setdefault(id, {"id": id, **row, "status": "expired", "buyer": buyer})
        return id

    def book(
        self, user: str, start: float, stop: float, hold: str | None, *, end: str = "ok", **more: Any
    ) -> str:
        """Log a confirmation and return the booking's id. The final state has it as confirmed."""
        row = self.holds.get(hold or "", {})
        booking = more.pop("id", f"booking-of-{hold}")
        out = {
            "booking": booking,
            "hold": hold,
            "event": EVENT,
            "seats": row.get("seats"),
            "areas": row.get("areas"),
        }
        out |= {"confirmed_at": EPOCH + round((start + stop) / 2 * 1e6), **more.pop("answer", {})}
        given = {"hold": hold, "event": EVENT, **more.pop("given", {})}
        self.ask("book", user, start, stop, given, end, out=out, **more)
        if end == "ok" and row:
            row["status"] = "confirmed"
            facts = {name: row[name] for name in ("seats", "areas", "buyer")}
            self.bookings.setdefault(
                str(hold),
                {"id": booking, "hold": hold, "event": EVENT, "status": "confirmed", **facts}
                | {"confirmed_at": out["confirmed_at"]},
            )
        return booking

    def cancel(
        self, user: str, start: float, stop: float, hold: str, *, end: str = "ok", **more: Any
    ) -> None:
        booking = self.bookings[hold]["id"]
        out = {"booking": booking, "hold": hold, "event": EVENT, "status": "cancelled"}
        given = {"booking": booking, "hold": hold, "event": EVENT}
        self.ask("cancel", user, start, stop, given, end, out=out, **more)
        if end == "ok":
            self.bookings[hold]["status"] = "cancelled"

    def change(
        self,
        user: str,
        start: float,
        stop: float,
        hold: str,
        *returned: str,
        new: list[str] | None = None,
        got: list[str] | None = None,
        end: str = "ok",
        **more: Any,
    ) -> None:
        """Log a partial cancel of seats, or their exchange for `new` ones. `got`: what the answer has, if not that."""
        row = self.bookings[hold]
        left = [seat for seat in row["seats"] if seat not in returned] + (new or [])
        left = left if got is None else got
        given = {"booking": row["id"], "hold": hold, "event": EVENT, "returns": [{"seats": list(returned)}]}
        given |= {"lines": [{"seats": new}], "partial": False} if new else {}
        out = {"booking": row["id"], "hold": hold, "event": EVENT, "seats": left, "areas": row["areas"]}
        f = "exchange" if new else "reduce"
        self.ask(f, user, start, stop, given, end, out={**out, "status": "confirmed"}, **more)
        if end == "ok":
            row["seats"] = self.holds[hold]["seats"] = left

    def release(
        self, user: str, start: float, stop: float, hold: str, *, end: str = "ok", **more: Any
    ) -> None:
        out = {"hold": hold, "status": "released"}
        self.ask("release", user, start, stop, {"hold": hold, "event": EVENT}, end, out=out, **more)
        if end == "ok":
            self.holds[hold]["status"] = "released"

    def extend(
        self, user: str, start: float, stop: float, hold: str, *, ttl: float = 3, end: str = "ok", **more: Any
    ) -> None:
        until = EPOCH + round(((start + stop) / 2 + ttl) * 1e6)
        out = {"hold": hold, "expires_at": until, "server_time": until - round(ttl * 1e6)}
        self.ask(
            "extend", user, start, stop, {"hold": hold, "event": EVENT, "ttl": ttl}, end, out=out, **more
        )
        if end == "ok":
            self.holds[hold]["expires_at"] = until

    def instant(self, user: str, start: float, stop: float, quantity: int, *, end: str = "ok") -> None:
        out = {"booking": None, "hold": None, "event": EVENT, "seats": [], "areas": {"floor": quantity}}
        given = {"event": EVENT, "quantity": quantity}
        self.ask("instant", user, start, stop, given, end, out=out, via="instant")
        if end == "ok":
            self.row(
                "instant", (start + stop) / 2, status="confirmed", areas={"floor": quantity}, booked=True
            )

    def read(self, start: float, stop: float, f: str = "read_availability", **out: Any) -> None:
        given = {"event": EVENT, **{name: out[name] for name in ("hold", "booking") if name in out}}
        self.ask(f, "reader", start, stop, given, "ok", out={"event": EVENT, **out})

    def ask(
        self,
        f: str,
        user: str,
        start: float,
        stop: float | None,
        given: dict[str, Any],
        end: str,
        *,
        out: dict[str, Any],
        key: str | None = None,
        via: str = "v1",
        replayed: bool = False,
    ) -> None:
        """Log one attempt; with `stop` None its client was killed."""
        number = next(self._numbers)
        line = {"e": "inv", "i": number, "t": _ns(start), "proc": user, "user": user, "f": f}
        self.lines.append({**line, "key": key or f"key-{number}", "attempt": 1, "via": via, "in": given})
        if stop is None:
            return
        is_ok = end == "ok"
        answer = {"res": end if end in ("ok", "info") else "fail", "code": None if is_ok else end}
        status = 201 if is_ok else None if end == "info" else 409
        more = {"status": status, "replayed": replayed, "out": out if is_ok else {}}
        self.lines.append({"e": "ret", "i": number, "t": _ns(stop), **answer, **more})

    def row(self, name: str, at: float, *seats: str, booked: bool = False, **facts: Any) -> str:
        """Add a hold to the final state whose id no client received."""
        id = f"{name}-{next(self._numbers)}"
        placed = EPOCH + round(at * 1e6)
        times = {"placed_at": placed, "expires_at": placed + 3_000_000}
        row = {
            "id": id,
            "event": EVENT,
            "status": "expired",
            "seats": list(seats),
            "areas": {},
            "buyer": None,
        }
        self.holds[id] = {**row, **times, **facts}
        if booked:
            booking = {"id": f"booking-of-{id}", "hold": id, "event": EVENT, "status": "confirmed"}
            booking |= {"seats": list(seats), "areas": self.holds[id]["areas"], "buyer": None}
            self.bookings[id] = {**booking, "confirmed_at": placed}
        return id

    def fault(self, name: str, start: float, stop: float, *, jump: float = 0) -> None:
        self.faults.append(
            {"e": "fault", "name": name, "t0": _ns(start), "t1": _ns(stop), "jump_us": round(jump * 1e6)}
        )

    def journal(self, *versions: tuple[float, list[dict[str, Any]]]) -> None:
        """Write the journal: the opening, then versions of time and changes."""
        opened = {"change": "opened", "areas": {"1": 3, "2": 4, "3": 4}}
        rows = [(0.0, [opened]), *versions]
        self.sql["journal"] = [
            {"event": EVENT, "version": number, "at": EPOCH + round(at * 1e6), "changes": changes}
            for number, (at, changes) in enumerate(rows)
        ]

    def check(self, folder: Path) -> Verdict:
        rows = [
            [
                {"label": f"{row}{number}", "category": category, **self.traits.get(f"{row}{number}", {})}
                for number in range(1, 5)
            ]
            for row, category in (("A", "stalls"), ("B", "circle"))
        ]
        settings = {"principals": self.principals}
        event = {"e": "event", "event": EVENT, "number": 1, "areas": {"floor": 3}, "rows": rows}
        setup = [
            {"e": "run", "seed": 1, "commit": "by hand", "settings": settings},
            {**event, "hold_ttl": 3, "limits": self.limits},
        ]
        sql = {"holds": list(self.holds.values()), "bookings": list(self.bookings.values()), **self.sql}
        dump = {"api": self.api, "sql": sql, "taken_at": _ns(100), "server_time": EPOCH + 100_000_000}
        _write(folder / "setup.jsonl", setup)
        _write(folder / "client-1.jsonl", self.lines)
        _write(folder / "nemesis.jsonl", self.faults)
        (folder / "dump.json").write_text(json.dumps(dump))
        return check(folder, floors=False)


def _ns(seconds: float) -> int:
    return round(seconds * SECOND) + SECOND


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
