"""Pictures for tests: small files of every kind, which a poster may be, or may not be."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

from PIL import Image

__all__ = ["PICTURE", "a_picture", "text_of"]

BLUE = (40, 90, 160)


def a_picture(
    kind: str = "PNG",
    *,
    size: tuple[int, int] = (64, 36),
    mode: str = "RGB",
    colour: object = BLUE,
    **saved: object,
) -> bytes:
    """Return a file of one colour."""
    target = BytesIO()
    Image.new(mode, size, colour).save(target, kind, **saved)  # type: ignore[arg-type]  # any colour of the mode
    return target.getvalue()


def text_of(content: bytes) -> str:
    """Return a file in base 64."""
    return b64encode(content).decode("ascii")


PICTURE = text_of(a_picture())
