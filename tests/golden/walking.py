"""Walking: requests to the operations of the OpenAPI document by id, and the recorded answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from golden.asking import Answer, Deployment, Request, ask, entry_of
from golden.masking import Mask

__all__ = ["DOCUMENTS", "Document", "Walk"]

Json = dict[str, Any]
DOCUMENTS = {"openapi": "/openapi.json", "openapi_dialects": "/dialects/openapi.json"}
"""The path of each document, by the name of its record."""


class Document:
    """The content of both documents: the path and the answers of each operation."""

    def __init__(self, *documents: Json) -> None:
        self.places: dict[str, tuple[str, str]] = {}
        """(method, path) by operation id."""
        self.operations: dict[str, Json] = {}
        for document in documents:
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    self.places[operation["operationId"]] = (method.upper(), path)
                    self.operations[operation["operationId"]] = operation

    @classmethod
    async def of(cls, deployment: Deployment) -> Document:
        return cls(
            *[(await ask(deployment.app, Request(method="GET", path=one))).json for one in DOCUMENTS.values()]
        )

    def statuses(self, operation: str) -> dict[str, set[int]]:
        """Return the statuses of an operation by outcome: the status of a success, the code of a refusal."""
        found: dict[str, set[int]] = {}
        for status, response in self.operations[operation]["responses"].items():
            codes = [code for one in response.get("content", {}).values() for code in one.get("examples", {})]
            for outcome in codes if int(status) >= 400 else [status]:
                found.setdefault(outcome, set()).add(int(status))
        return found

    def pairs(self) -> set[tuple[str, str]]:
        """Return every documented (operation, outcome)."""
        return {(operation, outcome) for operation in self.places for outcome in self.statuses(operation)}

    def path(self, operation: str, *values: object) -> tuple[str, str]:
        """Return method and path, with the values in the template."""
        method, template = self.places[operation]
        parts = template.split("{")
        path = parts[0]
        for part, value in zip(parts[1:], values, strict=True):
            path += quote(str(value), safe="") + part.partition("}")[2]
        return method, path


class Walk:
    """`await walk("place_hold", "sold_out", json=…)` sends a request, checks the outcome and records the answer.

    `too` uses the twin of each operation, whose path differs by the slash at its end.
    """

    def __init__(self, deployment: Deployment, document: Document, *, too: bool = False) -> None:
        self.deployment = deployment
        self.document = document
        self.entries: dict[str, Json] = {}
        self.wrong: list[str] = []
        """Answers whose outcome the scene does not expect."""
        self.answer: Answer
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
        """Return the body of the answer, or the answer itself if it is not JSON.

        `status` is for outcomes that the document does not list.
        """
        answer, line = await self._ask(
            operation, values, by=by, body=json, query=query, headers=headers or {}
        )
        context = f"{operation} {outcome}: {answer.status} {answer.body[:400]!r}"
        known = self.document.statuses(operation).get(str(outcome), set()) if status is None else {status}
        is_json = "json" in answer.header("content-type")
        code = answer.json.get("code", outcome) if answer.status >= 400 and is_json else outcome
        if answer.status not in known or code != outcome:
            self.wrong.append(context)
        name = f"{operation} {outcome}{f' ({note})' if note else ''}"
        assert name not in self.entries, f"{name} is already recorded"
        self.entries[name] = {"asked": self._mask.text(line), "by": by, **entry_of(answer, self._mask)}
        return answer.json if is_json and answer.body else answer

    async def do(
        self, operation: str, *values: object, by: str = "staff", json: Any = None, query: str = ""
    ) -> Any:
        """Send a request that must succeed, without a record. Return the body."""
        answer, line = await self._ask(operation, values, by=by, body=json, query=query, headers={})
        assert answer.status < 300, f"{line}: {answer.status} {answer.body[:400]!r}"
        return answer.json

    async def _ask(
        self,
        operation: str,
        values: tuple[object, ...],
        *,
        by: str,
        body: Any,
        query: str,
        headers: Mapping[str, str],
    ) -> tuple[Answer, str]:
        twin = f"{operation}_too"
        method, path = self.document.path(
            twin if self._too and twin in self.document.places else operation, *values
        )
        kind = () if body is None else (("content-type", "application/json"),)
        request = Request(
            method=method,
            path=path,
            query=query,
            headers=(
                *Deployment.key_of(by),
                *kind,
                *((name.lower(), value) for name, value in headers.items()),
            ),
            body=b"" if body is None else json.dumps(body).encode(),
        )
        self.answer = await ask(self.deployment.app, request)
        return self.answer, f"{method} {path}{f'?{query}' if query else ''}"
