"""Speaking routes: routes that have letters written. These are in the language of who asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from holdfast.api.accepted_language import accepted_language
from holdfast.api.request import Request
from holdfast.http.routes import Routes
from holdfast.languages import speaking

__all__ = ["SpeakingRoutes"]

_Function = Callable[..., Awaitable[Any]]


class SpeakingRoutes(Routes):
    """A collection of routes. A page that calls one of their functions has a language of its own."""

    def route(self, method: str, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        declare = super().route(method, path, **declared)

        def declare_speaking(function: _Function) -> _Function:
            declare(_speaking(function))
            return function

        return declare_speaking


def _speaking(function: _Function) -> _Function:
    @wraps(function)
    async def speak(request: Request, *given: Any, **arguments: Any) -> Any:
        with speaking(accepted_language(request)):
            return await function(request, *given, **arguments)

    return speak
