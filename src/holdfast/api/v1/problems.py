"""Problems: a page for each code, so that the `type` of every refusal leads to its explanation (RFC 9457, 4)."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import WithJsonSchema

from holdfast.access.permissions import Permission
from holdfast.api.pages import HTML, VARIES, choose_json, json_page, marked_up, template
from holdfast.api.request import Request
from holdfast.errors import Fault, HoldfastError, OutcomeUnknown, RouteNotFound, all_errors
from holdfast.errors.guide import GUIDE
from holdfast.http.problems import problem_members
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import FromPath

__all__ = ["routes"]

routes = Routes(tag="service", lenient=True)  # a link to a page may carry any query

_INSTANCE = "4f1c2a90b7d35e680a1f"

CodePath = Annotated[
    str,
    FromPath(lambda text: text if text in GUIDE else None, RouteNotFound),
    WithJsonSchema({"type": "string", "enum": sorted(GUIDE)}),
]

_SOLD_OUT = {
    "code": "sold_out",
    "title": "Sold out",
    "status": 409,
    "detail": "Nothing is left.",
    "effect": "Nothing was changed.",
    "cause": GUIDE["sold_out"].cause,
    "remedy": GUIDE["sold_out"].remedy,
}


@routes.get(
    "/problems",
    policy=Permission.PUBLIC,
    anonymous=True,
    response_type="text/html",
    answers={200: "<!doctype html>…"},
    json_answer={"items": [_SOLD_OUT]},
)
async def list_problems(request: Request) -> Reply:
    """Return a page with the codes of all problems, or JSON for `Accept: application/json`."""
    if choose_json(request):
        return json_page({"items": [_facts(code) for code in GUIDE]})
    rows = "".join(
        f'<tr><td><a href="problems/{code}"><code>{code}</code></a></td><td>{_error(code).status}</td>'
        f"<td>{marked_up(advice.cause)}</td></tr>\n"
        for code, advice in GUIDE.items()
    )
    return Reply(
        body=template("problems.html").substitute(rows=rows).encode(), headers=VARIES, content_type=HTML
    )


@routes.get(
    "/problems/{code}",
    policy=Permission.PUBLIC,
    anonymous=True,
    response_type="text/html",
    answers={200: "<!doctype html>…"},
    json_answer=_SOLD_OUT | {"example": {"code": "sold_out", "status": 409}},
)
async def get_problem(request: Request, code: CodePath) -> Reply:
    """Return a page about a problem: what it means, when it comes, what to do, and an example. Or the same as JSON."""
    facts = _facts(code)
    example = problem_members(_error(code)(), _INSTANCE, pages=request.problem_pages)
    if choose_json(request):
        return json_page(facts | {"example": example})
    shown = {name: marked_up(str(facts[name])) for name in ("title", "detail", "effect", "cause", "remedy")}
    page = template("problem.html").substitute(
        shown,
        code=code,
        status=f"{facts['status']} {HTTPStatus(facts['status']).phrase}",
        example=escape(json.dumps(example, indent=2, ensure_ascii=False)),
    )
    return Reply(body=page.encode(), headers=VARIES, content_type=HTML)


def _facts(code: str) -> dict[str, Any]:
    error, advice = _error(code), GUIDE[code]
    return {
        "code": code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "effect": _effect(error),
        "cause": advice.cause,
        "remedy": advice.remedy,
    }


def _effect(error: type[HoldfastError]) -> str:
    if issubclass(error, OutcomeUnknown):
        return "The change may have been made. A retry shows it."
    if error is HoldfastError:
        return "It depends on the route."
    return "Nothing was changed. A retry may succeed." if issubclass(error, Fault) else "Nothing was changed."


@cache
def _error(code: str) -> type[HoldfastError]:
    return all_errors().get(code, HoldfastError)
