"""Letter: the content of a mail, as its job keeps it. The layout and secret links are added when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Enclosure", "Letter", "Link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A button to a page of the server.

    With `secret`, `#` and the job's token end the address. A browser sends no fragment, so no log has the token.
    With `opens`, the ids of a booking and its hold, the booking and the hold's token do. It opens the booking until
    that goes to another person, and a letter has it only if the server has a public address. A third text says how
    often the booking has gone to another person.
    """

    label: str
    path: str
    secret: bool = False
    opens: Sequence[str] | None = None
    remark: str = ""
    """What else the page does. A letter without its link does not say it."""

    def to_json(self) -> dict[str, Any]:
        given: dict[str, Any] = {"label": self.label, "path": self.path, "secret": self.secret}
        if self.opens is not None:
            given["opens"] = list(self.opens)
        if self.remark:
            given["remark"] = self.remark
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """The tickets of a booking, as a PDF that is made when the letter is sent.

    The letter says `attached`. If the PDF cannot be made in time, the letter leaves without it and says `missing`.
    """

    booking: str
    name: str
    attached: str
    missing: str
    linked: str = ""
    """What stands above the links of single tickets, if the letter has such."""
    transfers: int = 0
    """How often the booking had gone to another person. After the next time the letter leaves without tickets."""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


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
    tickets: Enclosure | None = None
    language: str = "en"

    def to_request(self) -> dict[str, Any]:
        """Return the letter as a job's request."""
        link, tickets = self.link, self.tickets
        return {
            "to": self.to,
            "subject": self.subject,
            "paragraphs": list(self.paragraphs),
            "facts": [list(fact) for fact in self.facts],
            "link": None if link is None else link.to_json(),
            "closing": self.closing,
            "tickets": None if tickets is None else tickets.to_json(),
            "language": self.language,
        }

    @classmethod
    def of_request(cls, request: Mapping[str, Any]) -> Letter:
        """Return the letter of a job. Jobs of older servers have no tickets and no language."""
        link, tickets = request["link"], request.get("tickets")
        return cls(
            to=request["to"],
            subject=request["subject"],
            paragraphs=request["paragraphs"],
            facts=[(name, value) for name, value in request["facts"]],
            link=None if link is None else Link(**link),
            closing=request["closing"],
            tickets=None if tickets is None else Enclosure(**tickets),
            language=request.get("language", "en"),
        )
