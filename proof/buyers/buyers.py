"""Buyers: threads that hold, extend, release, confirm and cancel through the SDK, and record every answer."""

from __future__ import annotations

import itertools
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import httpx2

from holdfast_client import BestAvailable, Client, Quantity, Retries, errors
from holdfast_client.models import Booking, Hold
from proof.buyers.life import NOT_DONE, OK, REFUSED, UNKNOWN, Attempt, Life, Moment, Step

T = TypeVar("T")

LIFE_SECONDS = 1_800
"""A hold's lifetime: longer than any run, so that none lapses."""

_ROWS, _SEATS_PER_ROW, _STANDING = 10, 40, 2_000
_SHED = (errors.Busy, errors.Unavailable, errors.RateLimited)
_MAX_ATTEMPTS = 12
_ABANDONED = 0.1
_PAUSE_SECONDS = 0.02


class Buyers:
    """Several buyers at each server, which buy between `resume` and `pause`. `lives` has all that they know."""

    def __init__(
        self, urls: Sequence[str], *, seed: int, count: int = 8, patience_seconds: float = 2.0
    ) -> None:
        self.lives: list[Life] = []
        self.events: list[int] = []
        """Numbers of the opened events; buyers use the last."""
        self.surprises: list[dict[str, Any]] = []
        """Answers that nothing excuses."""
        self.answers: Counter[str] = Counter()
        self._clients = [
            Client(url, timeout_seconds=patience_seconds, retries=Retries(total_seconds=0)) for url in urls
        ]
        self._going = threading.Event()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._busy = 0
        self._threads = [
            threading.Thread(
                target=self._buy,
                args=(self._clients[number % len(urls)], random.Random(f"{seed}/{number}")),
                name=f"buyer {number}",
                daemon=True,
            )
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._going.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        for client in self._clients:
            client.close()

    def open_event(self) -> int:
        """Create an event, which all buyers use from now on, and return its number."""
        event = self._clients[0].create_event(
            f"Event {len(self.events) + 1}",
            seat_map={"sections": [{"name": "A", "rows": _ROWS, "seats_per_row": _SEATS_PER_ROW}]},
            areas=[{"name": "standing", "capacity": _STANDING}],
            max_hold_ttl_seconds=LIFE_SECONDS,
        )
        self.events.append(event.number)
        return event.number

    def resume(self) -> None:
        self._going.set()

    def pause(self) -> None:
        """Stop buying, and return when no request is pending."""
        self._going.clear()
        with self._changed:
            self._changed.wait_for(lambda: self._busy == 0)

    def first_success(self, since: int) -> int | None:
        """Return the time of the first success among requests sent since a moment, or None."""
        found = [
            each.answered_at
            for life in list(self.lives)
            for step in list(life.steps)
            for each in list(step.attempts)
            if each.result == OK and each.sent_at >= since and each.answered_at is not None
        ]
        return min(found, default=None)

    def wait_for_success(self, since: int, *, seconds: float) -> int | None:
        """Wait up to `seconds` for the first success, and return its time or None."""
        deadline = time.monotonic() + seconds
        while (first := self.first_success(since)) is None and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        return first

    def acknowledged(self, begin: int, end: int) -> int:
        """Count the steps that were acknowledged between two times."""
        return sum(
            begin <= at < end
            for life in list(self.lives)
            for step in list(life.steps)
            if (at := step.acknowledged) is not None
        )

    def wait_until_acknowledged(self, count: int, *, seconds: float) -> bool:
        """Wait up to `seconds` for this many steps to be acknowledged from now on. Return True if they were."""
        began, deadline = time.monotonic_ns(), time.monotonic() + seconds
        while self.acknowledged(began, time.monotonic_ns()) < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def longest_answer(self, begin: int, end: int) -> float:
        """Return the longest answer time, in seconds, of the requests sent between two times."""
        found = [
            (each.answered_at or time.monotonic_ns()) - each.sent_at
            for life in list(self.lives)
            for step in list(life.steps)
            for each in list(step.attempts)
            if begin <= each.sent_at < end
        ]
        return max(found, default=0) / 1e9

    def longest_silence(self, begin: int, end: int) -> float:
        """Return the longest time without a success between two times, in seconds."""
        successes = [
            each.answered_at
            for life in list(self.lives)
            for step in list(life.steps)
            for each in list(step.attempts)
            if each.result == OK and each.answered_at is not None and begin < each.answered_at < end
        ]
        times = [begin, *sorted(successes), end]
        return max(later - earlier for earlier, later in itertools.pairwise(times)) / 1e9

    def pending_at(self, moment: Moment) -> int:
        """Count the requests that were sent but not answered when the moment began."""
        return sum(
            each.sent_at < moment.begin and (each.answered_at is None or each.answered_at >= moment.begin)
            for life in list(self.lives)
            for step in list(life.steps)
            for each in list(step.attempts)
        )

    def _buy(self, client: Client, chance: random.Random) -> None:
        while True:
            self._going.wait()
            if self._stopping.is_set():
                return
            with self._changed:
                self._busy += 1
            try:
                self._live(client, chance)
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _live(self, client: Client, chance: random.Random) -> None:
        """Use one hold, from its order to a random end; a failed step is the last."""
        life = Life(
            event=self.events[-1],
            order=(BestAvailable(chance.randint(1, 3), together=False),)
            if chance.random() < 0.3
            else (Quantity(chance.randint(1, 4), area="standing"),),
        )
        self.lives.append(life)
        hold = self._ask(life, "place", chance, lambda key: place(client, life, key))
        if hold is None:
            self._stopping.wait(_PAUSE_SECONDS)
            return
        take_over(life, hold)
        if chance.random() < 0.2:
            hold = self._ask(
                life,
                "extend",
                chance,
                lambda key: client.extend_hold(hold, ttl_seconds=LIFE_SECONDS, idempotency_key=key),
            )
            if hold is None:
                return
            life.expires_at = hold.expires_at
        what = chance.random()
        if what < 0.2:
            return
        if what < 0.35:
            self._ask(
                life,
                "release",
                chance,
                lambda key: client.release_hold(life.hold or "", token=life.token, idempotency_key=key),
            )
            return
        booking = self._ask(life, "confirm", chance, lambda key: confirm(client, life, key))
        if booking is None:
            return
        life.booking = booking.id
        if what > 0.9:
            self._ask(
                life,
                "cancel",
                chance,
                lambda key: client.cancel_booking(booking, token=life.token, idempotency_key=key),
            )

    def attempt(self, step: Step, call: Callable[[str], T]) -> T | None:
        """Send one request under the step's key and record it. Return its answer, or None without success."""
        attempt = Attempt(sent_at=time.monotonic_ns())
        step.attempts.append(attempt)
        try:
            answer = call(step.key)
        except errors.HoldfastError as error:
            answered_at = time.monotonic_ns()
            attempt.result, attempt.code = result_of(error), error.code or type(error).__name__
            attempt.answered_at = answered_at
            self.answers[attempt.code] += 1
            if attempt.result == UNKNOWN and not isinstance(error, errors.TryAgain):
                self.surprises.append({"error": repr(error), **step.report()})
            return None
        attempt.answered_at = time.monotonic_ns()
        attempt.result = OK
        self.answers["ok"] += 1
        return answer

    def _ask(self, life: Life, name: str, chance: random.Random, call: Callable[[str], T]) -> T | None:
        """Repeat a step under one key until it is certain or given up. Return its answer or None."""
        step = Step(name, secrets.token_urlsafe(18))
        life.steps.append(step)
        for _ in range(_MAX_ATTEMPTS):
            answer = self.attempt(step, call)
            if answer is not None:
                return answer
            gives_up = self._stopping.is_set() or chance.random() < _ABANDONED
            if step.attempts[-1].result == REFUSED or gives_up:
                return None
            self._stopping.wait(_PAUSE_SECONDS)
        return None


def place(client: Client, life: Life, key: str) -> Hold:
    return client.place_hold(life.event, *life.order, ttl_seconds=LIFE_SECONDS, idempotency_key=key)


def confirm(client: Client, life: Life, key: str) -> Booking:
    return client.confirm_hold(life.hold or "", token=life.token, idempotency_key=key)


def take_over(life: Life, hold: Hold) -> None:
    """Copy the first answer into the life."""
    life.hold, life.token, life.expires_at = hold.id, hold.hold_token, hold.expires_at
    life.seats = frozenset(seat for line in hold.lines for seat in line.seats)
    life.quantity = sum(line.quantity or 0 for line in hold.lines if line.area is not None)


def result_of(error: errors.HoldfastError) -> str:
    """Return the class of a failed request."""
    if isinstance(error, _SHED) or isinstance(error.__cause__, httpx2.ConnectError):
        return NOT_DONE
    return REFUSED if isinstance(error, errors.Refused) else UNKNOWN
