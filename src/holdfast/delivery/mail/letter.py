"""Letter: the content of a mail, as its job keeps it. The layout and secret links are added when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Letter", "Link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A button to a page of the server.

    With `secret`, `#` and the job's token end the address. A browser sends no fragment, so no log has the token.
    """

    label: str
    path: str
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to one person. All texts are plain: a layout renders them as text and as HTML."""

    to: str
    subject: str
    paragraphs: Sequence[str]
    facts: Sequence[tuple[str, str]] = field(default_factory=tuple)
    """Rows of a small table, such as ("Reference", "02VW-BM8G")."""
    link: Link | None = None
    closing: str = ""
    """A remark below everything else, such as why the reader got this mail."""

    def to_request(self) -> dict[str, Any]:
        """Return the letter as a job's request."""
        link = self.link
        return {
            "to": self.to,
            "subject": self.subject,
            "paragraphs": list(self.paragraphs),
            "facts": [list(fact) for fact in self.facts],
            "link": None if link is None else {"label": link.label, "path": link.path, "secret": link.secret},
            "closing": self.closing,
        }

    @classmethod
    def of_request(cls, request: Mapping[str, Any]) -> Letter:
        """Return the letter of a job."""
        link = request["link"]
        return cls(
            to=request["to"],
            subject=request["subject"],
            paragraphs=request["paragraphs"],
            facts=[(name, value) for name, value in request["facts"]],
            link=None if link is None else Link(**link),
            closing=request["closing"],
        )
