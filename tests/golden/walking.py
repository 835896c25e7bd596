"""Walking: requests to the operations of the OpenAPI document, each by its id, and the recorded answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from golden.asking import Asked, Heard, House, ask, entry_of
from golden.masking import Mask

__all__ = ["Document", "Walk"]

Json = dict[str, Any]


class Document:
    """What `/openapi.json` says: where each operation is, and what it may answer."""

    def __init__(self, document: Json) -> None:
        self.places: dict[str, tuple[str, str]] = {}
        """(method, path) by operation id."""
        self.operations: dict[str, Json] = {}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                self.places[operation["operationId"]] = (method.upper(), path)
                self.operations[operation["operationId"]] = operation

    @classmethod
    async def of(cls, house: House) -> Document:
        return cls((await ask(house.app, Asked(method="GET", path="/openapi.json"))).json)

    def statuses(self, operation: str) -> dict[str, set[int]]:
        """By outcome: a success is named by its status, a refusal by its code."""
        found: dict[str, set[int]] = {}
        for status, response in self.operations[operation]["responses"].items():
            codes = [code for one in response.get("content", {}).values() for code in one.get("examples", {})]
            for outcome in codes if int(status) >= 400 else [status]:
                found.setdefault(outcome, set()).add(int(status))
        return found

    def pairs(self) -> set[tuple[str, str]]:
        """Every (operation, outcome) that is documented."""
        return {(operation, outcome) for operation in self.places for outcome in self.statuses(operation)}

    def path(self, operation: str, *values: object) -> tuple[str, str]:
        """(method, path) with the values in the path's places."""
        method, template = self.places[operation]
        parts = template.split("{")
        path = parts[0]
        for part, value in zip(parts[1:], values, strict=True):
            path += quote(str(value), safe="") + part.partition("}")[2]
        return method, path


class Walk:
    """`await walk("place_hold", "sold_out", json=…)` asks, checks the outcome and records the answer.

    `too` walks to each operation's twin, which has the other slash at the end of its path.
    """

    def __init__(self, house: House, document: Document, *, too: bool = False) -> None:
        self.house = house
        self.document = document
        self.entries: dict[str, Json] = {}
        self.wrong: list[str] = []
        """Answers with another outcome than the scene expects."""
        self.heard: Heard
        """The last answer."""
        self._too = too
        self._mask = Mask()

    async def __call__(
        self,
        operation: str,
        outcome: str | int,
        *values: object,
        by: str = "staff",
        note: str = "",
        json: Any = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> Any:
        """The body of the answer; the whole answer where it is not JSON.

        `status` is given where the document does not list this outcome.
        """
        heard, line = await self._ask(operation, values, by=by, body=json, query=query, headers=headers or {})
        context = f"{operation} {outcome}: {heard.status} {heard.body[:400]!r}"
        known = self.document.statuses(operation).get(str(outcome), set()) if status is None else {status}
        is_json = "json" in heard.header("content-type")
        code = heard.json.get("code", outcome) if heard.status >= 400 and is_json else outcome
        if heard.status not in known or code != outcome:
            self.wrong.append(context)
        name = f"{operation} {outcome}{f' ({note})' if note else ''}"
        assert name not in self.entries, f"{name} is recorded already"
        self.entries[name] = {"asked": self._mask.text(line), "by": by, **entry_of(heard, self._mask)}
        return heard.json if is_json and heard.body else heard

    async def do(
        self, operation: str, *values: object, by: str = "staff", json: Any = None, query: str = ""
    ) -> Any:
        """Prepare something, without a record."""
        heard, line = await self._ask(operation, values, by=by, body=json, query=query, headers={})
        assert heard.status < 300, f"{line}: {heard.status} {heard.body[:400]!r}"
        return heard.json

    async def _ask(
        self,
        operation: str,
        values: tuple[object, ...],
        *,
        by: str,
        body: Any,
        query: str,
        headers: Mapping[str, str],
    ) -> tuple[Heard, str]:
        twin = f"{operation}_too"
        method, path = self.document.path(
            twin if self._too and twin in self.document.places else operation, *values
        )
        kind = () if body is None else (("content-type", "application/json"),)
        asked = Asked(
            method=method,
            path=path,
            query=query,
            headers=(*House.key_of(by), *kind, *((name.lower(), value) for name, value in headers.items())),
            body=b"" if body is None else json.dumps(body).encode(),
        )
        self.heard = await ask(self.house.app, asked)
        return self.heard, f"{method} {path}{f'?{query}' if query else ''}"
