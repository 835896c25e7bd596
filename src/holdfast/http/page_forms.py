"""Page forms: what a page's form sends, and whether one of our own pages sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import ConfigDict, ValidationError

from holdfast.errors import Forbidden, Malformed
from holdfast.http.forms import Form
from holdfast.http.model_errors import invalid_input

if TYPE_CHECKING:
    from holdfast.http.request import Request

__all__ = ["PageForm", "refuse_foreign_form"]

_MAX_FIELDS = 1_000


class PageForm(Form):
    """The fields of a form on a page. Values are text, so digits become numbers where a number is expected."""

    model_config = ConfigDict(extra="ignore", strict=False, frozen=True)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Return the form. A repeated name is a list; a field left empty is missing.

        Raises Malformed, InvalidInput.
        """
        given = _fields(raw)
        try:
            return cls.model_validate(given)
        except ValidationError as failed:
            raise invalid_input(failed, given, annotation=cls) from None


def _fields(raw: bytes) -> dict[str, str | list[str]]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError:
        raise Malformed(Malformed.FORM) from None
    found: dict[str, str | list[str]] = {}
    for name, value in pairs:
        known = found.get(name)
        if known is None:
            found[name] = value
        else:
            found[name] = [*known, value] if isinstance(known, list) else [known, value]
    return found


def refuse_foreign_form(request: Request) -> None:
    """Raise Forbidden for a form that a page of another site sent.

    A browser says with every form where it comes from, by `Sec-Fetch-Site` or `Origin`. What says nothing is no
    browser, so it holds no cookie that a foreign page could use.
    """
    site = request.header(b"sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Forbidden(Forbidden.FOREIGN_FORM)
        return
    origin = request.header(b"origin")
    if origin is not None and urlsplit(origin).netloc != request.header(b"host"):
        raise Forbidden(Forbidden.FOREIGN_FORM)
