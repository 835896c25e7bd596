"""Meanwhile: faults that repeat an action in their own thread until they are healed."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from proof.nemesis.fault import Fault


class Meanwhile(Fault):
    """Repeats `step` with a pause. An exception in `step` is a bug of the nemesis, and `heal` raises it."""

    pause_seconds = 0.1

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.steps = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._failure: BaseException | None = None

    def step(self) -> None:
        raise NotImplementedError

    def start(self) -> Mapping[str, object]:
        self._thread.start()
        return {}

    def heal(self) -> Mapping[str, object]:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        return {"steps": self.steps}

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
                self.steps += 1
                self._stopping.wait(self.pause_seconds)
        except BaseException as error:  # noqa: BLE001 - raised again by `heal`
            self._failure = error
