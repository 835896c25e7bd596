"""Rules for placing a hold: seats by name, quantities, best available; all lines or nothing, unless partial."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from holdfast import errors
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.alike import AlikeHolds
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.booking import Attempt, AttemptStatus, Booking, BookingStatus
from holdfast.inventory.rules.changes import NewBooking
from holdfast.inventory.rules.event import MAX_SEATS_PER_HOLD, Area, AreaState
from holdfast.inventory.rules.held_already import held_already
from holdfast.inventory.rules.hold import Hold, HoldStatus, like_hold
from holdfast.inventory.rules.name_lists import has_names, listed
from holdfast.inventory.rules.occupancy import Occupant
from holdfast.inventory.rules.records import Claim, HoldRecord, like_record
from holdfast.inventory.rules.whole_tables import whole_only, with_whole_tables

LAPSED_FREED_PER_LOOK = 1_000
"""Max lapsed holds that one search for the best available newly counts as free. It frees more only before a
refusal."""


def place(state: BatchState, command: c.PlaceHold) -> Hold:
    first = state.alike.holds.get(id(command.lines))
    if (
        first is not None
        and first.include(command)
        and state.areas[first.claim.area].free >= first.claim.quantity
    ):
        state.place_alike(like_record(first.record, command.hold_id, command.token_hash), first)
        return like_hold(first.hold, command.hold_id, first.hold.shared)
    refusal = state.event.refuse_sale(state.now)
    if refusal is not None:
        raise refusal
    claim = _claim_at_hand(state, command.lines)
    if claim is None:
        return _place_planned(state, command)
    _refuse_over_limit(state, claim.quantity, command.buyer)
    hold = _place(state, command, [claim], requested=claim.quantity)
    if command.buyer is None:
        entry = state.changes.journal[-1]
        assert entry["change"] == "held"
        first = AlikeHolds(command, state.holds[command.hold_id], hold, entry)
        if first.include(command):
            state.alike.holds[id(command.lines)] = first
    return hold


def _claim_at_hand(state: BatchState, lines: tuple[c.Line, ...]) -> Claim | None:
    """Return the claim of one line that asks for a free quantity of an open, counted area.

    That is nearly every hold of a sale without seats. None of the rules for seats applies to it, and nothing is
    to be planned. Every other hold, and every refusal, is `_place_planned`'s.
    """
    if len(lines) != 1 or not isinstance(line := lines[0], c.QuantityLine):
        return None
    area = state.only_area if line.area is None else state.area_named(line.area)
    if area is None or area.state is not AreaState.OPEN or not 0 < line.quantity <= area.free:
        return None
    return Claim(line=0, area=area.number, seat=None, quantity=line.quantity)


def _place_planned(state: BatchState, command: c.PlaceHold) -> Hold:
    lines = with_whole_tables(state.seat_map, command.lines)
    if command.reuse:
        mine = held_already(state, command, lines)
        if mine is not None:
            state.changes.repeated = True
            return mine.to_hold(state, state.now)
    requested = requested_by(lines)
    if state.is_seated:
        refuse_too_many_seats(state, lines, requested)
    _refuse_over_limit(state, requested, command.buyer)
    partial = state.event.rules.allow_partial if command.allow_partial is None else command.allow_partial
    claims = LinesPlan(state, partial=partial).lines(lines)
    return _place(state, command, claims, requested=requested)


def _place(state: BatchState, command: c.PlaceHold, claims: list[Claim], *, requested: int) -> Hold:
    hold = _record(state, command.hold_id, claims, requested=requested, command=command)
    hold.buyer_name, hold.buyer_email = command.buyer_name, command.buyer_email
    hold.metadata = command.metadata
    state.place(hold, by=command.by)
    return hold.to_hold(state, state.now)


def book_instantly(state: BatchState, command: c.BookInstantly) -> tuple[Attempt, Booking | None]:
    """Hold and book in one commit. If too few are left, or nothing is on sale, the result is a FAILED attempt."""
    try:
        refusal = state.event.refuse_sale(state.now)
        if refusal is not None:
            raise refusal
        line = c.QuantityLine(quantity=command.quantity)
        if state.is_seated:
            refuse_too_many_seats(state, (line,), command.quantity)
        _refuse_over_limit(state, command.quantity, command.buyer)
        claims = LinesPlan(state, partial=False).lines((line,))
    except (errors.Conflict, errors.Gone, errors.QuantityOverLimit, errors.BuyerRequired):
        attempt = _attempt(state, command, AttemptStatus.FAILED)
        state.changes.attempts.append(attempt)
        return attempt, None
    hold = _record(state, command.hold_id, claims, requested=command.quantity, command=command)
    hold.status, hold.booking_id = HoldStatus.CONFIRMED, command.booking_id
    hold.booking_status, hold.confirmed_at = BookingStatus.CONFIRMED, state.now
    booking = NewBooking(id=command.booking_id, hold_id=hold.id, name=None, email=None, by=command.by)
    state.place(hold, by=command.by, booked=booking)
    attempt = _attempt(state, command, AttemptStatus.CONFIRMED)
    state.changes.attempts.append(attempt)
    return attempt, hold.to_booking(state, created=True)


class LinesPlan:
    """What the lines of one hold would take. It changes nothing but the picker, and a refusal undoes that."""

    def __init__(self, state: BatchState, *, partial: bool) -> None:
        self.state = state
        self.partial = partial
        self.claims: list[Claim] = []
        self.planned: dict[int, int] = {}
        """Quantities by area that earlier lines of this hold will take."""
        self.seats: dict[int, None] = {}
        self.shortage: errors.Refusal | None = None
        """Why a partial hold has less than was requested: the first reason."""

    def lines(self, lines: tuple[c.Line, ...]) -> list[Claim]:
        """Plan named seats first, so that the engine's own choice never takes one of them."""
        try:
            in_order = enumerate(lines) if len(lines) == 1 else sorted(enumerate(lines), key=_is_choice)
            for number, line in in_order:
                try:
                    self._line(number, line)
                except errors.Conflict as refusal:
                    if not self.partial or isinstance(refusal, errors.DuplicateSeat):
                        raise
                    self.shortage = self.shortage or refusal
            self._leave_parts_of_tables()
            if not self.claims:
                raise self.shortage or errors.SoldOut(available=0)
        except errors.Refusal:
            if self.seats and self.state.occupancy is not None:
                self.state.occupancy.free_in_picker(self.seats)
            raise
        return self.claims

    def _leave_parts_of_tables(self) -> None:
        """Leave the seats of a whole table of which any line was refused another seat."""
        state = self.state
        if self.shortage is None or state.seat_map is None or state.occupancy is None:
            return
        whole = dict.fromkeys(whole_only(state.seat_map, self.seats))
        state.occupancy.free_in_picker(self.seats.keys() - whole.keys())
        self.claims = [claim for claim in self.claims if claim.seat is None or claim.seat in whole]
        self.seats = whole

    def _line(self, number: int, line: c.Line) -> None:
        if isinstance(line, c.QuantityLine):
            area = self._area_of(number, line)
            if area is None:
                self._best(number, c.BestAvailableLine(quantity=line.quantity, together=False))
            else:
                self._quantity(number, line, area)
        elif isinstance(line, c.SeatsLine):
            self._named(number, line)
        else:
            self._best(number, line)

    def _area_of(self, number: int, line: c.QuantityLine) -> Area | None:
        """Return the line's area, or None if the event has only seats: then the engine picks seats."""
        state = self.state
        if line.area is not None:
            area = state.area_named(line.area)
            if area is None:
                raise errors.AreaUnknown(
                    errors.AreaUnknown.detail + has_names(area.name for area in state.counted_areas),
                    errors=(errors.AreaUnknown.at(f"/lines/{number}/area"),),
                )
            return area
        only = state.only_area
        if only is not None:
            return only
        areas = state.counted_areas
        if not areas and state.is_seated:
            return None
        if not areas:
            raise errors.SoldOut(errors.SoldOut.NO_ADMISSIONS, available=0)
        raise errors.AreaRequired(
            errors.AreaRequired.NAMES.format(names=listed(area.name for area in areas)),
            errors=(errors.AreaRequired.at(f"/lines/{number}/area"),),
        )

    def _quantity(self, number: int, line: c.QuantityLine, area: Area) -> None:
        if area.state is AreaState.CLOSED:
            at = errors.SoldOut.at(f"/lines/{number}/quantity", errors.SoldOut.CLOSED)
            raise errors.SoldOut(errors.SoldOut.CLOSED, errors=(at,), available=0)
        planned = self.planned.get(area.number, 0)
        if area.free - planned < line.quantity:
            self._reclaim_counted(area, planned + line.quantity)
        left = area.free - planned
        granted = line.quantity if left >= line.quantity else (left if self.partial else 0)
        if granted <= 0:
            raise errors.SoldOut(
                f"Not enough admissions available: {max(left, 0)} left.",
                errors=(errors.SoldOut.at(f"/lines/{number}/quantity"),),
                available=max(left, 0),
            )
        self.planned[area.number] = planned + granted
        self.claims.append(Claim(line=number, area=area.number, seat=None, quantity=granted))

    def _reclaim_counted(self, area: Area, wanted: int) -> None:
        """Reclaim lapsed holds, oldest first, until the area has the quantity, and never more than that."""
        state = self.state
        for hold in state.lapsed:
            if area.free >= wanted:
                return
            if hold.status is HoldStatus.ACTIVE and hold.expires_at <= state.now:
                state.reclaim(hold)
                if state.lapsed_complete:
                    state.changes.reclaimed_until = hold.expires_at

    def _free_seats(self, line: c.SeatsLine) -> list[int] | None:
        """Return the seats of a line if each of them exists, is named once and is nobody's; else None."""
        state = self.state
        if state.seat_map is None:
            return None
        seats = [seat for label in line.labels if (seat := state.seat_map.number_of(label)) is not None]
        is_plain = len(set(seats)) == len(line.labels) and self.seats.keys().isdisjoint(seats)
        return seats if is_plain and not any(map(state.holder_of, seats)) else None

    def _named(self, number: int, line: c.SeatsLine) -> None:
        at_once = self._free_seats(line)
        if at_once is not None:
            self._take(number, at_once)
            return
        state = self.state
        seats, unknown = [], []
        for position, label in enumerate(line.labels):
            seat = None if state.seat_map is None else state.seat_map.number_of(label)
            if seat is None:
                text = errors.SeatUnknown.LABEL.format(label=label)
                unknown.append(errors.SeatUnknown.at(_seat(number, position), text))
            else:
                seats.append((position, label, seat))
        if unknown:
            raise errors.SeatUnknown(unknown[0].detail, errors=tuple(unknown))
        taken, blocked, free = [], [], []
        named: set[int] = set()
        tables: dict[tuple[int, ...], int] = {}
        for position, label, seat in seats:
            named_at = position
            if (
                line.added and state.seat_map is not None
            ):  # an added seat is reported where its table is named
                first = tables.setdefault(state.seat_map.table_of(seat), position)
                named_at = position if position < len(line.labels) - line.added else first
            pointer = _seat(number, named_at)
            if seat in self.seats or seat in named:
                twice = errors.DuplicateSeat.at(pointer)
                raise errors.DuplicateSeat(f"Seat {label} is requested twice.", errors=(twice,))
            named.add(seat)
            holder = state.holder_of(seat)
            if isinstance(holder, Occupant) and holder.has_lapsed(state.now):
                state.reclaim(holder)
                holder = None
            if holder is None:
                free.append(seat)
            elif _is_block(state, holder):
                blocked.append(errors.SeatBlocked.at(pointer, f"Seat {label} is not for sale."))
            else:
                taken.append(errors.SeatTaken.at(pointer, f"Seat {label} is taken."))
        if taken or blocked:
            kind = errors.SeatTaken if taken else errors.SeatBlocked
            refusal = kind((taken or blocked)[0].detail, errors=tuple(taken + blocked))
            if not (self.partial and free):
                raise refusal
            self.shortage = self.shortage or refusal
        self._take(number, free)

    def _best(self, number: int, line: c.BestAvailableLine) -> None:
        state = self.state
        if state.occupancy is None:
            raise errors.SeatUnknown(
                errors.SeatUnknown.NOT_SEATED,
                errors=(errors.SeatUnknown.at(_choice(number), errors.SeatUnknown.NOT_SEATED),),
            )
        if line.category is not None and state.area_of_category(line.category) is None:
            raise errors.AreaUnknown(
                errors.AreaUnknown.CATEGORY + has_names(state.seat_categories),
                errors=(
                    errors.AreaUnknown.at(f"/lines/{number}/category", errors.AreaUnknown.CATEGORY_BRIEF),
                ),
            )
        chosen, free = self._pick(line)
        if chosen is None:
            raise self._no_choice(number, line, free)
        for seat in chosen:
            holder = state.holder_of(seat)
            if isinstance(holder, Occupant):
                state.reclaim(holder)
        self._take(number, chosen)

    def _no_choice(self, number: int, line: c.BestAvailableLine, free: int) -> errors.Conflict:
        """Return why the engine found no seats; `free` is the number of those that the party may have."""
        picker = self.state.picker(self.seats, max_freed=0)
        if line.accessible and not picker.wheelchair_count(line.category):
            text = errors.SoldOut.NO_WHEELCHAIR
            return errors.SoldOut(text, errors=(errors.SoldOut.at(_choice(number)),), available=0)
        if free >= line.quantity and line.together:
            return errors.NotTogether(
                errors.NotTogether.APART.format(quantity=line.quantity, free=free),
                errors=(errors.NotTogether.at(_choice(number)),),
                available=free,
            )
        text = f"Not enough seats available: {free} left."
        if free >= line.quantity:
            text += errors.SoldOut.TABLES_LEFT
        elif not line.accessible and picker.free_count(line.category) > free:
            text += errors.SoldOut.RESERVED_LEFT
        return errors.SoldOut(text, errors=(errors.SoldOut.at(_choice(number)),), available=free)

    def _pick(self, line: c.BestAvailableLine) -> tuple[tuple[int, ...] | None, int]:
        """Return the chosen seats or None, and the number of free seats. It frees no more lapsed holds than it
        needs."""
        occupancy, now = self.state.occupancy, self.state.now
        assert occupancy is not None
        while True:
            picker = self.state.picker(self.seats, max_freed=LAPSED_FREED_PER_LOOK)
            choose = picker.best_with_wheelchair if line.accessible else picker.best
            chosen = choose(line.quantity, line.category, together=line.together)
            if chosen is not None:
                return chosen, line.quantity
            if not occupancy.has_more_lapsed(now):
                break
        count = picker.free_count if line.accessible else picker.general_count
        free = count(line.category)
        if self.partial:
            for quantity in range(min(line.quantity - 1, free), 0, -1):
                chosen = choose(quantity, line.category, together=line.together)
                if chosen is not None:
                    return chosen, free
        return None, free

    def _take(self, number: int, seats: Sequence[int]) -> None:
        state = self.state
        for seat in seats:
            self.seats[seat] = None
            area = state.area_of_seat(seat).number
            self.claims.append(Claim(line=number, area=area, seat=seat, quantity=1))
        assert state.occupancy is not None
        state.occupancy.take_in_picker(seats)


def _record(
    state: BatchState,
    hold_id: UUID,
    claims: list[Claim],
    *,
    requested: int,
    command: c.PlaceHold | c.BookInstantly,
) -> HoldRecord:
    rules = state.event.rules
    requested_ttl = command.ttl_seconds if isinstance(command, c.PlaceHold) else None
    ttl = min(requested_ttl or rules.hold_ttl_seconds, rules.max_hold_ttl_seconds)
    return HoldRecord(
        id=hold_id,
        status=HoldStatus.ACTIVE,
        placed_at=state.now,
        expires_at=state.expiry_after(ttl),
        quantity=claims[0].quantity if len(claims) == 1 else sum(claim.quantity for claim in claims),
        requested=requested,
        buyer=command.buyer,
        token_hash=command.token_hash if isinstance(command, c.PlaceHold) else None,
        claims=claims,
        by=command.by,
    )


def _attempt(state: BatchState, command: c.BookInstantly, status: AttemptStatus) -> Attempt:
    return Attempt(
        number=command.attempt_number,
        event_number=state.event.number,
        quantity=command.quantity,
        status=status,
        created_at=state.now,
        booking_id=command.booking_id if status is AttemptStatus.CONFIRMED else None,
    )


def requested_by(lines: tuple[c.Line, ...]) -> int:
    requested = 0
    for line in lines:
        requested += len(line.labels) if isinstance(line, c.SeatsLine) else line.quantity
    return requested


def refuse_too_many_seats(state: BatchState, lines: tuple[c.Line, ...], requested: int) -> None:
    """Refuse a hold of too many seats. Each seat is a claim, and a batch touches a limited number of claims."""
    seats = requested
    if state.counted_areas:
        seats = requested_by(tuple(line for line in lines if not isinstance(line, c.QuantityLine)))
    if seats > MAX_SEATS_PER_HOLD:
        raise errors.QuantityOverLimit(
            f"At most {MAX_SEATS_PER_HOLD} seats in one hold.", limit=MAX_SEATS_PER_HOLD
        )


def _refuse_over_limit(state: BatchState, requested: int, buyer: str | None) -> None:
    rules = state.event.rules
    if rules.max_per_hold is not None and requested > rules.max_per_hold:
        raise errors.QuantityOverLimit(
            f"At most {rules.max_per_hold} admissions in one hold.", limit=rules.max_per_hold
        )
    if rules.max_per_buyer is None:
        return
    if buyer is None:
        raise errors.BuyerRequired(
            errors=(errors.BuyerRequired.at("/buyer"),),
        )
    has = state.taken_by(buyer)
    if has + requested > rules.max_per_buyer:
        raise errors.QuantityOverLimit(
            f"At most {rules.max_per_buyer} admissions per buyer; you have {has}.", limit=rules.max_per_buyer
        )


def _is_choice(numbered: tuple[int, c.Line]) -> bool:
    return not isinstance(numbered[1], c.SeatsLine)


def _is_block(state: BatchState, holder: Occupant | UUID) -> bool:
    return holder.kind == "block" if isinstance(holder, Occupant) else holder in state.blocks


def _seat(line: int, position: int) -> str:
    return f"/lines/{line}/seats/{position}"


def _choice(line: int) -> str:
    return f"/lines/{line}/best_available"
