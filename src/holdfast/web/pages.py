"""Pages: HTML from templates. Nothing is inline, so the content policy of every page can be strict."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from holdfast import languages
from holdfast.api.accepted_language import VARIES_BY_LANGUAGE
from holdfast.api.request import Request
from holdfast.api.v1.presentations import poster_file
from holdfast.api.venue_time import in_zone
from holdfast.errors import CredentialsRequired, HoldfastError
from holdfast.http.problems import problem_headers, problem_members
from holdfast.http.reply import Headers, Reply
from holdfast.http.request import Request as AnyRequest
from holdfast.web.languages import current_language, language_cookie, translated, translated_many
from holdfast.web.script_texts import script_texts
from holdfast.web.sentences import Sentence, sentence_for
from holdfast.web.static_files import asset_path, imported_by
from holdfast.web.written import clock, left, long_time, number, part

__all__ = ["EMBEDDED", "HTML", "error_page", "in_zone", "page", "redirect"]

HTML = b"text/html; charset=utf-8"
EMBEDDED = "/e/{event}"
"""The page that other sites embed."""


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Headers = (),
    here: str | None = None,
    **values: Any,
) -> Reply:
    """Return a page in the visitor's language. `values` are the template's own; base.html shows what all know.

    `here` is the path below the root at which a reload gets the page, for the answer to a form.
    """
    root, language, embedded = request.root, current_language(), is_embedded(request)
    html = (
        _templates()
        .get_template(template)
        .render(
            root=root,
            embedded=embedded,
            asset=lambda name: root + asset_path(name),
            imported_by=lambda name: [root + path for path in imported_by(name)],
            language=language,
            languages=languages.LANGUAGES.values(),
            in_language=lambda code: _in_language(request, here, code),
            texts_of=lambda script: script_texts(language, script),
            **values,
        )
    )
    headers = (
        *headers,
        (b"content-language", language.code.encode("ascii")),
        VARIES_BY_LANGUAGE,
        *language_cookie(request),
        *((request.frame_policy,) if embedded else ()),
    )
    return Reply(status=status, body=html.encode(), headers=headers, content_type=HTML)


def is_embedded(request: AnyRequest) -> bool:
    """Return whether another site shows the page in a frame, or in an element of its own page.

    An error may end the request before its query is read, and its page is in the same frame.
    """
    names = (pair.partition(b"=")[0] for pair in request.scope["query_string"].split(b"&"))
    return request.route_path == EMBEDDED and b"embed" in names


def _in_language(request: Request, here: str | None, code: str) -> str:
    """Return the address of the same page in a language. The answer to a form that has no address: the programme's."""
    is_form = request.scope["method"] == "POST"
    query = {} if is_form else {name: value for name, value in request.query.items() if name != "lang"}
    path = request.root + (here or "whats-on") if is_form else ""
    return f"{path}?{urlencode(query | {'lang': code})}"


def redirect(request: Request, path: str, *, headers: Headers = ()) -> Reply:
    """Send the browser to a path below the root, by GET. So a reload repeats no form."""
    location = (request.root + path).encode("ascii")
    return Reply(status=303, headers=((b"location", location), *headers), content_type=HTML)


def error_page(request: Request, error: HoldfastError) -> Reply:
    """Return the page of an error: what happened, and the next step."""
    members = problem_members(error, request.request_id, pages=request.problem_pages)
    sentence: Sentence = sentence_for(members)
    return page(
        request,
        "error.html",
        status=error.status,
        headers=problem_headers(error),
        sentence=sentence,
        signs_in=isinstance(error, CredentialsRequired),
        request_id=request.request_id,
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("holdfast.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_callables(translated, translated_many, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    environment.filters.update(long_time=long_time, clock=clock, part=part, number=number, left=left)
    environment.filters.update(
        file=lambda poster, number: poster_file(number, poster),
        small_file=lambda poster, number: poster_file(number, poster, small=True),
    )
    return environment
