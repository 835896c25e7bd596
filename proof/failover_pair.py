"""Failover pair: a PostgreSQL and its synchronous standby, and the acts of a failover manager."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from proof.processes import Kept, send, state_of
from proof.system.postgres import SUPERUSER, Postgres, give_to, run_program, server_user

STANDBY = "standby"
"""The application name of the standby, whichever node it is."""

_SETTINGS = {"wal_keep_size": "1GB", "hot_standby": "on", "wal_receiver_status_interval": "1s"}
_SYNCHRONOUS_SECONDS = 60.0
_TICK_SECONDS = 0.01


class Node(Postgres):
    """One node of the pair. It stays dead until it is rebuilt."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, settings=_SETTINGS)
        self.name = folder.name
        self._kept = Kept(self.name, self._launch, bury=self._bury, restarts=False)

    def follow(self, primary: Node) -> None:
        """Discard all data, copy the primary and follow it. Returns when reads are served."""
        self.stop("immediate")
        shutil.rmtree(self.data, ignore_errors=True)
        for each in (self.folder, self.sockets, self.data):
            each.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        for each in (self.sockets, self.data):
            give_to(each, server_user())
        source = f"host={primary.sockets} user={SUPERUSER}"
        run_program(
            "pg_basebackup",
            "-D",
            self.data,
            "-d",
            source,
            "--checkpoint=fast",
            "--no-sync",
            "--write-recovery-conf",
        )
        self.settings["primary_conninfo"] = f"{source} application_name={STANDBY}"
        self.start()

    def freeze(self) -> None:
        """Stop all processes; connections and locks stay."""
        while not all(state_of(pid) == "T" for pid in self.processes()):
            for pid in self.processes():
                send(pid, signal.SIGSTOP)
            time.sleep(_TICK_SECONDS)

    def thaw(self) -> None:
        """Let all processes continue."""
        for pid in self.processes():
            send(pid, signal.SIGCONT)

    def run_sql(self, *statements: str, role: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """Run each statement in its own transaction, and return the rows of the last."""
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(
            self.url_of("postgres", role=role), autocommit=True, connect_timeout=10
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows


class Pair:
    """`primary` sells and `standby` follows. A failover swaps them."""

    def __init__(self, folder: Path) -> None:
        self.primary = Node(folder / "one")
        self.standby = Node(folder / "two")

    @property
    def nodes(self) -> tuple[Node, Node]:
        """Both nodes, in a fixed order."""
        first, second = sorted((self.primary, self.standby), key=lambda node: node.name)
        return first, second

    def start(self) -> None:
        """Start both; the primary acknowledges nothing that the standby does not have."""
        self.primary.start()
        self.rebuild()

    def stop(self) -> None:
        for node in self.nodes:
            node.thaw()
            node.stop("immediate")

    def rebuild(self) -> None:
        """Make a new standby from the lost node, and let the primary wait for it again."""
        self.standby.follow(self.primary)
        self.be_strict()
        deadline = time.monotonic() + _SYNCHRONOUS_SECONDS
        while self.primary.run_sql("SELECT sync_state FROM pg_stat_replication") != [("sync",)]:
            if time.monotonic() > deadline:
                raise TimeoutError("the standby does not become synchronous")
            time.sleep(_TICK_SECONDS)

    def be_strict(self) -> None:
        _alter(self.primary, f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")

    def be_alone(self) -> None:
        """Let the primary acknowledge without a standby, as a manager allows for the last node."""
        _alter(self.primary, "ALTER SYSTEM SET synchronous_standby_names = ''")

    def promote(self) -> None:
        """Promote the standby. It runs without a standby until `rebuild`."""
        self.standby.run_sql("SELECT pg_promote(true, 60)")
        self.primary, self.standby = self.standby, self.primary
        self.be_alone()

    def waiting(self) -> list[int]:
        """Return the primary's backends whose commit waits for the standby."""
        rows = self.primary.run_sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        return [pid for (pid,) in rows]

    def end_waits(self, *, how: str = "pg_cancel_backend") -> int:
        """End the waits as an operator might, and return the number of commits that then reported success."""
        rows = self.primary.run_sql(f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")  # noqa: S608 - a name of ours
        return len(rows)


def _alter(node: Node, *statements: str) -> None:
    node.run_sql(*statements, "SELECT pg_reload_conf()")


def sockets_of(nodes: Iterable[Node]) -> str:
    """Return the hosts for a URL."""
    return ",".join(str(node.sockets) for node in nodes)
