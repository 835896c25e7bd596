"""Suggestions: which field a caller meant by an unknown name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel

from holdfast.errors import FieldError

__all__ = ["models_at", "text_of_unknown"]

Models = tuple[type[BaseModel], ...]

_SYNONYMS = {
    "amount": ("quantity", "seat_count", "qty"),
    "api_key": ("hold_token",),
    "available_from": ("on_sale_at",),
    "begins_at": ("starts_at", "start_time"),
    "booking_id": ("hold", "hold_id"),
    "count": ("quantity", "limit", "best_available", "seat_count", "qty", "total_seats"),
    "customer": ("buyer",),
    "customer_email": ("email",),
    "customer_name": ("name",),
    "date": ("starts_at", "start_time"),
    "datetime": ("starts_at", "start_time"),
    "duration": ("ttl_seconds", "ttl", "hold_minutes"),
    "ends_at": ("off_sale_at",),
    "event_id": ("event", "show_id"),
    "expires_in": ("ttl_seconds", "ttl"),
    "general_admission": ("capacity",),
    "hold_id": ("hold",),
    "hold_seconds": ("ttl_seconds", "hold_ttl_seconds", "ttl"),
    "id": ("event", "hold"),
    "items": ("lines",),
    "labels": ("seats", "seat_map"),
    "location": ("venue",),
    "mail": ("email",),
    "max_per_customer": ("max_per_buyer",),
    "max_tickets": ("max_per_hold", "max_per_buyer"),
    "meta": ("metadata",),
    "number_of_seats": ("quantity", "best_available", "seat_count", "total_seats"),
    "number_of_tickets": ("quantity",),
    "offset": ("cursor",),
    "order_id": ("metadata", "reference"),
    "page": ("cursor",),
    "page_size": ("limit",),
    "partial": ("allow_partial",),
    "partial_fulfillment": ("allow_partial",),
    "per_page": ("limit",),
    "performance": ("event",),
    "place": ("venue",),
    "positions": ("lines",),
    "price_level": ("category",),
    "q": ("text",),
    "qty": ("quantity",),
    "query": ("text",),
    "sale_ends_at": ("off_sale_at",),
    "sale_starts_at": ("on_sale_at",),
    "sales_end": ("off_sale_at",),
    "sales_start": ("on_sale_at",),
    "search": ("text",),
    "seat": ("seats", "seat_number", "seat_id"),
    "seat_labels": ("seats",),
    "seat_numbers": ("seats",),
    "seating_plan": ("seat_map",),
    "seats": ("best_available", "capacity", "seat_map", "total_seats", "seat_count"),
    "section": ("area", "category"),
    "show": ("event", "show_id"),
    "show_id": ("event", "event_id"),
    "size": ("limit", "capacity"),
    "start": ("starts_at", "start_time"),
    "start_time": ("starts_at",),
    "state": ("status",),
    "tickets": ("quantity", "capacity", "seat_count", "qty"),
    "timeout": ("ttl_seconds", "ttl"),
    "timezone": ("time_zone",),
    "title": ("name",),
    "token": ("hold_token", "payment_token"),
    "total": ("capacity", "total_seats"),
    "total_seats": ("capacity",),
    "ttl": ("ttl_seconds",),
    "tz": ("time_zone",),
    "user": ("buyer", "user_id"),
    "user_id": ("buyer",),
    "where": ("venue",),
    "zone": ("area", "category", "time_zone"),
}
"""What other systems call our fields: the first target that the model has is meant."""

_MIN_LIKENESS = 0.7


def models_at(annotation: Any, path: Sequence[str | int]) -> Models:
    """Return the models that the annotation allows at a path. Indices of arrays do not count."""
    found = tuple(_models_in(annotation))
    for part in path:
        if isinstance(part, str):
            fields = [model.model_fields[part] for model in found if part in model.model_fields]
            found = tuple(inner for field in fields for inner in _models_in(field.annotation))
    return found


def text_of_unknown(name: str, models: Models) -> str:
    """Return the text for a name that is no field of these models."""
    fields = list(dict.fromkeys(field for model in models for field in model.model_fields))
    near = _near(name, fields) or next(_nested(name, models), None)
    if near is not None:
        return FieldError.UNKNOWN_NEAR.replace("{near}", f"`{near}`")
    if not fields:
        return FieldError.UNKNOWN_ALONE if models else FieldError.UNKNOWN
    return FieldError.UNKNOWN_AMONG.replace("{fields}", _listed(fields))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for inner in get_args(annotation):
            yield from _models_in(inner)


def _near(name: str, fields: Sequence[str]) -> str | None:
    """Return the field with the same meaning, or else with nearly the same letters."""
    plain = _plain(name)
    by_letters = {_plain(field): field for field in fields}
    if plain in by_letters:
        return by_letters[plain]
    synonyms = next((to for word, to in _SYNONYMS.items() if _plain(word) == plain), ())
    meant = next((field for field in synonyms if field in fields), None)
    if meant is not None:
        return meant
    alike = difflib.get_close_matches(plain, by_letters, n=1, cutoff=_MIN_LIKENESS)
    return by_letters[alike[0]] if alike else None


def _nested(name: str, models: Models) -> Iterator[str]:
    """Yield the path of a field that belongs deeper, as `lines/0/quantity`."""
    for model in models:
        for outer, field in model.model_fields.items():
            inner = tuple(_models_in(field.annotation))
            near = _near(name, [one for each in inner for one in each.model_fields])
            if near is not None:
                yield f"{outer}/0/{near}" if "list[" in str(field.annotation) else f"{outer}/{near}"


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name[:64].lower())


def _listed(fields: Iterable[str]) -> str:
    *first, last = [f"`{field}`" for field in fields]
    return f"{', '.join(first)} and {last}" if first else last
