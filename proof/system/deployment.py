"""Deployment: the whole system under test, from the sockets that clients reach to the disk.

external   clients -> proxy -> two or more servers -> proxy -> a private PostgreSQL, which the deployment restarts
embedded   clients -> proxy -> one server, which runs PostgreSQL as its child and restarts everything itself
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from proof.processes import send, wait_until_gone
from proof.proxy import Door, Proxy
from proof.system.clock import Clock, clear_leftovers
from proof.system.postgres import Cluster, Postgres
from proof.system.server import Server, answer_of, run_holdfast

Setup = Literal["embedded", "external"]

_CONNECTIONS_PER_WORKER = 8
_SPARE_CONNECTIONS = 30


class Deployment:
    """A context manager: everything runs inside the block, and nothing is left after it, whatever happened."""

    def __init__(
        self,
        setup: Setup = "external",
        *,
        servers: int = 2,
        workers: int = 1,
        seed: int = 1,
        settings: Mapping[str, str] | None = None,
        postgres_settings: Mapping[str, str] | None = None,
        proxies: bool = True,
        clocks: bool = False,
        source: Path | None = None,
        folder: Path | None = None,
        closed: bool = False,
    ) -> None:
        """Describe a deployment; `start` starts it.

        `settings` are the product's, in lower case and without prefix. `source` is a folder with another
        `holdfast` (a mutant, a next version). `clocks` makes the wall clocks of PostgreSQL and the servers
        settable. `closed` gives the servers a first key, so that nobody is staff without one.

        A given `folder` is kept afterwards; the default one is removed.
        """
        self.setup = setup
        self.seed = seed
        self.workers = workers
        self.source = source
        self.secret_key = secrets.token_hex(32)
        self.servers: list[Server] = []
        self.proxy: Proxy | None = None
        self.client_doors: list[Door] = []
        """The entry for clients, one for each server; empty without proxies."""
        self.database_door: Door | None = None
        """The servers' way to PostgreSQL; None without proxies and in an embedded deployment."""
        self.database_clock: Clock | None = None
        self.app_clock: Clock | None = None
        self.postgres: Postgres | None = None
        """The private PostgreSQL; None in an embedded deployment."""
        self.newest: Path | None = None
        """The newest version whose schema the database has; None while the first servers' schema is current."""
        self._count = servers if setup == "external" else 1
        self.staff_key = f"hfk_staff_{secrets.token_urlsafe(32)}" if closed else ""
        """The first key of a closed deployment."""
        first = {"bootstrap_key": self.staff_key, "public_url": "http://127.0.0.1"} if closed else {}
        self._settings = {"log_level": "warning", **first, **(settings or {})}
        self._postgres_settings = dict(postgres_settings or {})
        self._proxies = proxies
        self._clocks = clocks
        self._folder = folder
        self._made: Path | None = None

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._folder = self._made = Path(tempfile.mkdtemp(prefix="holdfast-proof-", dir="/var/tmp"))
            self._folder.chmod(0o711)
        return self._folder

    @property
    def cluster(self) -> Cluster:
        """PostgreSQL's processes and its URLs without proxies, in either setup."""
        if self.postgres is not None:
            return self.postgres
        data = self.folder / "data" / "postgres"
        return Cluster(data / "cluster", data / "run")

    @property
    def urls(self) -> list[str]:
        """The URLs for clients: one for each server, through its proxy."""
        return [door.url for door in self.client_doors] or self.direct_urls

    @property
    def direct_urls(self) -> list[str]:
        """The URLs of the servers without the proxy."""
        return [server.url for server in self.servers]

    @property
    def sql_url(self) -> str:
        """The database's URL without the proxy, for reading tables."""
        return self.cluster.url

    @property
    def database_url(self) -> str:
        """The database's URL that the servers use."""
        if self.database_door is None:
            return self.cluster.url
        return f"postgresql://holdfast@127.0.0.1:{self.database_door.port}/holdfast?sslmode=disable"

    def start(self) -> None:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the servers, then the proxy, then PostgreSQL. Remove the folder unless the caller gave it."""
        with contextlib.ExitStack() as stack:
            if self._made is not None:
                stack.callback(shutil.rmtree, self._made, ignore_errors=True)
            if self._clocks:
                stack.callback(clear_leftovers)
            stack.callback(self._end_leftovers)
            if self.postgres is not None:
                stack.callback(self.postgres.stop, "immediate")
            if self.proxy is not None:
                stack.callback(self.proxy.stop)
            for server in self.servers:
                stack.callback(server.stop)
            for door in self.doors:
                stack.callback(_calm, door)

    @property
    def doors(self) -> list[Door]:
        return [*self.client_doors, *([self.database_door] if self.database_door else [])]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def is_ready(self) -> bool:
        """Return True if every server accepts traffic."""
        return all(server.is_ready() for server in self.servers)

    def wait_until_ready(self) -> None:
        for server in self.servers:
            server.wait_until_ready()

    def wait_until_complete(self) -> None:
        """Wait until every server has all its processes and accepts traffic."""
        for server in self.servers:
            server.wait_until_complete()

    def metrics(self) -> dict[str, Any]:
        """Return the totals of the first server that answers."""
        for url in self.direct_urls:
            status, totals = answer_of(url, "/metrics", key=self.staff_key)
            if status == 200:
                return dict(totals)
        return {}

    def holdfast(self, *arguments: str, source: Path | None = None) -> str:
        """Run a command of the product for this deployment and return its output. Raises RuntimeError if it fails."""
        return run_holdfast(*arguments, settings=self._place(), source=source or self.newest or self.source)

    def add_server(self, *, source: Path | None = None, **settings: str) -> Server:
        """Start one more server, perhaps of another version. Only for an external deployment."""
        server = self._new_server(source or self.source, settings)
        server.start()
        return server

    def remove_server(self, server: Server) -> None:
        server.stop()
        self.servers.remove(server)

    def _start(self) -> None:
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        if self._clocks:
            clear_leftovers()
            self.database_clock, self.app_clock = Clock(self.folder, "database"), Clock(self.folder, "app")
        if self._proxies:
            self.proxy = Proxy(seed=self.seed, log=logs / "proxy.log")
            self.proxy.start()
        if self.setup == "external":
            self._start_postgres()
        for _ in range(self._count):
            self._new_server(self.source, {})
        if self._proxies:
            assert self.proxy is not None
            self.client_doors = [
                self.proxy.open(server.name, f"127.0.0.1:{server.port}", "http") for server in self.servers
            ]
        for server in self.servers:
            server.start(wait=False)
        self.wait_until_complete()

    def _start_postgres(self) -> None:
        connections = self._count * self.workers * _CONNECTIONS_PER_WORKER + _SPARE_CONNECTIONS
        self.postgres = Postgres(
            self.folder / "postgres",
            settings={"max_connections": str(max(100, connections)), **self._postgres_settings},
            environment=self.database_clock.environment if self.database_clock else {},
        )
        self.postgres.start()
        if self.proxy is not None:
            self.database_door = self.proxy.open("database", f"unix:{self.postgres.socket}", "postgres")
        run_holdfast("db", "upgrade", settings=self._place(), source=self.source)

    def _new_server(self, source: Path | None, settings: Mapping[str, str]) -> Server:
        server = Server(
            f"server-{len(self.servers) + 1}",
            self.folder / "logs",
            {**self._settings, "workers": str(self.workers), **self._place(), **settings},
            source=source,
            environment=self.app_clock.environment if self.app_clock else {},
        )
        self.servers.append(server)
        return server

    def _place(self) -> dict[str, str]:
        """Return the settings that locate the product's database."""
        if self.setup == "embedded":
            return {"data_dir": str(self.folder / "data")}
        return {"database_url": self.database_url, "secret_key": self.secret_key}

    def _end_leftovers(self) -> None:
        """Kill an embedded PostgreSQL whose supervisor was killed at the end."""
        for pid in self.cluster.processes():
            send(pid, signal.SIGKILL)
        wait_until_gone(self.cluster.processes())


def _calm(door: Door) -> None:
    """Remove a door's faults so that connections can close; ignore a proxy that has gone."""
    with contextlib.suppress(RuntimeError):
        door.calm()
