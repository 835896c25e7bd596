"""Values: dataclasses that the type checker holds frozen, and that cost at run time what ordinary ones do.

A frozen dataclass sets every field through `object.__setattr__`, which takes twice as long, and a hold makes several on
its way. So the modules of the hot path take `dataclass` from here instead of from the standard library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(*, frozen: bool = False, **options):
        """As the standard library's; `frozen` is left to the type checker, its hash stays."""
        return dataclasses.dataclass(unsafe_hash=frozen, **options)
