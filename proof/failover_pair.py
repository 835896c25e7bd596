"""Failover pair: a PostgreSQL and its synchronous standby, and what a manager does when the first one is lost."""

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
"""As which the one that follows calls itself, whichever of the two it is."""

_SETTINGS = {"wal_keep_size": "1GB", "hot_standby": "on", "wal_receiver_status_interval": "1s"}
_SYNCHRONOUS_SECONDS = 60.0
_TICK_SECONDS = 0.01


class Node(Postgres):
    """One of the two. A machine that died stays dead until somebody sees to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, settings=_SETTINGS)
        self.name = folder.name
        self._kept = Kept(self.name, self._launch, bury=self._bury, again=False)

    def follow(self, primary: Node) -> None:
        """Forget all, copy the primary, and follow it. Returns when it serves reads."""
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
        """It stands still, with its connections, its locks, and whatever it was about to do."""
        while not all(state_of(pid) == "T" for pid in self.processes()):
            for pid in self.processes():
                send(pid, signal.SIGSTOP)
            time.sleep(_TICK_SECONDS)

    def thaw(self) -> None:
        """It goes on as if nothing had been."""
        for pid in self.processes():
            send(pid, signal.SIGCONT)

    def run_sql(self, *statements: str, role: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """The rows of the last one; each is a transaction of its own."""
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(
            self.url_of("postgres", role=role), autocommit=True, connect_timeout=10
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows


class Pair:
    """`primary` sells and `standby` follows; after a failover they have changed places."""

    def __init__(self, folder: Path) -> None:
        self.primary = Node(folder / "one")
        self.standby = Node(folder / "two")

    @property
    def nodes(self) -> tuple[Node, Node]:
        """In an order that never changes."""
        first, second = sorted((self.primary, self.standby), key=lambda node: node.name)
        return first, second

    def start(self) -> None:
        """Both run, and the primary acknowledges nothing that the standby does not have."""
        self.primary.start()
        self.rebuild()

    def stop(self) -> None:
        for node in self.nodes:
            node.thaw()
            node.stop("immediate")

    def rebuild(self) -> None:
        """A new standby in the place of what was lost, and strict from then on."""
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
        """The primary waits for nobody: what a manager allows the last one that is left."""
        _alter(self.primary, "ALTER SYSTEM SET synchronous_standby_names = ''")

    def promote(self) -> None:
        """The standby becomes the primary, alone until somebody rebuilds its partner."""
        self.standby.run_sql("SELECT pg_promote(true, 60)")
        self.primary, self.standby = self.standby, self.primary
        self.be_alone()

    def waiting(self) -> list[int]:
        """Backends of the primary whose commit waits for the standby."""
        rows = self.primary.run_sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        return [pid for (pid,) in rows]

    def end_waits(self, *, how: str = "pg_cancel_backend") -> int:
        """As an operator does who wants to help; how many commits were told that they are done."""
        rows = self.primary.run_sql(f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")  # noqa: S608 - a name of ours
        return len(rows)


def _alter(node: Node, *statements: str) -> None:
    node.run_sql(*statements, "SELECT pg_reload_conf()")


def sockets_of(nodes: Iterable[Node]) -> str:
    """For a URL with several hosts."""
    return ",".join(str(node.sockets) for node in nodes)
