"""PostgreSQL server: one embedded server in one folder, from the binaries of a wheel or of the system.

Holdfast uses the wheel's binaries, but not its `get_server`. That function adopts a dead postmaster after a kill,
gives up on a long recovery, never stops after a crash, and shares a data directory silently.

The folder contains `cluster/` (PostgreSQL's own), `run/` (the socket, 0700), `postgresql.log` and `lock`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict
from urllib.parse import quote

from holdfast.process.environment import forget_other_databases
from holdfast.process.errors import CannotStart
from holdfast.process.folders import (
    FolderLock,
    ServerUser,
    can_reach,
    flush_folder,
    make_folder,
    read_foreign,
    server_user,
)
from holdfast.process.postgres_binaries import embedded_bin_dir, reachable_bin_dir
from holdfast.process.processes import end_process, processes_in, signal_on_parent_death, works_in

__all__ = ["PostgresServer", "has_cluster", "running_url"]

DATABASE = "holdfast"
ROLE = "holdfast"
SUPERUSER = "postgres"

_PROGRAM = "postgres"
_OLDEST_MAJOR = 15
_PORT = 5432  # a part of the socket's file name; nothing listens on TCP
_SOCKET_PATH_LIMIT_BYTES = 107  # sun_path, less its final NUL
_LOG_LIMIT_BYTES = 16 * 1024 * 1024
_STOP_SECONDS = 20.0
_TEMPORARY = Path("/tmp")  # noqa: S108 - `mkdtemp` makes a private folder in it
_PREFIX = "holdfast-socket-"
_LOADER = ("LD_", "DYLD_", "FAKETIME")
"""Variables of the dynamic loader. An administrator may have set them for PostgreSQL's libraries."""

_INITDB = ("--data-checksums", "--auth=peer", "--no-instructions", "--wal-segsize=1")
"""A commit that needs a new segment first fills it with zeros: 16 MB, the default, take 50 ms on a busy disk."""
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "wal_compression": "on",
    "min_wal_size": "256MB",  # old segments are used again, and need no zeros
    "max_wal_size": "2GB",
    "shared_buffers": "128MB",
    "idle_in_transaction_session_timeout": "60s",
}


def has_cluster(folder: Path) -> bool:
    """Return whether an embedded server has kept its data in this folder."""
    return (folder / "cluster" / "PG_VERSION").exists()


def running_url(folder: Path) -> str | None:
    """Return the URL of the server that another process runs in this folder. None without one."""
    pid, socket_folder = _read_pid_file(folder / "cluster")
    if pid is None or socket_folder is None or not works_in(pid, folder / "cluster", name=_PROGRAM):
        return None
    forget_other_databases()
    return _url(socket_folder, DATABASE, ROLE)


class PostgresServer:
    """One server as a child of this process. It ends with its parent, and the folder admits no second one."""

    def __init__(
        self, folder: Path, *, bin_dir: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder.absolute()
        self._cluster = self._folder / "cluster"
        self._log = self._folder / "postgresql.log"
        self._settings = {**_SETTINGS, **_quick_recovery(os.uname()), **(settings or {})}
        self._bin_dir = bin_dir
        self._lock = FolderLock(self._folder)
        self._user: ServerUser | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder = self._folder / "run"

    @property
    def url(self) -> str:
        """The URL of Holdfast's database. Its role owns the database and is not a superuser."""
        return self.url_of(DATABASE)

    @property
    def log_path(self) -> Path:
        return self._log

    @property
    def pid(self) -> int | None:
        """The postmaster's process id. None before the start and after the stop."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def url_of(self, database: str, *, role: str = ROLE) -> str:
        """Return the URL of a database. Role `postgres` is the superuser."""
        return _url(self._socket_folder, database, role)

    def start(self) -> None:
        """Start the server, and return once it accepts connections. Its recovery may take any time.

        Raises CannotStart if the folder is in use or cannot be written, or if the server exits.
        """
        self.begin()
        while not self.is_ready():
            time.sleep(0.01)

    def begin(self) -> None:
        """Launch the server without waiting for it; poll `is_ready` afterwards. Raises CannotStart."""
        forget_other_databases()
        user = self._user = server_user()
        if not can_reach(self._folder, user):
            raise CannotStart(
                f"{self._folder} cannot be reached by user {user.name}, as whom PostgreSQL runs because it "
                "refuses root: set HOLDFAST_DATA_DIR to a reachable folder, for example /var/lib/holdfast."
            )
        # PostgreSQL's user only passes through this folder; we own the lock and the log in it.
        make_folder(self._folder, mode=0o700 if user.is_caller else 0o711)
        self._lock.take()
        try:
            self._bin_dir = reachable_bin_dir(self._bin_dir or embedded_bin_dir(), self._folder, user)
            self._end_leftovers(user)
            self._make_cluster(user)
            self._write_access_rules()
            self._socket_folder = self._make_socket_folder(user)
            self._launch(user)
        except OSError as error:
            self._lock.release()
            raise CannotStart(f"{error.filename or self._folder} cannot be used: {error.strerror}.") from None
        except BaseException:
            self._lock.release()
            raise

    def is_ready(self) -> bool:
        """Return whether the server accepts connections. Raises CannotStart if it has exited."""
        if self._process is None:
            return False
        if self._process.poll() is not None:
            self._process = None
            self._lock.release()
            raise CannotStart(f"PostgreSQL did not start: {self._last_complaint()} (see {self._log}).")
        pid, _ = _read_pid_file(self._cluster, only_ready=True)
        return pid == self._process.pid

    def stop(self) -> None:
        """Stop fast: end all sessions and write everything, so that the next start needs no recovery."""
        process = self._process
        self._process = None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            deadline = time.monotonic() + _STOP_SECONDS
            while process.poll() is None:
                # PostgreSQL 18 never ends if it receives a fast stop during recovery. The next start repeats
                # that recovery anyway, so an immediate stop costs nothing.
                if self._is_recovering() or time.monotonic() > deadline:
                    process.send_signal(signal.SIGQUIT)
                    process.wait()
                    break
                time.sleep(0.01)
        if self._socket_folder.parent != self._folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._lock.release()

    def forget(self) -> None:
        """Forget a server that died, so that `begin` may start the next one. Keeps the lock."""
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end_leftovers(self, user: ServerUser) -> None:
        """End processes that a killed supervisor or postmaster left behind. We hold the lock, so nobody uses them.

        The parent's death has already started a fast stop. After a second we send an immediate one, which costs
        the next start a short recovery and no data.
        """
        pid, socket_folder = _read_pid_file(self._cluster)
        if pid is not None and works_in(pid, self._cluster, name=_PROGRAM):
            end_process(pid, (signal.SIGINT, 1.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
        for orphan in processes_in(self._cluster, name=_PROGRAM):
            end_process(orphan, (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0))
        if processes_in(self._cluster, name=_PROGRAM):
            return
        # PostgreSQL refuses to start while a process of the same user has the former postmaster's id. That can be a
        # zombie that no init process reaped (as in containers), or another program after a power cut.
        for lock in (self._cluster / "postmaster.pid", self._folder / "run" / f".s.PGSQL.{_PORT}.lock"):
            lock.unlink(missing_ok=True)
        if socket_folder is not None and _is_temporary(socket_folder, user):
            shutil.rmtree(socket_folder, ignore_errors=True)

    def _make_cluster(self, user: ServerUser) -> None:
        """Make the cluster in a scratch folder and rename it, so that a kill never leaves an incomplete one."""
        major = self._major_version(user)
        if (self._cluster / "PG_VERSION").exists():
            made_by = (read_foreign(self._cluster / "PG_VERSION") or "").strip()
            if not re.fullmatch(r"[0-9]{1,3}", made_by):
                raise CannotStart(f"{self._cluster / 'PG_VERSION'} is not PostgreSQL's: restore a backup.")
            if made_by != str(major):
                raise CannotStart(
                    f"{self._cluster} was made by PostgreSQL {made_by}, and this is PostgreSQL {major}: "
                    "back it up with the old version and restore it into a new HOLDFAST_DATA_DIR."
                )
            return
        scratch = self._folder / "cluster.part"
        shutil.rmtree(scratch, ignore_errors=True)
        make_folder(scratch, owner=user)
        # Sort by code point everywhere, so that an order never depends on the machine's locale.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
        self._run(
            user,
            ["initdb", "-D", str(scratch), "-U", SUPERUSER, "-E", "UTF8", "--locale=C", *locale, *_INITDB],
        )
        self._run(
            user,
            ["postgres", "--single", "-D", str(scratch), SUPERUSER],
            f"CREATE ROLE {ROLE} LOGIN CREATEDB\n"
            f"GRANT pg_monitor TO {ROLE}\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )
        scratch.rename(self._cluster)
        flush_folder(self._folder)

    def _major_version(self, user: ServerUser) -> int:
        output = self._run(user, ["postgres", "--version"])
        match = re.search(r"\(PostgreSQL\) (\d+)", output)
        if match is None:
            raise CannotStart(f"{self._bin_dir} has no PostgreSQL release: it reports {output.strip()!r}.")
        major = int(match[1])
        if major < _OLDEST_MAJOR:
            raise CannotStart(
                f"{self._bin_dir} has PostgreSQL {major}: Holdfast needs {_OLDEST_MAJOR} or newer."
            )
        return major

    def _write_access_rules(self) -> None:
        """Admit only this operating system user, over the socket. Written again if the user has changed.

        The files are in our own folder. PostgreSQL's user could make links of those in the cluster, and root would
        overwrite their targets.
        """
        caller = pwd.getpwuid(os.geteuid()).pw_name
        rules = (
            "local all all peer map=holdfast\nlocal replication all peer map=holdfast\n"  # for pg_basebackup
        )
        users = "".join(f'holdfast "{caller}" {role}\n' for role in (ROLE, SUPERUSER))
        for name, text in (("pg_hba.conf", rules), ("pg_ident.conf", users)):
            file = self._folder / name
            if file.is_file() and not file.is_symlink() and file.read_text(errors="replace") == text:
                continue  # after a crash on a full disk there is no room to write them
            file.unlink(missing_ok=True)
            file.write_text(text)
            file.chmod(0o644)  # PostgreSQL's user reads it

    def _make_socket_folder(self, user: ServerUser) -> Path:
        if self._socket_folder.parent != self._folder and self._socket_folder.exists():
            return self._socket_folder  # clients know it from the previous start
        folder = self._folder / "run"
        if len(os.fsencode(folder / f".s.PGSQL.{_PORT}.lock")) > _SOCKET_PATH_LIMIT_BYTES:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_TEMPORARY))
        make_folder(folder, owner=user)
        return folder

    def _launch(self, user: ServerUser) -> None:
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        options = {
            "unix_socket_directories": str(self._socket_folder),
            "port": str(_PORT),
            "hba_file": str(self._folder / "pg_hba.conf"),
            "ident_file": str(self._folder / "pg_ident.conf"),
            **self._settings,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        assert self._bin_dir is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin_dir / "postgres", "-D", self._cluster, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=_environment(),
                umask=0o077,
                # A session of its own: the supervisor passes on an interrupt from the terminal, last.
                start_new_session=True,
                preexec_fn=signal_on_parent_death(signal.SIGINT),
                **_as_user(user),
            )

    def _run(self, user: ServerUser, command: list[str], text: str = "") -> str:
        assert self._bin_dir is not None
        done = subprocess.run(
            [str(self._bin_dir / command[0]), *command[1:]],
            input=text,
            capture_output=True,
            text=True,
            cwd=self._folder,
            env=_environment(),
            umask=0o077,
            check=False,
            # An interrupt from the terminal is for us alone: the program would report it as its own failure.
            start_new_session=True,
            preexec_fn=signal_on_parent_death(signal.SIGKILL),
            **_as_user(user),
        )
        if done.returncode != 0 or re.search(r"\b(ERROR|FATAL|PANIC):", done.stderr):
            lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            reasons = (
                [line for line in lines if "error" in line.lower()] or lines[-1:] or ["it gave no reason"]
            )
            raise CannotStart(f"{command[0]} failed in {self._folder}: {_without_controls(reasons[0])}")
        return done.stdout

    def _is_recovering(self) -> bool:
        """Return whether PostgreSQL's recovery process is running."""
        for pid in processes_in(self._cluster, name=_PROGRAM):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"postgres: startup"):
                    return True
        return False

    def _last_complaint(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace")[-8000:].splitlines()
            for line in reversed(lines):
                if match := re.search(r"(?:FATAL|PANIC|ERROR):\s+(.*)", line):
                    return _without_controls(match[1])
            if lines:
                return _without_controls(lines[-1])
        return "it gave no reason"


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[str | int]


def _quick_recovery(system: os.uname_result) -> dict[str, str]:
    """Return the settings for a quick recovery, which need Linux 5.8.

    Before a recovery, PostgreSQL flushes more than a thousand files one by one. That took 7 s of 7.5 s on a busy
    disk. `syncfs` flushes them together, and since 5.8 Linux reports its errors.
    """
    version = re.match(r"(\d+)\.(\d+)", system.release)
    if system.sysname != "Linux" or version is None or tuple(map(int, version.groups())) < (5, 8):
        return {}
    return {"recovery_init_sync_method": "syncfs"}


def _as_user(user: ServerUser) -> _Identity:
    return _Identity() if user.is_caller else _Identity(user=user.uid, group=user.gid, extra_groups=[])


def _without_controls(text: str) -> str:
    """Return what a less trusted program wrote, fit for a terminal: an escape sequence would be carried out."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _environment() -> dict[str, str]:
    """Return what PostgreSQL needs of the environment, and nothing else: no secret, no language, no setting."""
    needed = ("PATH", "HOME", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if name in needed or name.startswith(_LOADER)}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _is_temporary(folder: Path, user: ServerUser) -> bool:
    """Return whether the folder is one that we made for a socket. A file of PostgreSQL's user names it."""
    if folder.parent != _TEMPORARY or not folder.name.startswith(_PREFIX):
        return False
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == user.uid


def _url(socket_folder: Path, database: str, role: str) -> str:
    return f"postgresql://{role}@/{quote(database)}?host={quote(str(socket_folder), safe='')}&port={_PORT}"


def _read_pid_file(cluster: Path, *, only_ready: bool = False) -> tuple[int | None, Path | None]:
    """Return the postmaster's process id and socket folder. PostgreSQL documents the lines in `miscadmin.h`."""
    try:
        lines = (read_foreign(cluster / "postmaster.pid") or "").splitlines()
        if only_ready and lines[7].strip() != "ready":
            return None, None
        return int(lines[0]), Path(lines[4]) if len(lines) > 4 and lines[4] else None
    except (OSError, ValueError, IndexError):
        return None, None
