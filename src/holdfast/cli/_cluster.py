"""The commands of `holdfast db` for a Citus cluster: distribute, undistribute, rebalance and isolate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli.output import AsJson, Column, count_of, fail, print_record, print_table

if TYPE_CHECKING:
    from holdfast.postgres.distribution import Session

__all__ = ["app", "describe"]

app = typer.Typer()

_POLL_SECONDS = 0.5


@app.command()
def distribute(
    shards: Annotated[
        int, typer.Option("--shards", min=2, max=1_024, help="Into how many parts to divide the events.")
    ] = 32,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would move, and change nothing.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Distribute the events over the nodes of a Citus cluster, in one transaction. Nothing sells meanwhile.

    HOLDFAST_DATABASE_URL names the coordinator. Choose some shards for each node that you may ever have: 8 to 16. It
    also distributes what an interrupted migration left, and changes nothing in a database that is distributed.
    """
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import distribution

    with _cluster() as session:
        found = distribution.plan(session)
        rows = [
            {"table": each.name, "rows": each.rows, "size_bytes": each.size_bytes} for each in found.tables
        ]
        if dry_run:
            columns = [Column(name=name) for name in ("table", "rows", "size_bytes")]
            print_table(rows, columns=columns, none="All tables of events are distributed.", as_json=as_json)
            return
        if rows:
            ask(f"Nobody can buy while the rows of {len(rows)} tables move to the nodes. Begin?", yes=yes)
        with progress_bar(total=len(rows), quiet=as_json) as bar:

            def report(table: str) -> None:
                bar.say(table)
                bar.step()

            distribution.distribute(session, shards=shards, report=report)
        record = {
            "tables_distributed": len(rows),
            "shards": distribution.count_shards(session),
            "nodes": len(found.nodes),
        }
    print_record(record, as_json=as_json)


@app.command()
def undistribute(yes: Yes = False, as_json: AsJson = False) -> None:
    """Bring all events back to the coordinator, in one transaction. Nothing sells meanwhile."""
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import distribution

    with _cluster() as session:
        ask("Nobody can buy while all events move to the coordinator. Begin?", yes=yes)
        with progress_bar(quiet=as_json) as bar:
            names = distribution.undistribute(session, report=bar.say)
    print_record({"tables_undistributed": len(names)}, as_json=as_json)


@app.command()
def rebalance(
    wait: Annotated[bool, typer.Option("--wait", help="Return when the shards have moved.")] = False,
    as_json: AsJson = False,
) -> None:
    """Spread the shards over all nodes, as after a node was added. Sales go on, and `db status` shows the moves."""
    from holdfast.cli._progress import progress_bar
    from holdfast.postgres import distribution

    with _cluster() as session:
        job = distribution.rebalance(session)
        state = "balanced" if job is None else "running"
        if job is not None and wait:
            with progress_bar(quiet=as_json) as bar:
                bar.say("moving shards")
                while (state := distribution.rebalance_state(session)) in ("scheduled", "running"):
                    time.sleep(_POLL_SECONDS)
    print_record({"job": job, "state": state}, as_json=as_json)
    if state not in ("balanced", "finished", "running"):
        raise fail("The shards have not all moved: `SELECT * FROM citus_rebalance_status(true)` says why.")


@app.command()
def isolate(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Number or id of the event.")],
    node: Annotated[
        str | None,
        typer.Option("--node", metavar="HOST:PORT", help="Also move it to this node of the cluster."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a hot event a shard of its own, and with --node its own node. Sales go on."""
    from holdfast.cli._database import resolve, use_engine
    from holdfast.postgres import distribution

    number = use_engine(lambda inventory: resolve(inventory, event))
    with _cluster() as session:
        place = distribution.isolate(session, number, node=node)
    print_record({"event": number, "shard": place.shard, "node": place.node}, as_json=as_json)


def describe(url: str, *, as_json: bool) -> dict[str, Any]:
    """Return what `db status` shows of a cluster; nothing on one PostgreSQL. Lists are texts for a person."""
    from holdfast.postgres import distribution

    with distribution.connect(url) as session:
        nodes = [asdict(node) for node in distribution.list_nodes(session)]
        if not nodes:
            return {}
        moves = [asdict(move) for move in distribution.list_moves(session)]
        shards = distribution.count_shards(session)
    sizes = [node["size_bytes"] for node in nodes if node["size_bytes"] is not None]
    return {
        "size_bytes": sum(sizes),
        "shards": shards,
        "nodes": nodes if as_json else ", ".join(map(_node_text, nodes)),
        "moves": moves if as_json else ", ".join(f"{move['source']} to {move['target']}" for move in moves),
    }


def _node_text(node: dict[str, Any]) -> str:
    size = "does not answer" if node["size_bytes"] is None else f"{node['size_bytes'] / 1e6:,.0f} MB"
    return f"{node['name']} ({count_of(node['shards'], 'shard')}, {size})"


@contextmanager
def _cluster() -> Iterator[Session]:
    """Yield a session with the coordinator. Its database is migrated, and perhaps distributed by half."""
    from holdfast.cli._database import using_database
    from holdfast.postgres import distribution, schema

    with using_database(migrated=False) as url:
        found = schema.status(url)
        if not found.is_usable:
            raise fail(schema.find_problem(url) or "The database's schema is not this version's.")
        try:
            with distribution.connect(url) as session:
                yield session
        except distribution.ClusterError as error:
            raise fail(str(error)) from None
