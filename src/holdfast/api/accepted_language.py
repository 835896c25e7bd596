"""Accepted language: which of the server's languages a request asks for."""

from __future__ import annotations

from holdfast.http.headers import weights
from holdfast.http.request import Request
from holdfast.languages import Language, known_language, spoken_language

__all__ = ["VARIES_BY_LANGUAGE", "accepted_language", "mail_language"]

VARIES_BY_LANGUAGE = (b"vary", b"accept-language, cookie")
"""A cache must not give one visitor the language of another."""


def accepted_language(request: Request, *chosen: str) -> Language:
    """Return the language that was chosen, else that of the caller's account, else the first of Accept-Language.

    Without one that the server speaks, it is the server's own.
    """
    accepted = sorted(weights(request.header(b"accept-language")).items(), key=lambda pair: -pair[1])
    wanted = (*chosen, request.principal.language or "", *(tag for tag, weight in accepted if weight))
    return known_language(*(tag.partition("-")[0] for tag in wanted), request.language)


def mail_language(request: Request) -> str | None:
    """Return the language in which the caller wants to read mail; None if that is the server's own."""
    wanted = spoken_language()
    is_asked = request.header(b"accept-language") is not None or request.principal.language is not None
    if wanted is None and is_asked:
        wanted = accepted_language(request)
    return None if wanted is None or wanted.code == request.language else wanted.code
