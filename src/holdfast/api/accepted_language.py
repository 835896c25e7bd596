"""Accepted language: which of the server's languages a request asks for."""

from __future__ import annotations

from holdfast import languages
from holdfast.http.headers import weights
from holdfast.http.request import Request
from holdfast.languages import Language

__all__ = ["VARIES_BY_LANGUAGE", "accepted_language"]

VARIES_BY_LANGUAGE = (b"vary", b"accept-language, cookie")
"""A cache must not give one visitor the language of another."""


def accepted_language(request: Request, *chosen: str) -> Language:
    """Return the language that was chosen, else the first of Accept-Language that the server speaks, else English."""
    accepted = sorted(weights(request.header(b"accept-language")).items(), key=lambda pair: -pair[1])
    wanted = (*chosen, *(tag for tag, weight in accepted if weight))
    known = (languages.LANGUAGES.get(tag.partition("-")[0]) for tag in wanted)
    return next((language for language in known if language is not None), languages.ENGLISH)
