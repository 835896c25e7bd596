"""Values: dataclasses that are frozen for the type checker only, and cost no more at run time than ordinary
ones.

A frozen dataclass sets every field through `object.__setattr__`, which takes twice as long, and a hold makes
several of them. So the modules of the hot path use `value_class` instead of the standard library's
`dataclass`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["value_class"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value_class
else:
    import dataclasses

    def value_class(*, frozen: bool = False, **options):
        """The same as the standard library's `dataclass`. Only the type checker enforces `frozen`, but the hash
        stays."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
