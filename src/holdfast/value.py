"""Values: dataclasses that are frozen for the type checker only, and cost at run time what ordinary ones do.

A frozen dataclass sets every field through `object.__setattr__`, which takes twice as long, and a hold makes several on
its way. So the modules of the hot path use `value_class` instead of the standard library's `dataclass`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["value_class"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:
    import dataclasses

    def value_class(*, frozen: bool = False, **options):
        """Like the standard library's `dataclass`. `frozen` is left to the type checker, but its hash stays."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
