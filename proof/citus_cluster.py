"""Citus cluster on loopback, with the settings of docs/guides/citus.md: a node is an address of its own."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from proof.disks.mounts import NotHere
from proof.processes import Kept
from proof.system.postgres import (
    DATABASE,
    PORT,
    ROLE,
    SUPERUSER,
    Postgres,
    give_to,
    run_program,
    server_user,
)

SETTINGS = {
    "shared_preload_libraries": "citus",
    "wal_level": "logical",
    "max_prepared_transactions": "400",
    "output_plugin_libraries": "pgoutput, citus",
    "citus.node_connection_timeout": "5s",
    "citus.node_conninfo": "sslmode=disable keepalives_idle=3 keepalives_count=3 tcp_user_timeout=5000",
}
"""The guide's settings. On loopback there is no TLS, and older minor releases do not know `output_plugin_libraries`."""

_MORE_SETTINGS = {"max_connections": "300", "wal_compression": "off"}
_PACKAGES = Path(os.environ.get("PROOF_CITUS", "/usr/lib/postgresql"))
"""PostgreSQL with Citus, one folder for each major version. A tree of one's own build may stand elsewhere."""

_PLACE = """
SELECT s.shardid, n.nodename
FROM pg_dist_shard s JOIN pg_dist_placement p USING (shardid) JOIN pg_dist_node n USING (groupid)
WHERE s.shardid = get_shard_id_for_distribution_column('events', %s)
"""


class CitusNode(Postgres):
    """One PostgreSQL with Citus. After `kill` it stays dead until `start`."""

    def __init__(self, name: str, address: str, folder: Path, binaries: Path) -> None:
        self.name = name
        self.address = address
        known = run_program("postgres", "--describe-config", binaries=binaries)
        settings = {
            each: value
            for each, value in {**SETTINGS, **_MORE_SETTINGS}.items()
            if each != "output_plugin_libraries" or each in known
        }
        settings |= {"listen_addresses": address, "citus.local_hostname": address}
        super().__init__(folder, settings=settings, binaries=binaries)
        self._kept = Kept(name, self._launch, bury=self._bury, restarts=False)

    def url_of(self, database: str, *, role: str = ROLE) -> str:
        return f"postgresql://{role}@{self.address}:{PORT}/{database}"

    def make(self) -> None:
        """Make the cluster with the role and an empty database, unless it exists."""
        if (self.data / "PG_VERSION").exists():
            return
        for each in (self.folder, self.sockets, self.data):
            each.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        for each in (self.sockets, self.data):
            give_to(each, server_user())
        options = ("-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=trust")
        run_program("initdb", "-D", self.data, *options, binaries=self.binaries)
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 127.0.0.0/8 trust\n")
        statements = (
            f"CREATE ROLE {ROLE} LOGIN",
            f"ALTER ROLE {ROLE} SET idle_in_transaction_session_timeout = '2s'",
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
        )
        run_program(
            "postgres",
            "--single",
            "-D",
            self.data,
            SUPERUSER,
            input="\n".join([*statements, ""]),
            binaries=self.binaries,
        )

    def run_sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.superuser_url, autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


class CitusCluster:
    """A coordinator without shards, and two nodes with all of them."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        """Raises NotHere without Citus."""
        binaries = _binaries()
        network = f"127.{random.Random(f'{seed}/{os.getpid()}').randint(64, 250)}.{os.getpid() % 250}"
        self.coordinator, *self.nodes = (
            CitusNode(name, f"{network}.{number}", folder / name, binaries)
            for number, name in enumerate(("coordinator", "one", "two"), 11)
        )

    def start(self) -> None:
        for node in self._all():
            node.start()
            node.run_sql("CREATE EXTENSION citus")
        self.coordinator.run_sql("SELECT citus_set_coordinator_host(%s, %s)", self.coordinator.address, PORT)
        for node in self.nodes:
            self.coordinator.run_sql("SELECT citus_add_node(%s, %s)", node.address, PORT)

    def stop(self) -> None:
        for node in self._all():
            node.stop("immediate")

    def versions(self) -> str:
        ((postgres, citus),) = self.coordinator.run_sql(
            "SELECT current_setting('server_version'), extversion FROM pg_extension WHERE extname = 'citus'"
        )
        return f"PostgreSQL {postgres}, Citus {citus}"

    def node_of(self, event: int) -> CitusNode:
        """Return the node that has the rows of an event."""
        _, address = self._place_of(event)
        return next(node for node in self.nodes if node.address == address)

    def shard_of(self, event: int) -> int:
        return self._place_of(event)[0]

    def move(self, event: int, target: CitusNode) -> None:
        """Move the shard of an event to another node. Sales go on."""
        shard, source = self._place_of(event)
        self.coordinator.run_sql(
            "SELECT citus_move_shard_placement(%s, %s, %s, %s, %s)", shard, source, PORT, target.address, PORT
        )

    def prepared(self) -> int:
        """Return how many prepared transactions are left on all nodes."""
        return sum(node.run_sql("SELECT count(*) FROM pg_prepared_xacts")[0][0] for node in self._all())

    def _place_of(self, event: int) -> tuple[int, str]:
        ((shard, address),) = self.coordinator.run_sql(_PLACE, event)
        return shard, address

    def _all(self) -> Sequence[CitusNode]:
        return (self.coordinator, *self.nodes)


def _binaries() -> Path:
    for library in sorted(_PACKAGES.glob("*/lib/citus.so")):
        return library.parents[1] / "bin"
    raise NotHere("Citus is not installed")
