"""Supervisor: the small process that owns the socket and keeps the workers and PostgreSQL running.

    starting -> PostgreSQL ready -> database prepared -> workers ready -> serving -> stopping

It imports neither the web framework nor a database driver, so it needs about 15 MB. `holdfast serve` replaces itself
with it. All work is one loop on one thread, woken by signals.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import FrameType

from holdfast.access.peers import can_ask_kernel
from holdfast.access.setup_token import setup_token
from holdfast.process.children import Backoff, WorkerProcess
from holdfast.process.descriptors import raise_descriptor_limit, streams_within
from holdfast.process.disk_room import EMBEDDED_VARIABLE
from holdfast.process.errors import CannotStart
from holdfast.process.folders import FolderLock, make_data_dir
from holdfast.process.log import Level, write_log
from holdfast.process.metrics_folder import MetricsFolder
from holdfast.process.postgres_server import PostgresServer
from holdfast.process.preparation import Prepared
from holdfast.process.processes import signal_on_parent_death
from holdfast.process.secret_key import keep_secret_key
from holdfast.process.server_address import bind_complaint, write_address

__all__ = ["PLAN_VARIABLE", "STOP_SIGNALS", "ServePlan", "Supervisor", "main"]

PLAN_VARIABLE = "_HOLDFAST_SERVE_PLAN"
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""`holdfast serve` blocks them until the supervisor handles them."""
_CONNECTIONS_BESIDE_WORKERS = 30  # the command line, backups, and PostgreSQL's own
_LOGGER = "holdfast.supervisor"
_PORT_PATIENCE_SECONDS = 2.0
_OPEN_MODE_WARNING = (
    "Open mode is for a developer's machine. Behind a proxy or a tunnel it must be off (HOLDFAST_OPEN=0): "
    "one that runs as your user or as root, and adds no header, would make its callers staff."
)
_NO_KEY_WARNING = (
    "There is no API key yet, so nobody can make an event: make one with `holdfast keys create`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """The settings that the supervisor needs, checked before it starts."""

    host: str
    port: int
    public_url: str | None
    scheme: str
    workers: int
    data_dir: str
    postgres_bin: str | None
    database_url: str | None
    secret_key: str | None
    open: bool
    pool_size: int
    stream_limit: int
    drain_seconds: int
    shutdown_seconds: int
    log_format: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServePlan:
        return cls(**json.loads(text))


class Supervisor:
    """Runs one server from its start to its stop."""

    def __init__(self, plan: ServePlan) -> None:
        self._plan = plan
        self._connections = plan.workers * plan.pool_size
        self._data_dir = Path(plan.data_dir)
        self._lock: FolderLock | None = None
        self._postgres: PostgresServer | None = None
        self._postgres_is_ready = False
        self._postgres_backoff = Backoff()
        self._listening: socket.socket | None = None
        self._workers = [WorkerProcess(number) for number in range(1, plan.workers + 1)]
        self._life: tuple[int, int] = (-1, -1)
        self._metrics: MetricsFolder | None = None
        self._descriptors = 0
        self._environment: dict[str, str] = {}
        self._stop_requests = 0
        self._wake: tuple[int, int] = (-1, -1)

    def run(self) -> int:
        """Serve until a stop signal arrives, and return the exit code. Raises CannotStart."""
        self._listen_to_signals()
        try:
            self._start()
            if not self._stop_requests:
                self._supervise()
        finally:
            self._stop()
        return 0

    def _start(self) -> None:
        self._descriptors = raise_descriptor_limit()
        embedded = self._plan.database_url is None
        if embedded:
            self._take_data_dir()
        self._listening = self._bind()
        url = self._plan.database_url or self._start_postgres()
        if self._stop_requests:
            return
        secret_key = self._plan.secret_key
        if embedded:
            secret_key = keep_secret_key(self._data_dir, secret_key)
        elif secret_key is None:
            raise CannotStart(
                "HOLDFAST_SECRET_KEY is required with HOLDFAST_DATABASE_URL: set it to 32 random characters or more, "
                "and keep it."
            )
        self._metrics = MetricsFolder.make()
        self._environment = {
            **os.environ,
            "HOLDFAST_DATABASE_URL": url,
            "HOLDFAST_SECRET_KEY": secret_key,
            **({EMBEDDED_VARIABLE: str(self._data_dir / "postgres" / "cluster")} if embedded else {}),
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics.path),
        }
        prepared = self._prepare_database(upgrade=embedded)
        keys = prepared["keys"]
        if embedded and self._was_closed(keys):
            self._plan = replace(self._plan, open=False)
            self._environment["HOLDFAST_OPEN"] = "0"
        if self._stop_requests:
            return
        if self._plan.open and not keys and not _is_loopback(self._listening):
            raise CannotStart(
                f"{self._plan.host} can be reached from other machines, and there is no API key yet: "
                "make one with `holdfast keys create`, set HOLDFAST_OPEN=0, or listen on 127.0.0.1."
            )
        self._start_workers()
        if not self._stop_requests:
            self._announce(keys=keys)
            if prepared["setup"]:
                self._print_setup_link(setup_token(secret_key.encode(), prepared["setup"]))

    def _take_data_dir(self) -> None:
        make_data_dir(self._data_dir)
        self._lock = FolderLock(self._data_dir)
        self._lock.take()

    def _start_postgres(self) -> str:
        connections = self._connections + _CONNECTIONS_BESIDE_WORKERS
        self._postgres = PostgresServer(
            self._data_dir / "postgres",
            bin_dir=Path(self._plan.postgres_bin) if self._plan.postgres_bin else None,
            settings={"max_connections": str(max(100, connections))},
        )
        self._postgres_backoff.started(now=time.monotonic())
        self._postgres.begin()
        slow_at = time.monotonic() + 5.0
        while not self._stop_requests and not self._postgres.is_ready():
            self._sleep(0.02)
            if time.monotonic() > slow_at:
                self._say("PostgreSQL is still recovering; waiting for it.", level="warning")
                slow_at += 30.0
        self._postgres_is_ready = True
        return self._postgres.url

    def _was_closed(self, keys: int) -> bool:
        """Return whether this data directory has had an API key. A restore by hand may have removed every one."""
        mark = self._data_dir / "postgres" / "closed"
        if keys:
            mark.touch()
        return mark.exists()

    def _prepare_database(self, *, upgrade: bool) -> Prepared:
        """Migrate and check the database in another process."""
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "holdfast.process.preparation"),
                *("upgrade" if upgrade else "verify", str(self._connections)),
            ],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=signal_on_parent_death(signal.SIGTERM),
        )
        while child.poll() is None:
            self._sleep(1.0)
            if self._stop_requests:
                child.terminate()
        answer, complaint = child.communicate()
        if self._stop_requests:
            return {"keys": 0, "setup": ""}
        if child.returncode != 0:
            reasons = complaint.strip().splitlines() or ["no reason given"]
            raise CannotStart(f"The database cannot be used: {reasons[-1].rstrip('.')}.")
        found: Prepared = json.loads(answer)
        return found

    def _bind(self) -> socket.socket:
        """Return the bound socket. Orphaned workers of a killed supervisor get a moment to close theirs."""
        patient_until = time.monotonic() + _PORT_PATIENCE_SECONDS
        while True:
            try:
                return _bound_socket(self._plan.host, self._plan.port)
            except CannotStart:
                if self._stop_requests or time.monotonic() > patient_until:
                    raise
            self._sleep(0.05)

    def _start_workers(self) -> None:
        """The first worker that is ready listens: a proxy takes another server until then."""
        self._life = os.pipe()
        for worker in self._workers:
            self._launch(worker)
        while not self._stop_requests and not all(worker.is_ready for worker in self._workers):
            self._sleep(1.0)
            for worker in self._workers:
                if worker.poll() is not None:
                    raise CannotStart("A worker failed to start; see its message above.")

    def _announce(self, *, keys: int) -> None:
        plan = self._plan
        is_open = False
        if not plan.open:
            mode = "closed: callers need an API key or a hold token"
        elif keys:
            mode = "closed, since API keys exist: callers need one, or a hold token"
        elif not (is_open := can_ask_kernel()):
            mode = "closed, since the kernel does not say who calls: callers need an API key or a hold token"
        else:
            mode = "open: programs of your user and of root on this machine need no credentials"
        self._say(
            f"Holdfast serves at {self._url()} ({len(self._workers)} worker{'s'[: len(self._workers) > 1]})."
        )
        if plan.public_url:
            self._say(f"Public address: {plan.public_url}")
        self._say(f"Mode: {mode}.")
        if is_open:
            self._say(_OPEN_MODE_WARNING, level="warning")
        elif not keys:
            self._say(_NO_KEY_WARNING, level="warning")
        if self._postgres is not None:
            # A certificate names the public host, and no address of this machine.
            is_secure = plan.scheme == "https"
            write_address(self._data_dir, (is_secure and plan.public_url) or self._url())
            self._say(f"Data: {self._data_dir} (embedded PostgreSQL).")
        else:
            self._say("Data: the PostgreSQL of HOLDFAST_DATABASE_URL.")
        streams = streams_within(self._descriptors, plan.stream_limit)
        self._say(f"Limits: {self._descriptors:,} open files a worker, {streams:,} of them streams.")
        self._say(f"Open {plan.public_url or self._url()} in a browser.")

    def _print_setup_link(self, token: str) -> None:
        """Show how to make the first owner. The log has no secret, so this line goes to standard output."""
        with contextlib.suppress(OSError):
            print(f"Set up: {self._plan.public_url or self._url()}/setup#{token}", flush=True)

    def _supervise(self) -> None:
        while not self._stop_requests:
            now = time.monotonic()
            self._keep_postgres(now)
            for worker in self._workers:
                self._keep(worker, now)
            self._sleep(self._seconds_until_due(now))

    def _keep_postgres(self, now: float) -> None:
        server = self._postgres
        if server is None or (self._postgres_is_ready and server.is_alive):
            return
        if self._postgres_is_ready:
            self._postgres_is_ready = False
            self._say("PostgreSQL died; starting it again.", level="error")
            server.forget()
            self._postgres_backoff.failed(now=now)
        try:
            if server.pid is not None and server.is_ready():
                self._postgres_is_ready = True
                self._say("PostgreSQL serves again.")
            elif server.pid is None and self._postgres_backoff.is_due(now=now):
                self._postgres_backoff.started(now=now)
                server.begin()
        except CannotStart as error:
            self._say(str(error), level="error")
            self._postgres_backoff.failed(now=now)

    def _keep(self, worker: WorkerProcess, now: float) -> None:
        was_ready, pid = worker.is_ready, worker.pid
        code = worker.poll()
        if worker.is_ready and not was_ready:
            self._say(f"Worker {worker.number} serves again.", worker=worker.number)
        if code is not None:
            ended = f"Worker {worker.number} ended ({_describe_exit(code)}); starting another."
            self._say(ended, level="error", worker=worker.number)
            if self._metrics is not None and pid is not None:
                self._metrics.forget_worker(pid)
            worker.backoff.failed(now=now)
        if not worker.is_running and worker.backoff.is_due(now=now):
            try:
                self._launch(worker)
            except OSError as error:
                # No process or descriptor is left. The others go on, and this one is tried again.
                missing = f"Worker {worker.number} cannot be started: {error.strerror}."
                self._say(missing, level="error", worker=worker.number)
                worker.backoff.failed(now=now)

    def _launch(self, worker: WorkerProcess) -> None:
        assert self._listening is not None
        worker.start(
            listening=self._listening.fileno(),
            life=self._life[0],
            environment=self._environment,
            now=time.monotonic(),
        )

    def _seconds_until_due(self, now: float) -> float:
        due = [worker.backoff.due_at for worker in self._workers if not worker.is_running]
        if self._postgres is not None and not self._postgres_is_ready:
            due.append(self._postgres_backoff.due_at)
        return min(max(0.02, min(due) - now), 1.0) if due else 1.0

    def _stop(self) -> None:
        """Stop the workers first, so that running requests can finish, and PostgreSQL last."""
        for worker in self._workers:
            worker.signal(signal.SIGTERM)
        if (
            self._listening is not None
        ):  # the last worker to leave accepts what waits, and nobody accepts after it
            self._listening.close()
        deadline = time.monotonic() + self._plan.drain_seconds + self._plan.shutdown_seconds + 3.0
        while any(worker.is_running for worker in self._workers):
            if self._stop_requests > 1 or time.monotonic() > deadline:
                for worker in self._workers:
                    worker.signal(signal.SIGKILL)
            for worker in self._workers:
                worker.poll()
            self._sleep(0.02)
        for descriptor in self._life:
            if descriptor >= 0:
                os.close(descriptor)
        if self._postgres is not None:
            self._postgres.stop()
        if self._metrics is not None:
            self._metrics.remove()
        if self._lock is not None:
            self._lock.release()

    def _listen_to_signals(self) -> None:
        self._wake = os.pipe()
        for descriptor in self._wake:
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._request_stop)
        # Without a handler, a child's end would not wake the loop.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    def _sleep(self, seconds: float) -> None:
        """Wait until a signal arrives (a child's end is one), a worker is ready, or the time is over."""
        starting = [each.ready_descriptor for each in self._workers if each.ready_descriptor is not None]
        select.select([self._wake[0], *starting], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake[0], 4096)

    def _url(self) -> str:
        assert self._listening is not None
        host, port = self._listening.getsockname()[:2]
        where = f"[{host}]" if ":" in host else host
        return f"{self._plan.scheme}://{where}:{port}"

    def _say(self, text: str, *, level: Level = "info", **facts: object) -> None:
        as_json = self._plan.log_format == "json"
        write_log(text, level=level, logger=_LOGGER, as_json=as_json, **facts)


def _bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound but not yet listening: no client may connect before a worker can answer."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise CannotStart(
            f"HOLDFAST_HOST {host} is not an address of this machine: {error.strerror}."
        ) from None
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise CannotStart(bind_complaint(host, port, error)) from None
    listening.setblocking(False)
    return listening


def _is_loopback(listening: socket.socket) -> bool:
    return ipaddress.ip_address(str(listening.getsockname()[0]).partition("%")[0]).is_loopback


def _describe_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def main() -> int:
    plan = ServePlan.from_json(os.environ.pop(PLAN_VARIABLE))
    try:
        return Supervisor(plan).run()
    except CannotStart as error:
        problem = str(error)
    except OSError as error:  # a full disk, or no process or descriptor left
        problem = f"{error.filename or 'The system'}: {error.strerror}."
    if plan.log_format == "json":
        write_log(problem, level="critical", logger=_LOGGER, as_json=True)
    else:
        print(f"holdfast: {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
