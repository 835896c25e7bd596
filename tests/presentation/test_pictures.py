"""Uploaded pictures: only the pixels of a PNG, JPEG or WebP become a poster, in a size that fits.

Class of bug: a file that harms who decodes it, or says more than its picture. Its members: other formats, files that
are no picture, more pixels than memory, broken files, and notes such as the place where it was taken.
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from holdfast.presentation.pictures import MAX_BYTES, PictureRefused, decoded, make_picture
from support.pictures import BLUE, a_picture, text_of

GPS = 0x8825
ORIENTATION = 0x0112


def opened(content: bytes) -> Image.Image:
    found = Image.open(BytesIO(content))
    assert found.format == "JPEG"
    return found


def is_near(found: object, expected: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 12 for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_an_allowed_format_becomes_a_jpeg(kind: str) -> None:
    made = make_picture(a_picture(kind, size=(640, 360)))
    assert (made.poster.width, made.poster.height) == (640, 360)
    assert opened(made.large).size == (640, 360)
    assert opened(made.small).size == (480, 270)
    assert is_near(opened(made.large).getpixel((9, 9)), BLUE)


def test_a_large_picture_is_made_smaller() -> None:
    made = make_picture(a_picture("PNG", size=(3200, 1800)))
    assert (made.poster.width, made.poster.height) == (1600, 900)


def test_the_same_picture_has_the_same_digest() -> None:
    digests = {make_picture(a_picture(colour=colour)).poster.digest for colour in (BLUE, BLUE, (1, 2, 3))}
    assert len(digests) == 2


def noted(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "SECRET NOTE"
    exif[0x013B] = "SECRET NAME"
    exif.get_ifd(GPS)[1] = "N"
    notes = PngInfo()
    notes.add_text("Comment", "SECRET TEXT")
    saved: dict[str, object] = {"exif": exif} | ({"pnginfo": notes} if kind == "PNG" else {})
    return a_picture(kind, icc_profile=b"SECRET PROFILE" * 20, **saved)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_notes_of_a_file_are_not_kept(kind: str) -> None:
    upload = noted(kind)
    assert b"SECRET" in upload
    made = make_picture(upload)
    for content in (made.large, made.small):
        assert b"SECRET" not in content
        found = opened(content)
        assert not found.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & found.info.keys()


def test_a_picture_that_was_taken_sideways_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    made = make_picture(a_picture("JPEG", size=(64, 32), exif=exif))
    assert (made.poster.width, made.poster.height) == (32, 64)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    clear: object = 0 if mode == "P" else (0, 0) if mode == "LA" else (0, 0, 0, 0)
    saved = {"transparency": 0} if mode == "P" else {}
    made = make_picture(a_picture("PNG", mode=mode, colour=clear, **saved))
    assert is_near(opened(made.large).getpixel((9, 9)), (255, 255, 255))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


REFUSED = {
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a GIF": a_picture("GIF"),
    "a BMP": a_picture("BMP"),
    "a TIFF": a_picture("TIFF"),
    "an icon": a_picture("ICO"),
    "a PDF": a_picture("PDF"),
    "nothing": b"",
    "half a PNG": a_picture(size=(600, 400))[:400],
    "half a JPEG": a_picture("JPEG", size=(600, 400))[:300],
    "half a WebP": a_picture("WEBP", size=(600, 400))[:60],
    "a head alone": a_picture()[:33],
    "3,600 megapixels": bomb(60_000, 60_000),
    "25 megapixels and one row": a_picture(mode="1", colour=0, size=(5_000, 5_001)),
    "one pixel": a_picture(size=(1, 1)),
    "no end of text": a_picture()[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * 90_000_000)),
    "too many bytes": a_picture() + b"\0" * MAX_BYTES,
}


@pytest.mark.parametrize("name", REFUSED)
def test_another_file_is_refused(name: str) -> None:
    with pytest.raises(PictureRefused):
        make_picture(REFUSED[name])


@pytest.mark.parametrize("text", ["%", "a", "_-_-", " ", "YQ=", "YQ==\n", "ÿ", "A" * (12 * 1024 * 1024)])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(PictureRefused):
        decoded(text)


def test_base_64_is_read() -> None:
    assert decoded(text_of(b"abc")) == b"abc"
