"""Pictures: check an uploaded picture, and write it again as a JPEG. Nothing of the upload's own bytes is kept.

A picture is decoded only after its header is read: the format must be on the list, and the number of pixels in bounds.
What is written again has no place, no camera and no comment.
"""

from __future__ import annotations

import binascii
import warnings
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from holdfast.presentation.records import Poster, PosterImage

__all__ = ["MAX_BYTES", "MAX_PIXELS", "PictureRefused", "decoded", "make_picture"]

MAX_BYTES: Final = 8 * 1024 * 1024
"""The largest upload."""
MAX_PIXELS: Final = 25_000_000
"""The most pixels of an upload, so that it fits into 100 MB of memory."""

_FORMATS = ("PNG", "JPEG", "WEBP")
_LARGE = 1_600
_SMALL = 480
_LEAST = 16
"""Pixels of the shorter side of an upload."""
_QUALITY = 84
_GROUND = (255, 255, 255)
"""Behind what is transparent."""


class PictureRefused(Exception):
    """The upload is no picture that can be a poster."""


def decoded(text: str) -> bytes:
    """Return the bytes of a text in base 64. Raises PictureRefused."""
    if len(text) > (MAX_BYTES + 2) // 3 * 4:
        raise PictureRefused
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise PictureRefused from None


def make_picture(upload: bytes) -> PosterImage:
    """Return an upload as a poster. It takes up to a second of processor time. Raises PictureRefused."""
    if len(upload) > MAX_BYTES:
        raise PictureRefused
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            large = _read(upload)
    except PictureRefused:
        raise
    except Exception:  # noqa: BLE001 - decoders of broken files raise errors of every kind
        raise PictureRefused from None
    small = large.copy()
    small.thumbnail((_SMALL, _SMALL), Image.Resampling.LANCZOS)
    content = _jpeg(large)
    poster = Poster(digest=sha256(content).hexdigest()[:16], width=large.width, height=large.height)
    return PosterImage(poster=poster, large=content, small=_jpeg(small))


def _read(upload: bytes) -> Image.Image:
    """Return the first picture of a file, upright, without transparency, in the size of a poster."""
    with Image.open(BytesIO(upload), formats=_FORMATS) as found:
        if found.width * found.height > MAX_PIXELS or min(found.size) < _LEAST:
            raise PictureRefused
        found.draft("RGB", (_LARGE, _LARGE))  # a JPEG decoder leaves out what is too fine
        upright = ImageOps.exif_transpose(found)
        if upright.has_transparency_data:
            ground = Image.new("RGB", upright.size, _GROUND)
            ground.paste(upright, mask=upright.convert("RGBA").getchannel("A"))
            upright = ground
        made = upright.convert("RGB")
    made.thumbnail((_LARGE, _LARGE), Image.Resampling.LANCZOS)
    return made


def _jpeg(picture: Image.Image) -> bytes:
    """Return the pixels alone: a fresh picture takes no notes of the upload along."""
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    target = BytesIO()
    bare.save(target, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return target.getvalue()
