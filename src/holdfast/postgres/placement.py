"""Placement: which shard of a Citus cluster has an event's rows, and on which node, as the coordinator last said.

An outdated placement costs only time: a node passes a statement on to the one that has the rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

__all__ = ["Node", "Placement", "hash_of", "url_of_node"]

_MAX_REMEMBERED = 20_000
_MASK = 0xFFFF_FFFF
_SEED = (0x9E37_79B9 + 4 + 3_923_095) & _MASK
_STEPS = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
"""PostgreSQL's last mixing of a hash: (changed word, other word, bits of its rotation)."""

Node = tuple[str, int]
"""A node's host and port, as the coordinator names it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The shards in the order of their hashes: where each begins, and its node."""

    lows: tuple[int, ...]
    nodes: tuple[Node, ...]
    _known: dict[int, int] = field(default_factory=dict, compare=False)

    @classmethod
    def of_shards(cls, shards: Sequence[tuple[Any, ...]]) -> Placement:
        """`shards`: the lowest hash, host and port of each, in order."""
        return cls(tuple(low for low, _, _ in shards), tuple((host, port) for _, host, port in shards))

    def node_of(self, event_number: int) -> Node:
        return self.nodes[self.shard_of(event_number)]

    def shard_of(self, event_number: int) -> int:
        """Return the place of the event's shard in the order of the hashes."""
        found = self._known.get(event_number)
        if found is None:
            if len(self._known) >= _MAX_REMEMBERED:
                self._known.clear()
            found = bisect_right(self.lows, hash_of(event_number)) - 1
            self._known[event_number] = found
        return found


def hash_of(number: int) -> int:
    """Return PostgreSQL's `hashint8`, by which Citus divides the events."""
    low, high = number & _MASK, (number >> 32) & _MASK
    low ^= high if number >= 0 else ~high & _MASK
    words = [(_SEED + low) & _MASK, _SEED, _SEED]
    for changed, other, bits in _STEPS:
        word = words[other]
        rotated = (word << bits | word >> (32 - bits)) & _MASK
        words[changed] = ((words[changed] ^ word) - rotated) & _MASK
    hashed = words[2]
    return hashed - (1 << 32) if hashed >= 1 << 31 else hashed


def url_of_node(url: str, node: Node) -> str:
    """Return the coordinator's URL with the host and port of a node."""
    parameters = {name: value for name, value in conninfo_to_dict(url).items() if name != "hostaddr"}
    host, port = node
    return make_conninfo("", **{**parameters, "host": host, "port": port})
