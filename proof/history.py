"""History: a run's logs, folded into each client's operations and their final results.

Attempts with one Idempotency-Key are one logical operation. A dialect has no such key, so each of its
requests is an operation. Times are nanoseconds on the clock that all processes of the machine share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from proof.log import Attempt, LogFile, read_json

__all__ = ["FOREVER", "SECOND", "Change", "Fault", "Hall", "History", "Op", "Read", "read_history"]

SECOND = 1_000_000_000
FOREVER = 1 << 62

CHANGING = frozenset({"hold", "extend", "release", "book", "cancel", "instant", "reduce", "exchange"})
READING = frozenset({"read_availability", "read_seats", "read_booking", "read_hold"})
KEYED = frozenset({"v1", "pages"})
"""Formats whose requests carry a retry key: a header, or a field of a page's form."""
ASKING = "ask"
"""A request that is sent for its answer only."""
SILENT = frozenset({"pages"})
"""Formats whose answers do not say that they are repeated. Only their content shows it."""

NOT_AN_ANSWER = frozenset(
    {
        *("busy", "unavailable", "rate_limited", "in_progress", "credentials_required", "forbidden"),
        *("malformed_json", "bad_request", "request_timeout", "not_found", "body_too_large", "not_sent"),
    }
)
"""Codes that report that nothing began: another attempt with the same key may have another result."""


class Op:
    """One logical operation."""

    __slots__ = (
        *("attempts", "code", "event", "f", "file", "given", "hi", "infos", "invoked", "key", "last", "lo"),
        *("out", "ret", "returned", "st", "status", "user", "via", "windows"),
    )

    def __init__(self, attempt: Attempt, event: str, user: str) -> None:
        line = attempt.line
        self.f: str = line["f"]
        self.user, self.event = user, event
        self.via: str = line["via"]
        self.key: str = line["key"]
        self.given: dict[str, Any] = line["in"]
        self.lo: int = line["t"]
        """The start of the first attempt."""
        self.hi = FOREVER
        """The end of the first successful attempt."""
        self.ret = FOREVER
        """The time of the first answer, success or refusal: the decision came before."""
        self.last = 0
        """The time when the last attempt ended or was given up."""
        self.st = "fail"
        """ok, fail (certainly without effect) or info (unknown)."""
        self.code: str | None = None
        """The code of a refusal."""
        self.status: int | None = None
        self.out: dict[str, Any] = {}
        self.attempts = self.infos = 0
        self.windows: list[tuple[int, int]] | None = None
        """The start and end of each attempt, if there are several."""
        self.file, self.invoked, self.returned = attempt.file, attempt.invoked, attempt.returned

    @property
    def may_have_effect(self) -> bool:
        return self.st != "fail"

    def lines(self) -> list[str]:
        """Return the log lines of the deciding attempt, or else of the first."""
        name = self.file.path.name
        lines = [f"{name}: {self.file.raw(self.invoked)}"]
        if self.returned >= 0:
            lines.append(f"{name}: {self.file.raw(self.returned)}")
        return lines


class Read:
    """One answered read; its lines are parsed when needed, to save memory."""

    __slots__ = ("event", "f", "file", "hi", "invoked", "lo", "returned", "user")

    def __init__(self, attempt: Attempt, event: str, user: str, hi: int) -> None:
        self.f: str = attempt.line["f"]
        self.event, self.user = event, user
        self.lo: int = attempt.line["t"]
        self.hi = hi
        self.file, self.invoked, self.returned = attempt.file, attempt.invoked, attempt.returned

    def out(self) -> dict[str, Any]:
        out: dict[str, Any] = self.file.line(self.returned)["out"]
        return out

    def given(self) -> dict[str, Any]:
        given: dict[str, Any] = self.file.line(self.invoked)["in"]
        return given

    def lines(self) -> list[str]:
        name = self.file.path.name
        return [f"{name}: {self.file.raw(place)}" for place in (self.invoked, self.returned)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One answered request of a caller. `caller` is None for a guest."""

    caller: str | None
    given: dict[str, Any]
    lo: int
    hi: int
    status: int | None
    code: str | None
    words: str
    lines: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A key with two different answers."""

    op: Op
    what: str
    lines: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    t0: int
    t1: int
    jump: int
    """The jump of the product's clock in nanoseconds; negative for a jump back."""


class Hall:
    """One event as it was set up: its areas, and its seats as bits of one integer."""

    __slots__ = (
        *("areas", "bit_of", "categories", "category_of", "event", "hold_ttl", "labels", "limits", "number"),
        *("all_seats", "kept", "tables", "wheelchairs"),
    )

    def __init__(self, line: dict[str, Any]) -> None:
        self.event: str = line["event"]
        self.number: int = line.get("number", 0)
        self.areas: dict[str, int] = line.get("areas") or {}
        self.hold_ttl: float = line.get("hold_ttl") or 120
        self.limits: dict[str, Any] = line.get("limits") or {}
        self.bit_of: dict[str, int] = {}
        self.labels: dict[int, str] = {}
        self.category_of: dict[str, str] = {}
        self.categories: dict[str, int] = {}
        """Masks. A bit without a seat separates rows, and categories within a row."""
        self.tables: dict[str, int] = {}
        """The mask of the whole table, for each seat of one that is sold whole."""
        self.kept = self.wheelchairs = 0
        """Masks: what best available gives only to a party that asks for a wheelchair place; the places themselves."""
        bit = 0
        for row in line.get("rows") or ():
            before = None
            for seat in row:
                label, category = seat["label"], seat.get("category") or ""
                bit += before is not None and category != before
                before = category
                self.bit_of[label], self.labels[bit], self.category_of[label] = bit, label, category
                self.categories[category] = self.categories.get(category, 0) | 1 << bit
                self.kept |= bool(seat.get("kept")) << bit
                self.wheelchairs |= (seat.get("kept") == "wheelchair") << bit
                bit += 1
            bit += 1
            whole = [seat["label"] for seat in row if seat.get("whole")]
            self.tables |= dict.fromkeys(whole, self.mask_of(whole))
        self.all_seats = 0
        for mask in self.categories.values():
            self.all_seats |= mask

    def mask_of(self, labels: Iterable[str]) -> int:
        """Return the seats as bits. Unknown seats are left out."""
        mask = 0
        for label in labels:
            if label in self.bit_of:
                mask |= 1 << self.bit_of[label]
        return mask

    @property
    def for_everyone(self) -> int:
        """The seats that best available gives one by one to any party."""
        tables = 0
        for mask in self.tables.values():
            tables |= mask
        return self.all_seats & ~self.kept & ~tables

    @property
    def capacity(self) -> int:
        return len(self.bit_of) + sum(self.areas.values())

    def part_capacity(self, part: str) -> int:
        """Return the capacity of an area or of a category of seats."""
        return self.areas[part] if part in self.areas else self.categories.get(part, 0).bit_count()


@dataclass(slots=True, kw_only=True)
class History:
    """All data of a run."""

    setup: dict[str, Any] = field(default_factory=dict)
    halls: dict[str, Hall] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    dump: dict[str, Any] | None = None
    ops: dict[str, list[Op]] = field(default_factory=lambda: {f: [] for f in sorted(CHANGING)})
    reads: list[Read] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    asked: int = 0
    """Requests that were sent for their answer, also without one."""
    ends: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By caller: when its key began to be revoked, and when it was."""
    attempts: int = 0
    results: dict[str, int] = field(default_factory=dict)
    """Attempts by operation and result."""
    elsewhere: int = 0
    """Attempts at events that the setup does not list; they are not judged."""

    def changing(self) -> Iterator[Op]:
        for ops in self.ops.values():
            yield from ops

    def faults_in(self, start: int, end: int) -> list[Fault]:
        return [fault for fault in self.faults if fault.t0 <= end and fault.t1 >= start]


def read_history(folder: Path) -> History:
    """Return the history of a run. Raises ValueError for an unreadable log, and FileNotFoundError for a
    missing one."""
    history = History()
    for line in read_json(folder / "setup.jsonl"):
        if line["e"] == "run":
            history.setup = line
        elif line["e"] == "event":
            history.halls[line["event"]] = Hall(line)
        elif line["e"] == "ending":
            history.ends[line["caller"]] = (line["t"], FOREVER)
        elif line["e"] == "ended":
            history.ends[line["caller"]] = (history.ends[line["caller"]][0], line["t"])
    history.faults = [
        Fault(
            name=line["name"],
            t0=line["t0"],
            t1=line["t1"],
            jump=int(line.get("jump_us") or 0) * 1_000,
        )
        for line in read_json(folder / "nemesis.jsonl")
        if line["e"] == "fault"
    ]
    dump = folder / "dump.json"
    if dump.exists():
        history.dump = orjson.loads(dump.read_bytes())
    files = sorted(folder.glob("client-*.jsonl"))
    if not history.halls or not files:
        raise FileNotFoundError(f"{folder} has no setup or no client log")
    fold = _Fold(history)
    for path in files:
        for attempt in LogFile(path).attempts():
            fold.take(attempt)
    return history


class _Fold:
    """Folds attempts into logical operations. Repeated words are stored once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._by_key: dict[tuple[str, str, str], Op] = {}
        self._words: dict[str, str] = {}

    def take(self, attempt: Attempt) -> None:
        line, history = attempt.line, self._history
        f, given = line["f"], line["in"]
        history.attempts += 1
        name = f"{f} {attempt.res}"
        history.results[name] = history.results.get(name, 0) + 1
        user, event = self._word(line["user"]), self._word(given.get("event") or "")
        if event not in history.halls:
            history.elsewhere += 1
            return
        if f == ASKING:
            history.asked += 1
            if attempt.ret is not None and attempt.res != "info":
                history.asks.append(_ask(attempt))
            return
        if f in READING:
            if attempt.ret is not None and attempt.res == "ok":
                history.reads.append(Read(attempt, event, user, attempt.ret["t"]))
            return
        if line["via"] in KEYED and line["key"]:
            name_of_key = (user, f, line["key"])
            op = self._by_key.get(name_of_key)
            if op is None:
                op = self._by_key[name_of_key] = self._new(attempt, event, user)
            elif op.given != given:
                history.changes.append(_change(op, attempt, "one key was used for two requests"))
        else:
            op = self._new(attempt, event, user)
        self._add(op, attempt)

    def _new(self, attempt: Attempt, event: str, user: str) -> Op:
        op = Op(attempt, event, user)
        op.f = self._word(op.f)
        op.via = self._word(op.via)
        if isinstance(op.given.get("hold"), str):
            op.given["hold"] = self._word(op.given["hold"])
        self._history.ops[op.f].append(op)
        return op

    def _add(self, op: Op, attempt: Attempt) -> None:
        began, ret = attempt.line["t"], attempt.ret
        ended = FOREVER if ret is None else ret["t"]
        if op.attempts:
            if op.windows is None:
                op.windows = [(op.lo, op.last)]
            op.windows.append((began, ended))
            op.lo = min(op.lo, began)
        op.attempts += 1
        op.last = max(op.last, ended)
        if ret is None or ret["res"] == "info":
            op.infos += 1
            if op.st == "fail" and (op.code is None or op.code in NOT_AN_ANSWER):
                op.st = "info"
            return
        code = ret["code"]
        if ret["res"] == "ok":
            if op.st == "ok":
                if op.out != ret["out"] or op.status != ret["status"]:
                    self._report(op, attempt, "two answers to one key differ")
                elif began > op.hi and not ret["replayed"] and op.via not in SILENT:
                    self._report(op, attempt, "an answered key was executed again")
                if ended < op.ret:
                    op.hi = op.ret = ended
                return
            if op.st == "fail" and op.code is not None and op.code not in NOT_AN_ANSWER:
                self._report(op, attempt, "a refused key was done later")
            op.st, op.code, op.status = "ok", None, ret["status"]
            op.out = ret["out"] or {}
            self._compact(op.out)
            op.hi = op.ret = ended
            op.file, op.invoked, op.returned = attempt.file, attempt.invoked, attempt.returned
            return
        if code is None or code in NOT_AN_ANSWER:
            if op.st == "fail" and op.code is None:
                op.code, op.status = code or "not_sent", ret["status"]
            return
        if op.st == "ok":
            self._report(op, attempt, "a key that was done was refused later")
            return
        if op.st == "fail" and op.code is not None and op.code not in NOT_AN_ANSWER:
            if op.code != code:
                self._report(op, attempt, "two refusals of one key differ")
            op.ret = min(op.ret, ended)
            return
        op.st, op.code, op.status, op.ret = "fail", code, ret["status"], ended
        op.file, op.invoked, op.returned = attempt.file, attempt.invoked, attempt.returned

    def _report(self, op: Op, attempt: Attempt, what: str) -> None:
        self._history.changes.append(_change(op, attempt, what))

    def _word(self, text: str) -> str:
        return self._words.setdefault(text, text)

    def _compact(self, out: dict[str, Any]) -> None:
        for name in ("hold", "event"):
            if isinstance(out.get(name), str):
                out[name] = self._word(out[name])
        seats = out.get("seats")
        if seats:
            out["seats"] = [self._word(label) for label in seats]


def _ask(attempt: Attempt) -> Ask:
    line, ret, name = attempt.line, attempt.ret, attempt.file.path.name
    assert ret is not None
    return Ask(
        caller=line["in"].get("as"),
        given=line["in"],
        lo=line["t"],
        hi=ret["t"],
        status=ret["status"],
        code=ret["code"],
        words=(ret["out"] or {}).get("words", ""),
        lines=[f"{name}: {attempt.file.raw(place)}" for place in (attempt.invoked, attempt.returned)],
    )


def _change(op: Op, attempt: Attempt, what: str) -> Change:
    name = attempt.file.path.name
    places = [attempt.invoked] if attempt.returned < 0 else [attempt.invoked, attempt.returned]
    return Change(
        op=op, what=what, lines=[*op.lines(), *(f"{name}: {attempt.file.raw(place)}" for place in places)]
    )
