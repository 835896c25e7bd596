"""Draws the pictures of a pass for Apple Wallet, each in the three sizes that phones have."""

from __future__ import annotations

from pathlib import Path

import typst

FOLDER = Path(__file__).parents[2] / "src" / "holdfast" / "tickets" / "wallets" / "images"
SIDES = {"icon": 29, "logo": 50}
"""Points of each picture's sides. A pixel is a point at `@1x`."""
DRAWING = """
#set page(width: {side}pt, height: {side}pt, margin: 0pt, fill: none)
#let part(share) = share * {side}pt
#place(rect(width: 100%, height: 100%, radius: part(0.22), fill: rgb("#121e30")))
#let ticket = rect(width: part(0.66), height: part(0.46), radius: part(0.08), fill: rgb("#e9e337"))
#place(dx: part(0.17), dy: part(0.27), ticket)
#place(dx: part(0.55), dy: part(0.21), circle(radius: part(0.06), fill: rgb("#121e30")))
#place(dx: part(0.55), dy: part(0.67), circle(radius: part(0.06), fill: rgb("#121e30")))
#for at in (0.37, 0.47, 0.57) {{
  place(dx: part(0.59), dy: part(at), rect(width: part(0.04), height: part(0.06), fill: rgb("#121e30")))
}}
"""
"""The mark is a ticket of the shop's signal colour on its ink."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, side in SIDES.items():
        for scale, suffix in ((1, ""), (2, "@2x"), (3, "@3x")):
            picture = typst.compile(DRAWING.format(side=side).encode(), format="png", ppi=72 * scale)
            assert isinstance(picture, bytes)
            (FOLDER / f"{name}{suffix}.png").write_bytes(picture)


if __name__ == "__main__":
    main()
