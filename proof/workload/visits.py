"""Visits: what one buyer does in the pages of the shop, with a back button, a second tab and little patience."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from proof.workload import calls, pages
from proof.workload.asking import Asking, Identity
from proof.workload.calls import Call, Held, Outcome
from proof.workload.events import Event

__all__ = ["Visit"]

Wait = Callable[[Held, float], Awaitable[None]]


class Visit:
    """One browser at one event. Its double clicks, repeated presses and lost answers are those of every client."""

    def __init__(
        self,
        asking: Asking,
        *,
        chance: random.Random,
        who: Identity,
        user: str,
        event: Event,
        pause: Callable[[float], Awaitable[None]],
        wait_for_expiry: Wait,
    ) -> None:
        self._asking, self._chance = asking, chance
        self._who, self._user, self._event = who, user, event
        self._pause, self._wait_for_expiry = pause, wait_for_expiry

    async def run(self, draw_line: Callable[[], dict[str, Any]]) -> None:
        """Open the event, choose, and go on from the hold's page; after a refusal choose once more."""
        for _ in range(self._chance.choice((1, 1, 2))):
            page = await self._ask(pages.open_event(self._event))
            if not page.form_key:  # sold out, or uncertain
                return
            outcome = await self._ask(pages.hold(self._event, page.form_key, self._fillable(draw_line())))
            if outcome.res == "info":
                return
            if outcome.res == "ok":
                await self._stay(self._held(outcome))
                return

    def _fillable(self, line: dict[str, Any]) -> dict[str, Any]:
        """Return the line as the form can say it: seats of our choice are side by side."""
        return {**line, "together": True} if "best" in line else line

    def _held(self, outcome: Outcome) -> Held:
        out = outcome.out
        return Held(
            id=out["hold"],
            event=self._event,
            user=self._user,
            via="pages",
            token=outcome.token,
            seats=out["seats"],
            areas=out["areas"],
            expires_at=out["expires_at"],
            form_key=outcome.form_key,
        )

    async def _stay(self, held: Held) -> None:
        """Use the hold's page up to a random end."""
        chance = self._chance
        if chance.random() < 0.15:
            await self._ask(pages.open_hold(held))
        if chance.random() < 0.15:
            outcome = await self._ask(pages.extend(held))
            if outcome.res == "ok":
                held.expires_at = outcome.out["expires_at"]
        end = chance.random()
        if end < 0.5:
            await self._pause(chance.choice((0.0, 0.0, 0.01, 0.1, 0.6)))
            await self._book(held)
        elif end < 0.68:
            await self._wait_for_expiry(held, chance.uniform(-0.06, 0.06))
            await self._book(held)
        elif end < 0.73:
            await self._wait_for_expiry(held, chance.uniform(0.08, 1.5))
            await self._book(held)
        elif end < 0.85:
            await self._pause(chance.choice((0.0, 0.05, 0.4)))
            await self._ask(pages.release(held))
            if chance.random() < 0.3:  # back, and on with the page that is still there
                await self._ask(pages.book(held, held.form_key))
        # else: the hold lapses

    async def _book(self, held: Held) -> None:
        """Confirm, perhaps in two tabs at once, and perhaps go back and press again."""
        chance = self._chance
        if chance.random() < 0.1:
            tab = await self._ask(pages.open_hold(held))
            if not tab.form_key:
                return
            other = Identity(f"{self._who}-tab")
            outcome, _ = await asyncio.gather(
                self._ask(pages.book(held, held.form_key)),
                self._ask(pages.book(held, tab.form_key), who=other),
            )
        else:
            outcome = await self._ask(pages.book(held, held.form_key))
        if outcome.res != "ok":
            return
        held.booking = outcome.out["booking"]
        if chance.random() < 0.08:
            await self._ask(pages.open_hold(held))
        if chance.random() < 0.04:
            await self._ask(pages.release(held))
        if chance.random() < 0.2:  # pages cancel nothing; the cookie's token does
            await self._pause(chance.choice((0.0, 0.05, 0.5)))
            await self._ask(calls.cancel(held))

    async def _ask(self, call: Call, *, who: Identity | None = None) -> Outcome:
        return await self._asking.ask(who or self._who, self._user, call, self._chance)
