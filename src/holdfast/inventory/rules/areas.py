"""Rules for a change of an event's areas and categories: what is renamed, resized, added or closed is said so.

A name that the event does not have is refused, because it may be a new name as well as a slip. An area that is added
where one was to be renamed doubles the capacity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from holdfast import errors
from holdfast.errors import FieldError
from holdfast.errors.fields import FIELD
from holdfast.inventory.rules import commands as c
from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.rules.event import MAX_AREAS, MAX_CAPACITY, Area, AreaState, category_ids
from holdfast.inventory.rules.hold import HoldStatus

__all__ = ["AreaPlan", "apply_areas", "plan_areas", "reclaim_to"]

_NAMED_IN_TEXTS = 10


@dataclass(slots=True, kw_only=True)
class AreaPlan:
    """What a change makes of one area."""

    area: Area
    name: str
    capacity: int
    category: str | None
    state: AreaState
    pointer: str

    @property
    def names(self) -> bool:
        area = self.area
        return (self.name, self.category, self.state) != (area.name, area.category, area.state)


def plan_areas(state: BatchState, command: c.ChangeEvent) -> tuple[list[AreaPlan], list[Area]]:
    """Return the areas that change, and the new ones. It changes nothing, but may reclaim lapsed holds."""
    plans, added = _capacity_of_only_area(state, command), list[Area]()
    for index, change in enumerate(command.areas):
        pointer = f"/areas/{index}"
        if change.adds:
            added.append(_new_area(state, change, len(added)))
            continue
        area = _named(state, change, pointer)
        if any(plan.area is area for plan in plans):
            raise errors.InvalidInput.in_field(f"{pointer}/name", "duplicate_area", FieldError.AREA_TWICE)
        plans.append(_planned(area, change, pointer))
    for spec in command.drawn:
        drawn = c.AreaChange(name=spec.name, capacity=spec.capacity, category=spec.category)
        added.append(_new_area(state, drawn, len(added)))
    _refuse_taken_names(state, plans, added, command)
    plans += _renamed_categories(state, command, plans, added)
    _refuse_unknown_categories(state, command)
    _refuse_too_much(state, command, plans, added)
    for plan in plans:
        _refuse_taken_capacity(state, plan)
    return plans, added


def apply_areas(state: BatchState, plans: Iterable[AreaPlan], added: Iterable[Area], *, by: str) -> None:
    resized: dict[str, int] = {}
    grows_map = False
    for plan in plans:
        area = plan.area
        if not plan.names and area.capacity == plan.capacity:
            continue
        if plan.names:
            grows_map = grows_map or area.seated
            state.name_area(area, name=plan.name, category=plan.category, state=plan.state, by=by)
        area.capacity = plan.capacity
        state.changes.areas[area.number] = area
        resized[str(area.number)] = plan.capacity
    for area in added:
        state.add_area(area)
        resized[str(area.number)] = area.capacity
    if resized:
        state.changes.journal.append({"change": "capacity", "areas": resized, "by": by})
    if grows_map:  # a version of the map never shows another name
        version = state.event.map_version + 1
        state.grow_map(version)
        state.changes.journal.append(
            {"change": "seats_added", "map_version": version, "count": 0, "areas": {}, "by": by}
        )


def reclaim_to(state: BatchState, area: Area, capacity: int) -> None:
    """Reclaim lapsed holds, oldest first, until no more than the capacity is taken."""
    for hold in state.lapsed:
        if area.capacity - area.free <= capacity:
            return
        if hold.status is HoldStatus.ACTIVE and hold.expires_at <= state.now:
            state.reclaim(hold)


def _capacity_of_only_area(state: BatchState, command: c.ChangeEvent) -> list[AreaPlan]:
    if command.capacity is None:
        return []
    only = state.only_area
    if only is None:
        raise errors.InvalidInput.in_field("/capacity", "area_required", FieldError.SEVERAL_AREAS)
    return [_planned(only, c.AreaChange(capacity=command.capacity), "")]


def _planned(area: Area, change: c.AreaChange, pointer: str) -> AreaPlan:
    removed = change.state is AreaState.REMOVED
    return AreaPlan(
        area=area,
        name=area.name if change.name is None else change.name,
        capacity=0 if removed else area.capacity if change.capacity is None else change.capacity,
        category=None if change.clears_category else change.category or area.category,
        state=change.state or area.state,
        pointer=pointer,
    )


def _named(state: BatchState, change: c.AreaChange, pointer: str) -> Area:
    """Return the area that the change names. Raises AreaUnknown, which lists the event's areas."""
    if change.id is not None:
        area = state.areas.get(change.id)
        if area is None or area.seated or area.state is AreaState.REMOVED:
            known = _listed((f"{each.name} ({each.number})" for each in state.counted_areas), "areas")
            text = errors.AreaUnknown.ID_IN_CHANGE.format(known=known)
            raise errors.AreaUnknown(text, errors=(errors.AreaUnknown.at(f"{pointer}/id"),))
        return area
    found = state.area_named(change.name or "")
    if found is None:
        known = _listed((area.name for area in state.counted_areas), "areas")
        text = errors.AreaUnknown.IN_CHANGE.format(name=_quoted(change.name or ""), known=known)
        raise errors.AreaUnknown(text, errors=(errors.AreaUnknown.at(f"{pointer}/name"),))
    return found


def _new_area(state: BatchState, change: c.AreaChange, before: int) -> Area:
    assert change.name is not None
    assert change.capacity is not None
    return Area(
        number=max(state.areas, default=0) + 1 + before,
        name=change.name,
        category=change.category,
        seated=False,
        capacity=change.capacity,
    )


def _refuse_taken_names(
    state: BatchState, plans: list[AreaPlan], added: list[Area], command: c.ChangeEvent
) -> None:
    """Refuse two counted areas of one name, as the event will be after the whole change."""
    changed = {plan.area.number: plan for plan in plans}
    names = {area.name for area in state.counted_areas if area.number not in changed}
    new = iter(added)
    changing = iter(plan for plan in plans if plan.pointer)
    for index, change in enumerate(command.areas):
        name = next(new).name if change.adds else _kept_name(next(changing))
        if name is None:
            continue
        if name in names:
            pointer = f"/areas/{index}/name"
            raise errors.InvalidInput.in_field(pointer, "duplicate_area", FieldError.AREA_NAME_TAKEN)
        names.add(name)
    for drawn in new:
        if drawn.name in names:
            raise errors.InvalidInput.in_field("/seat_map", "duplicate_area", FieldError.AREA_EXISTS)
        names.add(drawn.name)


def _kept_name(plan: AreaPlan) -> str | None:
    return None if plan.state is AreaState.REMOVED else plan.name


def _renamed_categories(
    state: BatchState, command: c.ChangeEvent, plans: list[AreaPlan], added: list[Area]
) -> list[AreaPlan]:
    """Rename categories in the plans and the new areas, and return plans of the other areas that have them."""
    areas = [area for area in state.areas.values() if area.state is not AreaState.REMOVED]
    by_id = {number: name for name, number in category_ids(areas).items()}
    renamed: dict[str, str] = {}
    for index, rename in enumerate(command.category_names):
        old = by_id.get(rename.id)
        if old is None or old in renamed:
            known = _listed((f"{name} ({number})" for number, name in by_id.items()), "categories")
            text = errors.AreaUnknown.CATEGORY_ID_IN_CHANGE.format(known=known)
            at = errors.AreaUnknown.at(f"/categories/{index}/id", errors.AreaUnknown.CATEGORY_BRIEF)
            raise errors.AreaUnknown(text, errors=(at,))
        taken = ({*by_id.values()} - {old, *renamed}) | {*renamed.values()}
        if rename.name in taken:
            pointer = f"/categories/{index}/name"
            raise errors.InvalidInput.in_field(pointer, "duplicate_category", FieldError.CATEGORY_EXISTS)
        renamed[old] = rename.name
    if not renamed:
        return []
    for plan in plans:
        plan.category = renamed.get(plan.category or "", plan.category)
    for area in added:
        area.category = renamed.get(area.category or "", area.category)
    planned = {plan.area.number for plan in plans}
    return [
        _planned(area, c.AreaChange(name=new if area.seated else None, category=new), "")
        for area in areas
        if area.number not in planned and (new := renamed.get(area.category or "")) is not None
    ]


def _refuse_unknown_categories(state: BatchState, command: c.ChangeEvent) -> None:
    """Refuse a category that the event does not have, unless the change adds it. A first seat map brings its own."""
    if command.new_categories is None:
        return
    known = {area.category for area in state.areas.values() if area.state is not AreaState.REMOVED}
    known |= {rename.name for rename in command.category_names}
    used: set[str] = set()
    given = [
        (change.category, f"/areas/{index}/category")
        for index, change in enumerate(command.areas)
        if change.category is not None
    ]
    drawn = [*command.categories, *(area.category for area in command.drawn if area.category is not None)]
    allowed = {*known, *command.new_categories, *(() if state.is_seated else drawn)}
    given += [(category, "/seat_map") for category in drawn]
    for category, pointer in given:
        used.add(category)
        if category not in allowed:
            listed = _listed((name for name in known if name is not None), "categories")
            text = errors.AreaUnknown.CATEGORY_IN_CHANGE.format(name=_quoted(category), known=listed)
            at = errors.AreaUnknown.at(pointer, errors.AreaUnknown.CATEGORY_BRIEF)
            raise errors.AreaUnknown(text, errors=(at,))
    for category in command.new_categories:
        if category in known:
            raise errors.InvalidInput.in_field(
                "/categories", "duplicate_category", FieldError.CATEGORY_EXISTS
            )
        if category not in used:
            raise errors.InvalidInput.in_field("/categories", "not_allowed", FieldError.CATEGORY_UNUSED)


def _refuse_too_much(
    state: BatchState, command: c.ChangeEvent, plans: list[AreaPlan], added: list[Area]
) -> None:
    if len(state.areas) + len(added) > MAX_AREAS:
        raise errors.InvalidInput.in_field(
            "/areas", "too_many", f"{FIELD} must have at most {MAX_AREAS} areas."
        )
    capacities = {area.number: area.capacity for area in state.areas.values()}
    capacities |= {plan.area.number: plan.capacity for plan in plans}
    total = sum(capacities.values()) + sum(area.capacity for area in added) + len(command.seats)
    if total > MAX_CAPACITY:
        raise errors.InvalidInput.in_field(
            "/areas", "out_of_range", f"{FIELD} must have at most {MAX_CAPACITY} admissions."
        )


def _refuse_taken_capacity(state: BatchState, plan: AreaPlan) -> None:
    area = plan.area
    if area.capacity - area.free > plan.capacity:
        reclaim_to(state, area, plan.capacity)
    taken = area.capacity - area.free
    if taken <= plan.capacity:
        return
    removed = plan.state is AreaState.REMOVED
    pointer = f"{plan.pointer}/remove" if removed else f"{plan.pointer}/capacity"
    text = f"{taken} admissions of {area.name} are taken."
    if removed:
        text = errors.CapacityTaken.REMOVED.format(taken=taken, name=area.name)
    raise errors.CapacityTaken(text, errors=(errors.CapacityTaken.at(pointer, f"At least {taken}."),))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _listed(names: Iterable[str], what: str) -> str:
    found = sorted(names)
    if not found:
        return f"no {what}"
    more = f" and {len(found) - _NAMED_IN_TEXTS} more" if len(found) > _NAMED_IN_TEXTS else ""
    return ", ".join(found[:_NAMED_IN_TEXTS]) + more
