"""Languages of pages: which one a visitor reads. A page is made in it as a whole, the sentences of errors included."""

from __future__ import annotations

from contextlib import AbstractContextManager

from holdfast import languages
from holdfast.api.accepted_language import accepted_language
from holdfast.http.request import Request
from holdfast.languages import Language, gettext

__all__ = [
    "current_language",
    "gettext",
    "in_language_of",
    "language_cookie",
    "ngettext",
    "no_language_cookie",
    "translated",
    "translated_many",
]

_COOKIE = "language"
_SECONDS = 365 * 24 * 3600


def current_language() -> Language:
    """Return the language of the page that is being made."""
    return languages.spoken_language() or languages.ENGLISH


def in_language_of(request: Request) -> AbstractContextManager[None]:
    """Make the page in the visitor's language: chosen here, chosen before, kept by the account, or the browser's."""
    return languages.speaking(accepted_language(request, _chosen(request), _from_cookie(request)))


def language_cookie(request: Request) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header that keeps a language which the visitor has just chosen, or which their account keeps."""
    chosen = _chosen(request) or ("" if _from_cookie(request) else request.principal.language or "")
    if chosen not in languages.LANGUAGES:
        return ()
    return (_cookie(request, chosen, _SECONDS),)


def no_language_cookie(request: Request) -> tuple[bytes, bytes]:
    """Return the header that lets the browser forget what was chosen."""
    return _cookie(request, "", 0)


def _cookie(request: Request, value: str, seconds: int) -> tuple[bytes, bytes]:
    secure = "; Secure" if request.scope["scheme"] == "https" else ""
    text = f"{_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    return b"set-cookie", text.encode("ascii")


def _chosen(request: Request) -> str:
    return str(request.query.get("lang", ""))


def _from_cookie(request: Request) -> str:
    pairs = (pair.strip().partition("=") for pair in (request.header(b"cookie") or "").split(";"))
    return next((value for name, _, value in pairs if name == _COOKIE), "")


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the text for a number of things. `%(count)s` in it is the number."""
    return current_language().ngettext(one, many, count, **values)


def translated(text: str) -> str:
    """Return a text in the visitor's language, without its values. Templates add them."""
    return current_language().template(text)


def translated_many(one: str, many: str, count: int) -> str:
    return current_language().template_of_many(one, many, count)
