"""QR code: the code of a ticket as one path of an SVG picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

__all__ = ["QrCode", "draw_qr_code", "qr_code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A square of `size` modules without its quiet zone. `path` draws the dark ones."""

    size: int
    path: str


@lru_cache(maxsize=512)
def qr_code(text: str) -> QrCode:
    """Return the picture of a ticket's code. It takes milliseconds, so the last ones are kept."""
    return draw_qr_code(text)


def draw_qr_code(text: str) -> QrCode:
    """Return the picture of any text. It is not kept, so the text may be a secret."""
    import segno

    made = segno.make_qr(text, error="m", boost_error=False)
    rows: Sequence[Sequence[int]] = made.matrix
    return QrCode(size=len(rows), path="".join(_runs(rows)))


def _runs(rows: Iterable[Sequence[int]]) -> Iterable[str]:
    """Yield a rectangle for each run of dark modules in a row."""
    for y, row in enumerate(rows):
        x = 0
        for is_dark, modules in groupby(row):
            length = len(list(modules))
            if is_dark:
                yield f"M{x} {y}h{length}v1h-{length}z"
            x += length
