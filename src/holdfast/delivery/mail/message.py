"""Message: a letter as text and as HTML, and both as one message.

The libraries are imported with the first mail, because most processes never send one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from holdfast.delivery.mail.letter import Letter

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Environment

__all__ = ["RenderedLetter", "build_message", "parse_sender", "render_letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedLetter:
    """A letter in both forms."""

    text: str
    html: str


def render_letter(letter: Letter, *, address: str, links: Sequence[tuple[str, str]] = ()) -> RenderedLetter:
    """Return both forms of a letter. `address` is that of its link, and `links` are those of its tickets."""
    texts, pages = _environments()
    given = {"letter": letter, "address": address, "links": links}
    html = pages.get_template("letter.html").render(given)
    return RenderedLetter(
        text=texts.get_template("letter.txt").render(given).strip() + "\n",
        html=_inliner().inline(html),
    )


def build_message(
    letter: Letter,
    rendered: RenderedLetter,
    *,
    sender: Address,
    job_id: UUID,
    at: datetime,
    tickets: bytes | None = None,
) -> EmailMessage:
    """Return the message. Each attempt of a job has the same `Message-ID`. Raises ValueError for no address."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = parse_recipient(letter.to)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{job_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(rendered.text)
    message.add_alternative(rendered.html, subtype="html")
    if tickets is not None and letter.tickets is not None:
        message.add_attachment(tickets, maintype="application", subtype="pdf", filename=letter.tickets.name)
    return message


def parse_recipient(text: str) -> Address:
    """Return one address. Raises ValueError for anything else, such as a list or a line break."""
    try:
        address = Address(addr_spec=text)
    except Exception as error:
        raise ValueError(text) from error
    if not address.username or "." not in f"{address.domain}." or not text.isprintable():
        raise ValueError(text)
    return address


def parse_sender(text: str) -> Address:
    """Return the sender of `Name <address>` or of an address. Raises ValueError."""
    name, spec = parseaddr(text)
    sender = parse_recipient(spec)
    if not sender.domain or not name.isprintable():
        raise ValueError(text)
    return Address(display_name=name, addr_spec=spec)


@cache
def _environments() -> tuple[Environment, Environment]:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("holdfast.delivery.mail")
    plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - plain text
    return plain, Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(load_remote_stylesheets=False)
