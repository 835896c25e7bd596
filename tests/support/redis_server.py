"""A Redis of the test: Debian's server on a socket of its own, which a test may kill, flush and stop."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

__all__ = ["RedisServer", "redis_server"]

_MAX_LOOKS = 100_000


class RedisServer:
    """`url` stays the same over a restart."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                str(self._socket),
                "--save",
                "",
                "--daemonize",
                "no",
            ],
            stdout=subprocess.DEVNULL,
            cwd=self._socket.parent,
        )
        for _ in range(_MAX_LOOKS):
            with suppress(RedisConnectionError, RedisTimeoutError, FileNotFoundError):
                self.client().ping()
                return
        raise AssertionError("the Redis does not start")

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def flush(self) -> None:
        self.client().flushall()

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def stall(self) -> None:
        """Stop it as it is: it accepts connections, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("Debian's redis-server is not installed")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()
