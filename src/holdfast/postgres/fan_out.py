"""Fan-out: a read of all events, asked of every PostgreSQL that has some.

A coordinator of Citus makes a task of each shard, and each task costs half a millisecond of CPU, whatever it finds.
Where connections go straight to the nodes, each node gets one statement over all its shards instead.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from weakref import WeakKeyDictionary

import psycopg

from holdfast.postgres import queries
from holdfast.postgres import translate as errors
from holdfast.postgres.arrays import plain
from holdfast.postgres.connections import LOST, Connections, Pool
from holdfast.postgres.pipeline import Statement
from holdfast.postgres.placement import Node
from holdfast.postgres.rows import Table
from holdfast.postgres.tables import OF_EVENTS
from holdfast.postgres.together import Given, ask_each

__all__ = ["NodeShards", "ask_all_everywhere", "ask_everywhere"]

_SQL = queries.load("placement")
_OWN_SHARDS = Statement("list_own_shards", _SQL["list_own_shards"])
_TABLE = re.compile(rb"\b(FROM|JOIN) (%s)\b(?: ([a-z]\w*))?" % "|".join(OF_EVENTS).encode())


@dataclass(frozen=True, slots=True)
class NodeShards:
    """The shards of one node: the names of their tables, by the tables that they are parts of."""

    ids: frozenset[int]
    """The shards of `events`."""
    names: tuple[dict[bytes, bytes], ...]
    _made: dict[bytes, Statement] = field(default_factory=dict, compare=False)

    def statement_of(self, statement: bytes) -> Statement:
        """Return a statement over all these shards, under a name that no other one has."""
        made = self._made.get(statement)
        if made is None:
            text = self.text_of(statement)
            made = self._made[statement] = Statement(f"everywhere_{sha256(text).hexdigest()[:16]}", text)
        return made

    def text_of(self, statement: bytes) -> bytes:
        """Return the text over all these shards.

        One table is replaced by all its shards, and PostgreSQL merges them in their order. Tables that are joined are
        joined shard by shard. Such a statement has no order of its own.
        """
        if len(_TABLE.findall(statement)) == 1:
            return _TABLE.sub(self._all_shards, statement)
        parts = b" UNION ALL ".join(b"(%s)" % _of_shard(statement, names) for names in self.names)
        return b"SELECT * FROM (%s) AS shards LIMIT %%(max_rows)s" % parts

    def _all_shards(self, found: re.Match[bytes]) -> bytes:
        word, table, alias = found.groups()
        parts = b" UNION ALL ".join(b"SELECT * FROM %s" % names[table] for names in self.names)
        return b"%s (%s) %s" % (word, parts, alias or table)


def _of_shard(statement: bytes, names: Mapping[bytes, bytes]) -> bytes:
    def rename(found: re.Match[bytes]) -> bytes:
        word, table, alias = found.groups()
        return b"%s %s %s" % (word, names[table], alias or table)

    return _TABLE.sub(rename, statement)


_SHARDS: WeakKeyDictionary[Connections, dict[Node, NodeShards]] = WeakKeyDictionary()
"""What was last read of each cluster. Each answer shows whether it still holds."""


async def ask_everywhere(connections: Connections, statement: bytes, parameters: Given) -> list[Table]:
    """Return the rows of one read-only statement from each PostgreSQL. Raises Fault.

    A statement that joins tables has `max_rows` among its parameters, and no ORDER BY.
    """
    return [table for (table,) in await ask_all_everywhere(connections, [statement], parameters)]


async def ask_all_everywhere(
    connections: Connections, statements: Sequence[bytes], parameters: Given
) -> list[list[Table]]:
    """Return the rows of several such statements from each PostgreSQL. A node gets them in one round trip."""
    found = await _ask_nodes(connections, statements, parameters) if connections.nodes else None
    if found is None:
        found = [
            [await connections.ask_pool(pool, statement, parameters) for statement in statements]
            for pool in connections.all()
        ]
    return found


async def _ask_nodes(
    connections: Connections, statements: Sequence[bytes], parameters: Given
) -> list[list[Table]] | None:
    """Return None if the shards move at this moment, or have gone to an unknown node. The coordinator can answer."""
    for _ in range(2):
        shards = _SHARDS.get(connections) or await _read_shards(connections)
        if not shards or shards.keys() - connections.nodes.keys():
            break
        given = {
            name: plain(value) if isinstance(value, list) else value for name, value in parameters.items()
        }
        found = await asyncio.gather(
            *(
                _ask_node(connections, connections.nodes[node], own, statements, given)
                for node, own in shards.items()
            )
        )
        answers = [tables for tables in found if tables is not None]
        if len(answers) == len(shards):
            return answers
        _SHARDS.pop(connections, None)
    _SHARDS.pop(connections, None)
    return None


async def _ask_node(
    connections: Connections, pool: Pool, shards: NodeShards, statements: Sequence[bytes], parameters: Given
) -> list[Table] | None:
    """Return None if the node has other shards now. The former place of a shard keeps its old rows for a while."""
    asked = [*map(shards.statement_of, statements), _OWN_SHARDS]
    for last in (False, True):
        failed: Exception | None = None
        try:
            parts = await ask_each(pool, [parameters], asked)
        except LOST as error:
            parts, failed = [], error
        tables = [part for part in parts if isinstance(part, Table)]
        if len(tables) == len(asked):
            *answers, own = tables
            return answers if shards.ids == {*own.column("shard")} else None
        failed = failed or next(part for part in parts if isinstance(part, Exception))
        if isinstance(failed, psycopg.errors.UndefinedTable):
            return None
        if last or not await connections.recover(failed):
            raise errors.translate(failed) from failed
    raise AssertionError("the second try returns or raises")


async def _read_shards(connections: Connections) -> dict[Node, NodeShards]:
    rows = await connections.ask_pool(connections.control(), _SQL["list_shard_tables"])
    found: dict[Node, dict[int, dict[bytes, bytes]]] = {}
    ids: dict[Node, set[int]] = {}
    for low, host, port, table, shard in rows.select("low", "host", "port", "name", "shard"):
        of_node = found.setdefault((host, port), {})
        of_node.setdefault(low, {})[table.encode()] = f"{table}_{shard}".encode()
        if table == "events":
            ids.setdefault((host, port), set()).add(shard)
    shards = {
        node: NodeShards(ids=frozenset(ids.get(node, ())), names=tuple(names.values()))
        for node, names in found.items()
    }
    if shards:
        _SHARDS[connections] = shards
    return shards
