"""Clock: a wall clock that can be set while its processes run (Debian's libfaketime). Other processes keep theirs."""

from __future__ import annotations

from pathlib import Path

from proof.processes import is_running

_PLACES = ("/usr/lib/*/faketime/libfaketime.so.1", "/usr/local/lib/faketime/libfaketime.so.1")


class Clock:
    """An offset in a file. Processes with this `environment` add it to the time of day at every reading."""

    def __init__(self, folder: Path, name: str) -> None:
        """Raises FileNotFoundError if the library is not installed."""
        self._file = folder / f"{name}.offset"
        self._library = library()
        self.offset_seconds = 0.0
        self.set(0.0)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, offset_seconds: float) -> None:
        """Set the offset from the machine's clock."""
        scratch = self._file.with_suffix(".part")
        scratch.write_text(f"{offset_seconds:+.3f}\n")
        scratch.chmod(0o644)
        scratch.rename(self._file)
        self.offset_seconds = offset_seconds


def clear_leftovers() -> None:
    """Remove the shared memory and the semaphores of killed processes.

    The library leaves them behind. A later process with the same number, under another user, could not start.
    """
    for pattern in ("faketime_shm_*", "sem.faketime_sem_*"):
        for file in Path("/dev/shm").glob(pattern):  # noqa: S108 - where the library puts it
            number = file.name.rpartition("_")[2]
            if number.isdigit() and not is_running(int(number)):
                file.unlink(missing_ok=True)


def library() -> Path:
    """Return the path of the library. Raises FileNotFoundError if it is not installed."""
    for place in _PLACES:
        for found in sorted(Path("/").glob(place.lstrip("/"))):
            return found
    raise FileNotFoundError("libfaketime is not installed (Debian: libfaketime)")
