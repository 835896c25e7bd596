"""Handle: the proxy's process as the deployment holds it, with a name for each of its routes."""

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
    """One process, in which all routes of a deployment run; it ends with whoever started it."""

    def __init__(self, *, seed: int, log: Path | None = None) -> None:
        self._seed = seed
        self._log = log
        self._lock = threading.Lock()
        self._kept = Kept("proxy", self._launch, again=False)

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
        """A new port that leads to `HOST:PORT` or `unix:PATH`; `protocol` is tcp, postgres or http."""
        seed = self._seed * 1_000 + sum(name.encode())
        told = self.ask({"do": "open", "route": name, "to": to, "protocol": protocol, "seed": seed})
        return Door(self, name, told["port"])

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """Raises RuntimeError where it does not obey, or is gone."""
        process = self._kept.process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the proxy was not started")
        with self._lock:
            try:
                process.stdin.write(json.dumps(command).encode() + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError) as error:
                raise RuntimeError("the proxy is gone") from error
        if not line:
            raise RuntimeError("the proxy is gone")
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
    """One route: a port of this machine, and what is done to whoever passes."""

    def __init__(self, proxy: Proxy, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self._proxy = proxy

    @property
    def url(self) -> str:
        """For one that speaks HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, **rules: Any) -> None:
        """Change these rules (`proof.proxy.rules.Rules`); the others stay."""
        self._ask("set", rules=rules)

    def calm(self) -> None:
        """All rules off; connections go on."""
        self._ask("calm")

    def reset(self) -> int:
        """Reset every connection now; how many there were."""
        return int(self._ask("reset")["reset"])

    def lead_to(self, target: str) -> None:
        """New connections go elsewhere from now on."""
        self._ask("target", to=target)

    def counts(self) -> dict[str, Any]:
        """What it did so far (`proof.proxy.rules.Counts`)."""
        return self._ask("counts")

    def _ask(self, do: str, **more: Any) -> dict[str, Any]:
        return self._proxy.ask({"do": do, "route": self.name, **more})
