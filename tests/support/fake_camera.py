"""A film for the camera that Chromium pretends to have: codes of tickets, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import segno

__all__ = ["Picture", "camera_flags", "write_film"]

WIDTH, HEIGHT = 640, 480
_GREY = 128
_MODULE = 7
"""Pixels of a module: a code of 41 by 41 fills two thirds of the picture's height."""
_STRIP = 40
"""Pixels at the left edge that say which picture it is, outside of what the page decodes."""

Picture = tuple[str | None, int]
"""A code or nothing, and for how many frames."""


def camera_flags(film: Path | None) -> tuple[str, ...]:
    """Return the flags of a browser whose person allows the camera. None: the one of Chromium's own, without a code."""
    shown = () if film is None else (f"--use-file-for-fake-video-capture={film}",)
    return ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", *shown)


def write_film(file: Path, pictures: Iterable[Picture], *, frames_per_second: int = 20) -> None:
    """Write a film (Y4M). It begins again at its end."""
    with file.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{frames_per_second}:1 Ip A1:1 C420jpeg\n".encode())
        for code, frames in pictures:
            frame = b"FRAME\n" + _picture(code) + bytes([_GREY]) * (WIDTH * HEIGHT // 2)
            for _ in range(frames):
                film.write(frame)


def _picture(code: str | None) -> bytes:
    """Return the luminance of a picture. Its left strip is light in each one with a code."""
    rows = [bytearray([200] * WIDTH) for _ in range(HEIGHT)]
    for row in rows:
        row[:_STRIP] = bytes([20 if code is None else 235]) * _STRIP
    if code is not None:
        matrix = segno.make_qr(code, error="m", boost_error=False).matrix
        side = (len(matrix) + 8) * _MODULE
        left, top = (WIDTH - side) // 2, (HEIGHT - side) // 2
        for y in range(side):
            line = rows[top + y]
            line[left : left + side] = b"\xeb" * side
            at = y // _MODULE - 4
            if 0 <= at < len(matrix):
                for x, is_dark in enumerate(matrix[at]):
                    if is_dark:
                        begin = left + (x + 4) * _MODULE
                        line[begin : begin + _MODULE] = b"\x10" * _MODULE
    return b"".join(rows)
