"""Values: dataclasses that are frozen for the type checker only, and cost no more at run time than ordinary
ones; and copies of objects with slots.

A frozen dataclass sets every field through `object.__setattr__`, which takes twice as long, and a hold makes
several of them. So the modules of the hot path use `value_class` instead of the standard library's
`dataclass`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["copier", "value_class"]

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:
    import dataclasses

    def value_class(*, frozen: bool = False, **options):
        """The same as the standard library's `dataclass`. Only the type checker enforces `frozen`, but the hash
        stays."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)


def copier(kind: type[T], *own: str) -> Callable[..., T]:
    """Return a function that copies an object of `kind` and sets the fields `own`, whose values follow the object.

    Like the methods of a dataclass it is written as code. A constructor with as many names takes three times as long.
    """
    slots: list[str] = [name for each in kind.__mro__ for name in getattr(each, "__slots__", ())]
    lines = [
        f"def copy(one, {', '.join(own)}):",
        " made = new(kind)",
        *(f" made.{name} = {name if name in own else f'one.{name}'}" for name in slots),
        " return made",
    ]
    scope: dict[str, Any] = {"kind": kind, "new": object.__new__}
    exec("\n".join(lines), scope)  # noqa: S102 - the names of fields, and nothing from outside
    copy: Callable[..., T] = scope["copy"]
    return copy
