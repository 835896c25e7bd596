"""Patroni cluster on loopback, from the files of `deploy/patroni`: a machine is an address of its own."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from string import Template
from typing import Any

import psycopg

from proof.disks.mounts import NotHere
from proof.machine import ROOT
from proof.processes import Kept, launch, send, state_of, wait_until_gone
from proof.system.postgres import DATABASE, PORT, ROLE, SUPERUSER, Cluster, environment, give_to, server_user

FILES = ROOT / "deploy" / "patroni"
NAMES = ("one", "two", "three")
PROGRAMS = ("patroni", "etcd", "haproxy")

_START_SECONDS = 120.0
_TICK_SECONDS = 0.05
_MAJORS = ("15", "16", "17")
"""Releases of PostgreSQL that Debian's Patroni can manage."""


class Member(Cluster):
    """One machine: Patroni, and the PostgreSQL that it starts. A killed machine stays dead until `start`."""

    def __init__(self, name: str, address: str, folder: Path, values: Mapping[str, str]) -> None:
        super().__init__(folder / "data", folder)
        self.name = name
        self.address = address
        self.folder = folder
        self._values = {
            **values,
            "NODE": name,
            "ADDRESS": address,
            "DATA": str(self.data),
            "PASSFILE": str(folder / "pgpass"),
        }
        self._kept = Kept(name, self._launch, restarts=False)

    def url_of(self, database: str, *, role: str = ROLE) -> str:
        password = self._values["SUPERUSER_PASSWORD" if role == SUPERUSER else "ROLE_PASSWORD"]
        return f"postgresql://{role}:{password}@{self.address}:{PORT}/{database}"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        give_to(self.folder, server_user())
        configuration = self.folder / "patroni.yml"
        configuration.write_text(filled("patroni.yml", self._values))
        give_to(configuration, server_user())
        self._kept.start()

    def kill_machine(self) -> None:
        """Kill Patroni and PostgreSQL together, like a power cut."""
        self._send(signal.SIGKILL)
        self._kept.stop()
        wait_until_gone(self.kill())

    def freeze(self) -> None:
        """Stop Patroni and PostgreSQL; connections stay."""
        while not all(state_of(pid) == "T" for pid in self._all()):
            self._send(signal.SIGSTOP)
            time.sleep(_TICK_SECONDS)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def is_leader(self) -> bool:
        """Return True if Patroni says that this machine holds the leader's key: the proxy's question."""
        return self._answer("GET", "/primary")[0] == 200

    def members(self) -> list[dict[str, Any]]:
        """Return the cluster's members as this one sees them; empty without an answer."""
        status, content = self._answer("GET", "/cluster")
        return list(content["members"]) if status == 200 else []

    def switch_over(self) -> None:
        """Ask Patroni to make the standby the primary."""
        status, content = self._answer("POST", "/switchover", {"leader": self.name}, seconds=60)
        if status != 200:
            raise RuntimeError(f"Patroni refuses a switchover: {status} {content}")

    def configure(self, changes: Mapping[str, object]) -> None:
        """Change the cluster's settings, as `patronictl edit-config` does."""
        status, content = self._answer("PATCH", "/config", changes)
        if status != 200:
            raise RuntimeError(f"Patroni refuses its settings: {status} {content}")

    def run_sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            self.url_of(DATABASE, role=SUPERUSER), autocommit=True, connect_timeout=5
        ) as connection:
            return connection.execute(statement).fetchall()

    def _all(self) -> list[int]:
        return [*([self._kept.pid] if self._kept.pid else []), *self.processes()]

    def _send(self, number: signal.Signals) -> None:
        for pid in self._all():
            send(pid, number)

    def _answer(
        self, method: str, path: str, body: object = None, *, seconds: float = 2
    ) -> tuple[int | None, Any]:
        """Return status and content of Patroni's answer, or (None, None) without one."""
        secret = base64.b64encode(f"patroni:{self._values['REST_PASSWORD']}".encode()).decode()
        connection = HTTPConnection(self.address, 8008, timeout=seconds)
        try:
            connection.request(
                method, path, json.dumps(body) if body else None, {"Authorization": f"Basic {secret}"}
            )
            answer = connection.getresponse()
            content = answer.read().decode()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(content) if is_json else content
        except (OSError, HTTPException, ValueError):
            return None, None
        finally:
            connection.close()

    def _launch(self) -> subprocess.Popen[bytes]:
        return _launched(
            self.folder, "patroni", str(self.folder / "patroni.yml"), ends_with=signal.SIGTERM, user=True
        )


class PatroniCluster:
    """Two or three machines, an etcd, and HAProxy. `password` is that of the product's role."""

    def __init__(self, folder: Path, *, machines: int, seed: int) -> None:
        """Raises NotHere without the programs."""
        for name in PROGRAMS:
            if shutil.which(name) is None:
                raise NotHere(f"{name} is not installed")
        self.folder = folder
        network = f"127.{random.Random(f'{seed}/{os.getpid()}').randint(64, 250)}.{os.getpid() % 250}"
        self.proxy, self._etcd_address = f"{network}.2", f"{network}.3"
        self.password = secrets.token_hex(16)
        self._values = {
            "CLUSTER": "holdfast",
            "ETCD": f"{self._etcd_address}:2379",
            "ETCD_API": etcd_api(),
            "NETWORK": "127.0.0.0/8",
            "BINARIES": str(_binaries()),
            "PROXY": self.proxy,
            "ROLE_PASSWORD": self.password,
            **{f"{name}_PASSWORD": secrets.token_hex(16) for name in ("REST", "SUPERUSER", "REPLICATION")},
        }
        self.members = [
            Member(name, f"{network}.{number}", folder / name, self._values)
            for number, name in enumerate(NAMES[:machines], 11)
        ]
        self._values |= {member.name.upper(): member.address for member in self.members}
        self.etcd = Kept("etcd", self._launch_etcd)
        self._haproxy = Kept("haproxy", self._launch_haproxy)

    @property
    def urls(self) -> dict[str, str]:
        """The two ways to the primary: the proxy, and the URL with every machine."""
        hosts = ",".join(f"{member.address}:{PORT}" for member in self.members)
        start = f"postgresql://{ROLE}:{self.password}@"
        return {
            "haproxy": f"{start}{self.proxy}:{PORT}/{DATABASE}",
            "hosts": f"{start}{hosts}/{DATABASE}?target_session_attrs=read-write&load_balance_hosts=random",
        }

    @property
    def leader(self) -> Member:
        """The machine with the leader's key. Waits until there is one."""
        return self.wait_for_leader(self.members)

    def start(self) -> None:
        self.etcd.start()
        first, *others = self.members
        first.start()
        self.wait_for_leader([first])
        for member in others:
            member.start()
        self.wait_until_safe()  # before the first commit, which waits for a standby
        with psycopg.connect(first.url_of("postgres", role=SUPERUSER), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.password}'")
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        self._haproxy.start()

    def stop(self) -> None:
        self._haproxy.stop()
        for member in self.members:
            member.kill_machine()
        self.etcd.stop()

    def wait_for_leader(self, among: Sequence[Member], seconds: float = _START_SECONDS) -> Member:
        _wait(lambda: any(member.is_leader() for member in among), seconds, "there is no leader")
        return next((member for member in among if member.is_leader()), None) or self.wait_for_leader(
            among, seconds
        )

    def wait_until_safe(self) -> None:
        """Wait until every machine runs, and the leader has a synchronous standby."""

        def is_safe() -> bool:
            found = self.leader.members()
            states = {one["state"] for one in found}
            roles = [one["role"] for one in found]
            return (
                len(found) == len(self.members)
                and states <= {"running", "streaming"}
                and "sync_standby" in roles
            )

        _wait(is_safe, _START_SECONDS, "the leader has no synchronous standby")

    def _launch_etcd(self) -> subprocess.Popen[bytes]:
        folder = self.folder / "etcd"
        folder.mkdir(exist_ok=True)
        give_to(folder, server_user())
        clients, peers = f"http://{self._etcd_address}:2379", f"http://{self._etcd_address}:2380"
        options = {
            "data-dir": str(folder / "data"),
            "listen-client-urls": clients,
            "advertise-client-urls": clients,
            "listen-peer-urls": peers,
            "initial-advertise-peer-urls": peers,
            "initial-cluster": f"default={peers}",
            "enable-v2": "true" if etcd_api() == "etcd" else "false",
        }
        return _launched(folder, "etcd", *(f"--{name}={value}" for name, value in options.items()), user=True)

    def _launch_haproxy(self) -> subprocess.Popen[bytes]:
        configuration = self.folder / "haproxy.cfg"
        configuration.write_text(filled("haproxy.cfg", self._values))
        return _launched(self.folder, "haproxy", "-db", "-f", str(configuration))


@functools.cache
def etcd_api() -> str:
    """Return the interface of etcd that this Patroni can use. Before 3.0.3 the newer one can have two leaders."""
    text = subprocess.run(["patroni", "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", text)[:3])
    return "etcd3" if version >= (3, 0, 3) else "etcd"


def filled(name: str, values: Mapping[str, str]) -> str:
    """Return a file of `deploy/patroni` with its values, without the lines of machines that do not exist."""
    lines = (FILES / name).read_text().splitlines(keepends=True)
    absent = [f"${{{one.upper()}}}" for one in NAMES if one.upper() not in values]
    kept = [line for line in lines if line.lstrip().startswith("#") or not any(one in line for one in absent)]
    return Template("".join(line for line in kept if not line.lstrip().startswith("#"))).substitute(values)


def _launched(
    folder: Path,
    program: str,
    *arguments: str,
    ends_with: signal.Signals = signal.SIGKILL,
    user: bool = False,
) -> subprocess.Popen[bytes]:
    with (folder / f"{program}.log").open("ab") as log:
        return launch(
            [str(shutil.which(program)), *arguments],
            environment=environment(PYTHONPATH=""),
            folder=folder,
            output=log,
            user=server_user() if user else None,
            ends_with=ends_with,
        )


def _binaries() -> Path:
    for major in _MAJORS:
        folder = Path(f"/usr/lib/postgresql/{major}/bin")
        if (folder / "postgres").exists():
            return folder
    raise NotHere(f"the system has no PostgreSQL {', '.join(_MAJORS)}")


def _wait(condition: Callable[[], bool], seconds: float, complaint: str) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(_TICK_SECONDS)
