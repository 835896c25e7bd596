"""PDF process: a program of its own that turns one sheet of tickets into a PDF, within limits, and ends.

It reads the sheet as JSON from its input, and writes the PDF to its output. It gets no environment and no descriptor of
the server: a fault in the typesetter reaches no secret, no database and no other request.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from holdfast.tickets.qr_code import qr_code

__all__ = ["main"]

MAX_BYTES = 1_536 * 1024 * 1024
"""Memory by address, most of which the typesetter only reserves."""
MAX_CPU_SECONDS = 20
_NICENESS = 10
_SHEET = Path(__file__).parent / "sheet"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{path}"/></svg>'


def main() -> None:
    """Write the PDF of the sheet on standard input."""
    _limit()
    import typst

    sheet = json.load(sys.stdin)
    for ticket in sheet["tickets"]:
        made = qr_code(ticket.pop("code"))
        ticket["picture"] = _SVG.format(size=made.size, path=made.path)
    content = typst.compile(
        _SHEET / "ticket.typ",
        root=_SHEET,
        font_paths=[_SHEET / "fonts"],
        format="pdf",
        sys_inputs={"sheet": json.dumps(sheet)},
    )
    sys.stdout.buffer.write(content)


def _limit() -> None:
    """Limit this process before it does anything. It may write no file, and gives way to whatever sells."""
    os.nice(_NICENESS)
    for name, most in (
        (resource.RLIMIT_AS, MAX_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _, hard = resource.getrlimit(name)
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (limit, limit))


if __name__ == "__main__":
    main()
