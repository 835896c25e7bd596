"""Masking: replace values that differ from run to run by a name, so that two runs give equal texts."""

from __future__ import annotations

import re
from typing import Any

from holdfast.ids import parse_reference

__all__ = ["SENT_TIMES", "Mask"]

SENT_TIMES = ("2099-01-01T20:00:00Z", "2098-01-01T20:00:00Z", "2099-12-31T20:00:00Z", "1999-01-01T20:00:00Z")
"""Times that the scenes send. They return unchanged, so they are not masked."""

_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_HEX = re.compile(
    r"(?<![0-9a-f])([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})(?![0-9a-f])"
)
"""An id without dashes, as in an entity tag."""

_TOKEN = re.compile(r"\bhfh_[A-Za-z0-9]+_[A-Za-z0-9_-]{20,}")
_API_KEY = re.compile(r"\bhfk_(?!k3v9x0q2m7ab)[A-Za-z0-9]+_[A-Za-z0-9_-]{43}")
_KEY_ID = re.compile(r"(?<=/v1/keys/)(?!k3v9x0q2m7ab)[a-z0-9]{12}\b")
_IS_KEY_ID = re.compile(r"(?!k3v9x0q2m7ab)[a-z0-9]{12}")
_SESSION = re.compile(r"\bhf[sl]_[A-Za-z0-9_-]{43}")
_CALENDAR_TIME = re.compile(r"(?<=DTSTAMP:)\d{8}T\d{6}Z")
_PRINTED_REFERENCE = re.compile(
    r'(?<=Booking )[0-9A-Z]{4}-[0-9A-Z]{4}\b|(?<=filename="tickets-)[0-9A-Z]{8}|(?<=filename="booking-)[0-9A-Z]{8}'
    r'|(?<=filename="ticket-)[0-9A-Z]{8}'
)
_TICKET_CODE = re.compile(r"HF1[0-9A-Z $%*+\-./:]{135}")
_TICKET_LINK = re.compile(r"(?<=my/ticket#)(?!isbO)[A-Za-z0-9_-]{120}")
_LIST_SIGNATURE = re.compile(r"(?<=signature-ed25519: )[A-Za-z0-9+/]{86}==|^[A-Za-z0-9+/]{86}==$")
_CODE_HASH = re.compile(r"^(?!0f4c9be1a2d35c7788aa11be)[0-9a-f]{24}$")
_POSTER = re.compile(r"(?<=posters/)(?!4c0f9d2b71e68a35)[0-9a-f]{16}|(?<=^\")[0-9a-f]{16}(?=\"$)")
"""The digest of a poster, in a path or in a tag. It depends on the encoder."""
_SIGNED_LINK = re.compile(r"(?<=/gp/v/save/)[\w-]+\.[\w-]+\.[\w-]+")
_RESET = re.compile(r'(?<=;t=)\d+(?=$|")')
"""The seconds of `RateLimit`, which depend on the moment."""

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
"""The value that a form of a session sends along."""

_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_HTTP_DATE = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_CURSOR = re.compile(r"(?<=cursor=)[A-Za-z0-9_-]{20,}")

_EPOCH = re.compile(r"\b(?!3f9a1c2e)[0-9a-f]{8}(?=\.[0-9a-f])")
"""An epoch in a tag, a bookmark or an address. The examples of documents stay."""

_REFERENCE = re.compile(r"(?:(?<=[?&]reference=)|(?<=[?&]q=))[0-9A-Z]{8}\b")
"""A reference in a query. In an answer it is a member. The examples of documents stay."""


_EXAMPLES = ("02VWBM8G", "02VWBM8G-1")
_EXAMPLE_CODE = "HF1LOH-1Q000700A$04"
_RANDOM_TEXTS = frozenset({"secret", "uri", "recovery_codes", "challenge"})
_EXAMPLE_TEXTS = (
    "whsec_",
    "JBSWY3DP",
    "otpauth://totp/Holdfast:ada%40example.org?secret=JBSWY3DP",
    "mzxw-6ytb",
    "gezd-gnbv",
    "MTYgcmFuZG9t",
)


class Mask:
    """Masks the values of one file. The same id has the same number throughout the file."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}

    def text(self, text: str) -> str:
        text = _TOKEN.sub(lambda found: self._numbered("hold token", found[0]), text)
        text = _API_KEY.sub("<api key>", text)
        text = _KEY_ID.sub(lambda found: self._numbered("key", found[0]), text)
        text = _CALENDAR_TIME.sub("<time>", text)
        text = _PRINTED_REFERENCE.sub("<reference>", text)
        text = _TICKET_CODE.sub(self._ticket_code, text)
        text = _TICKET_LINK.sub("<ticket link>", text)
        text = _LIST_SIGNATURE.sub("<signature>", text)
        text = _CODE_HASH.sub("<hash>", text)
        text = _POSTER.sub("<poster>", text)
        text = _SIGNED_LINK.sub("<signed>", text)
        text = _SESSION.sub("<session>", text)
        text = _DIGEST.sub("<digest>", text)
        text = _RESET.sub("<seconds>", text)
        text = _EPOCH.sub("<epoch>", text)
        text = _UUID.sub(lambda found: self._numbered("id", found[0]), text)
        text = _HEX.sub(lambda found: self._numbered("id", "-".join(found.groups())), text)
        text = _REFERENCE.sub(lambda found: self._numbered("reference", found[0]), text)
        text = _CURSOR.sub("<cursor>", text)
        text = _HTTP_DATE.sub("<date>", text)
        return _TIME.sub(_time, text)

    def json(self, value: Any, name: str = "") -> Any:
        """Return the value with its texts masked. `name` is the name of its member."""
        match value:
            case dict():
                return {self.text(key): self.json(one, key) for key, one in value.items()}
            case list():
                return [self.json(one, name if name in _RANDOM_TEXTS else "") for one in value]
            case str() if name in {"reference", "ticket"} and value not in _EXAMPLES:
                reference, dash, ticket = value.partition("-")
                known = parse_reference(reference) == reference
                return self._numbered("reference", reference) + dash + ticket if known else self.text(value)
            case str() if name in _RANDOM_TEXTS and not value.startswith(_EXAMPLE_TEXTS):
                return f"<{name}>"
            case str() if name == "id" and _IS_KEY_ID.fullmatch(value):
                return self._numbered("key", value)
            case str() if name == "code" and value.isdigit():
                return "<code>"
            case str() if name == "epoch" and value != "3f9a1c2e":
                return "<epoch>"
            case str():
                return "<cursor>" if name == "next" else self.text(value)
        if name in _DURATIONS and value is not None:
            return "<duration>"
        return value

    def answer_text(self, text: str, request_id: str) -> str:
        """Return the masked text of an answer. `request_id` is the one in its header."""
        return self.text(text.replace(request_id, "<request id>") if request_id else text)

    def _ticket_code(self, found: re.Match[str]) -> str:
        return found[0] if found[0].startswith(_EXAMPLE_CODE) else self._numbered("ticket code", found[0])

    def _numbered(self, kind: str, found: str) -> str:
        known = self._numbers.setdefault(kind, {})
        return f"<{kind} {known.setdefault(found, len(known) + 1)}>"


_DURATIONS = frozenset({"oldest_unswept_seconds", "milliseconds", "next_expiry_milliseconds"})


def _time(found: re.Match[str]) -> str:
    """Return the mask of a time. It keeps the number of digits and the form of UTC."""
    if found[0] in SENT_TIMES:
        return found[0]
    digits = len(found[1]) - 1 if found[1] else 0
    return f"<time{f' .{digits}' if digits else ''} {found[2]}>"
