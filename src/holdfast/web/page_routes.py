"""Page routes: routes whose answers, and whose errors, are pages for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from holdfast.api.request import Request
from holdfast.errors import HoldfastError
from holdfast.http.reply import Reply
from holdfast.http.request import Request as AnyRequest
from holdfast.http.routes import Routes
from holdfast.web.languages import in_language_of
from holdfast.web.pages import error_page

__all__ = ["PageRoutes"]

_Function = Callable[..., Awaitable[Any]]


class PageRoutes(Routes):
    """A collection of pages. A link to a page may carry any query. A page is in the visitor's language."""

    def __init__(self) -> None:
        super().__init__(tag="pages", lenient=True, render_page=_error_page)

    def route(self, method: str, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        declare = super().route(method, path, **declared)
        return lambda function: declare(_in_language(function))


def _in_language(function: _Function) -> _Function:
    @wraps(function)
    async def speak(request: Request, **arguments: Any) -> Any:
        with in_language_of(request):
            return await function(request, **arguments)

    return speak


def _error_page(error: HoldfastError, request: AnyRequest) -> Reply:
    assert isinstance(request, Request)
    with in_language_of(request):
        return error_page(request, error)
