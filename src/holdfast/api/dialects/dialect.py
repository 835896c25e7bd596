"""Dialect: the wire format of one of the documents, and the parts that all five share.

A dialect's file declares routes, reads its own format, calls one use case of the inventory, and renders the outcome in
its own words. It holds no rule of sale.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from holdfast.http.problems import ErrorRenderer
from holdfast.http.routes import Routes

__all__ = ["Dialect", "RequestBody", "ResponseBody"]

_Function = Callable[..., Awaitable[Any]]


class RequestBody(BaseModel):
    """A request of a dialect's client: strict types; unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class ResponseBody(BaseModel):
    """An answer to a dialect's client."""

    model_config = ConfigDict(frozen=True)


class Dialect(Routes):
    """Routes at the root. Each is also served with a trailing slash: a redirected POST loses its body."""

    def __init__(self, name: str, *, tag: str, render_error: ErrorRenderer) -> None:
        super().__init__(tag=tag, render_error=render_error, lenient=True, is_dialect=True)
        self.name = name

    def route(self, method: str, path: str, **declared: Any) -> Callable[[_Function], _Function]:
        """Declare a route like `Routes.route`. Operation ids begin with the dialect's name."""

        def declare(function: _Function) -> _Function:
            operation_id = f"{self.name}_{function.__name__}"
            other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
            for one, id in ((path, operation_id), (other, f"{operation_id}_too")):
                super(Dialect, self).route(method, one, operation_id=id, **declared)(function)
            return function

        return declare
