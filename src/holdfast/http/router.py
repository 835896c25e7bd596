"""Router: finds the route of a method and a path before the body is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.http.routes import Endpoint

__all__ = ["Router"]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    named: _Node | None = None
    methods: dict[str, tuple[Endpoint, tuple[str, ...]]] = field(default_factory=dict)
    """The endpoint, and the names of the path's values in order."""


class Router:
    """Finds routes. Literal parts take precedence over named ones."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        self.endpoints: tuple[Endpoint, ...] = tuple(endpoints)
        self.methods = sorted({"HEAD", "OPTIONS", *(each.method for each in self.endpoints)})
        """What some resource of the server allows (HEAD with each GET), and OPTIONS for the server as a whole."""
        operations: set[str] = set()
        for endpoint in self.endpoints:
            if endpoint.operation_id in operations:
                raise ValueError(f"two routes have the operation id {endpoint.operation_id}")
            operations.add(endpoint.operation_id)
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        node, names = self._root, []
        for part in endpoint.path.split("/")[1:]:
            if part.startswith("{"):
                names.append(part[1:-1])
                node.named = node.named or _Node()
                node = node.named
            else:
                node = node.literals.setdefault(part, _Node())
        if endpoint.method in node.methods:
            raise ValueError(f"two routes are declared for {endpoint.method} {endpoint.path}")
        node.methods[endpoint.method] = (endpoint, tuple(names))

    def find(self, method: str, segments: list[str]) -> tuple[Endpoint | None, Mapping[str, str], list[str]]:
        """Return the endpoint, the path's values, and the path's methods if this one is missing."""
        allowed: set[str] = set()
        for node, values in _leaves(self._root, segments, 0, ()):
            found = node.methods.get(method)
            if found is not None:
                endpoint, names = found
                return endpoint, dict(zip(names, values, strict=True)), []
            allowed.update(node.methods)
        if "GET" in allowed:
            allowed.add("HEAD")  # the handler answers it as a GET without the body
        return None, {}, sorted(allowed)


def _leaves(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterable[tuple[_Node, tuple[str, ...]]]:
    if at == len(segments):
        if node.methods:
            yield node, values
        return
    part = segments[at]
    literal = node.literals.get(part)
    if literal is not None:
        yield from _leaves(literal, segments, at + 1, values)
    if node.named is not None and part:
        yield from _leaves(node.named, segments, at + 1, (*values, part))
