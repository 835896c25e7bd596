"""The reference of the SDK, from its signatures and docstrings: methods, objects and errors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from holdfast_client import (
    Client,
    Retries,
    access,
    audit,
    catalogue,
    delivery,
    door,
    errors,
    inventory,
    keys,
    models,
    presentations,
    sales,
    seat_maps,
    tickets,
)

__all__ = ["sdk_reference"]

_MAX_COLUMNS = 100
_SUBJECTS: dict[str, ModuleType] = {
    "Events, and the server": catalogue,
    "Tickets": tickets,
    "The door": door,
    "Descriptions and posters": presentations,
    "Seat maps of venues": seat_maps,
    "Webhooks, notices and mail": delivery,
    "The audit": audit,
    "Who calls": access,
    "API keys": keys,
    "Availability, seats and blocks": inventory,
    "Holds and bookings": sales,
}
_OBJECTS = (
    models.events,
    models.seats,
    models.seat_maps,
    models.figures,
    models.sales,
    models.door,
    models.presentations,
    models.service,
)


def sdk_reference() -> Iterator[str]:
    """Yield the lines of the page."""
    yield "## The client\n"
    yield f"### `Client`, `AsyncClient`\n\n{_signature('Client', Client.__init__)}\n"
    yield f"{_text(Client.__doc__)}\n\n{_text(Client.__mro__[1].__init__.__doc__)}\n"
    yield f"### `Retries`\n\n{_signature('Retries', Retries)}\n\n{_text(Retries.__doc__)}\n"
    for title, module in _SUBJECTS.items():
        yield f"## {title}\n"
        for build in _public_functions(module):
            yield from _method(build)
    yield f"## The stream\n\n### `stream`\n\n{_signature('stream', Client.stream)}\n\n{_text(Client.stream.__doc__)}\n"
    yield "## What to ask for\n"
    for kind in (sales.Quantity, sales.Named, sales.BestAvailable, models.Buyer):
        signature = inspect.signature(kind)
        yield f"### `{kind.__name__}`\n\n{_signature(kind.__name__, signature)}\n\n{_text(kind.__doc__)}\n"
    yield "## Objects\n"
    for module in _OBJECTS:
        for kind in _classes(module):
            if kind is not models.Buyer:
                yield from _object(kind)
    yield "## Errors\n\n[Errors](errors.md) says what each code means, and what to do.\n"
    yield f"Every error has the members of `HoldfastError`. {_text(errors.HoldfastError.__doc__)}\n"
    yield "| Class | is a | `code` | `status` | |\n|---|---|---|---|---|"
    for kind in _classes(errors):
        if issubclass(kind, errors.HoldfastError):
            yield _error(kind)
    yield "\n### `FieldError`\n\n" + _text(errors.FieldError.__doc__)


def _method(build: Callable[..., Any]) -> Iterator[str]:
    names = [build.__name__]
    iteration = build.__name__.replace("list", "iterate", 1)
    if iteration != build.__name__ and hasattr(Client, iteration):
        names.append(iteration)
    yield f"### {', '.join(f'`{name}`' for name in names)}\n"
    yield _signature(build.__name__, build) + "\n"
    yield _text(build.__doc__) + "\n"
    if len(names) == 2:
        yield f"`{iteration}` takes the same arguments, and yields every item of all pages.\n"


def _object(kind: type) -> Iterator[str]:
    yield f"### `{kind.__name__}`\n\n{_text(kind.__doc__)}\n"
    base = kind.__mro__[1]
    inherited = {one.name for one in dataclasses.fields(base)} if dataclasses.is_dataclass(base) else set()
    if inherited:
        yield f"It has the members of `{base.__name__}`.\n"
    own = [one for one in dataclasses.fields(kind) if one.name not in inherited]
    if own:
        yield "| Member | Type |\n|---|---|"
        yield "\n".join(f"| `{one.name}` | `{_cell(_annotation(one.type))}` |" for one in own) + "\n"


def _error(kind: type[errors.HoldfastError]) -> str:
    about = "" if kind is errors.HoldfastError else _cell(vars(kind)["__doc__"] or "")
    code = f"`{kind.CODE}`" if "CODE" in vars(kind) and kind is not errors.HoldfastError else ""
    return f"| `{kind.__name__}` | `{kind.__mro__[1].__name__}` | {code} | {kind.STATUS or ''} | {about} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _public_functions(module: ModuleType) -> list[Callable[..., Any]]:
    """Return the functions that a module defines, in its order."""
    found = [
        one
        for name, one in vars(module).items()
        if inspect.isfunction(one) and one.__module__ == module.__name__ and not name.startswith("_")
    ]
    return sorted(found, key=lambda one: one.__code__.co_firstlineno)


def _classes(module: ModuleType) -> list[type]:
    return [
        one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__
    ]


def _signature(name: str, of: Callable[..., Any] | inspect.Signature) -> str:
    """Return a block with the signature; with one argument a line if it is long."""
    signature = of if isinstance(of, inspect.Signature) else inspect.signature(of)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    words: list[str] = []
    for one in parameters:
        if (
            one.kind is one.KEYWORD_ONLY
            and "*" not in words
            and not any(word.startswith("*") for word in words)
        ):
            words.append("*")
        words.append(str(one).replace("'", "") if one.default is one.empty else _with_default(one))
    returned = _annotation(signature.return_annotation)
    end = "" if returned in ("", "None") else f" -> {returned}"
    line = f"{name}({', '.join(words)}){end}"
    if len(line) > _MAX_COLUMNS:
        line = f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f"){end}"
    return f"```text\n{line}\n```"


def _with_default(one: inspect.Parameter) -> str:
    default = "UNCHANGED" if "UNCHANGED" in repr(one.default) else repr(one.default)
    if callable(one.default):
        default = one.default.__name__
    return f"{one.name}: {_annotation(one.annotation)} = {default}"


def _annotation(of: Any) -> str:
    """Return a type as it is written. A method returns what its call reads."""
    if of is inspect.Signature.empty or of is None:
        return ""
    text = (of if isinstance(of, str) else getattr(of, "__name__", str(of))).strip("'")
    return text[len("Call[") : -1] if text.startswith("Call[") else text


def _text(docstring: str | None) -> str:
    """Return the paragraphs of a docstring, each on one line."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(docstring or "").split("\n\n"))
