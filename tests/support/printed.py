"""Printed pages: what a person reads on a PDF, and what a scanner reads on it."""

from __future__ import annotations

from dataclasses import dataclass

import pypdfium2  # type: ignore[import-untyped]  # it brings no types
import zxingcpp

__all__ = ["PrintedPage", "pages_of", "scan"]

_DOTS = 3.0
"""Pixels for each point: about 216 to an inch, as a cheap printer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """A page of a PDF. `codes`: what its QR codes say."""

    size: tuple[float, float]
    text: str
    codes: list[str]


def pages_of(content: bytes) -> list[PrintedPage]:
    """Return the pages of a PDF, rendered and scanned."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [_page(document, number) for number in range(len(document))]
    finally:
        document.close()


def scan(pixels: bytes, width: int) -> list[str]:
    """Return the texts of the QR codes in a grey picture, a byte for each pixel."""
    picture = memoryview(pixels).cast("B", shape=[len(pixels) // width, width])
    return [found.text for found in zxingcpp.read_barcodes(picture)]


def _page(document: pypdfium2.PdfDocument, number: int) -> PrintedPage:
    page = document[number]
    text = " ".join(page.get_textpage().get_text_bounded().split())
    bitmap = page.render(scale=_DOTS, grayscale=True)
    rows = bytes(bitmap.buffer)
    pixels = b"".join(
        rows[at * bitmap.stride : at * bitmap.stride + bitmap.width] for at in range(bitmap.height)
    )
    return PrintedPage(size=page.get_size(), text=text, codes=scan(pixels, bitmap.width))
