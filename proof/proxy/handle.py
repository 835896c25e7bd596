"""Handle: the deployment's control of the proxy process and its named routes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from proof.processes import Kept, launch

ROOT = Path(__file__).parents[2]


class Proxy:
    """One process with all routes of a deployment; it ends with its parent."""

    def __init__(self, *, seed: int, log: Path | None = None) -> None:
        self._seed = seed
        self._log = log
        self._lock = threading.Lock()
        self._kept = Kept("proxy", self._launch, restarts=False)

    def start(self) -> None:
        self._kept.start()

    def stop(self) -> None:
        process = self._kept.process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        self._kept.stop()
        if process is not None and process.stdout is not None:
            process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def open(self, name: str, to: str, protocol: str = "tcp") -> Door:
        """Open a port that leads to `HOST:PORT` or `unix:PATH`; `protocol` is tcp, postgres or http."""
        seed = self._seed * 1_000 + sum(name.encode())
        reply = self.ask({"do": "open", "route": name, "to": to, "protocol": protocol, "seed": seed})
        return Door(self, name, reply["port"])

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Send a command and return the answer. Raises RuntimeError for an error or a missing process."""
        process = self._kept.process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the proxy was not started")
        with self._lock:
            try:
                process.stdin.write(json.dumps(command).encode() + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError) as error:
                raise RuntimeError("the proxy has ended") from error
        if not line:
            raise RuntimeError("the proxy has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"the proxy refuses {command}: {answer['error']}")
        return answer

    def _launch(self) -> subprocess.Popen[bytes]:
        errors = subprocess.DEVNULL if self._log is None else self._log.open("ab")
        try:
            return launch(
                [sys.executable, "-m", "proof.proxy"],
                environment=dict(os.environ),
                folder=ROOT,
                input=subprocess.PIPE,
                output=subprocess.PIPE,
                errors=errors,
            )
        finally:
            if not isinstance(errors, int):
                errors.close()


class Door:
    """One route: a port of this machine, and the faults of its traffic."""

    def __init__(self, proxy: Proxy, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self._proxy = proxy

    @property
    def url(self) -> str:
        """The URL for HTTP clients."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, **rules: Any) -> None:
        """Change these rules (`proof.proxy.rules.Rules`); the others stay."""
        self._ask("set", rules=rules)

    def calm(self) -> None:
        """Remove all rules; connections stay open."""
        self._ask("calm")

    def reset(self) -> int:
        """Reset every connection now, and return their number."""
        return int(self._ask("reset")["reset"])

    def lead_to(self, target: str) -> None:
        """Lead new connections to another target."""
        self._ask("target", to=target)

    def counts(self) -> dict[str, Any]:
        """Return the counts so far (`proof.proxy.rules.Counts`)."""
        return self._ask("counts")

    def _ask(self, do: str, **more: Any) -> dict[str, Any]:
        return self._proxy.ask({"do": do, "route": self.name, **more})
