"""Machine: facts about the machine and the sources of a proof, without anything that identifies the owner."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PATIENCE", "ROOT", "Source", "machine_facts", "without_paths"]

ROOT = Path(__file__).parents[1]
PATIENCE = max(1.0, float(os.environ.get("HOLDFAST_PROOF_PATIENCE") or 1))
"""A factor for the allowed recovery times, because shared machines sometimes stall. The evidence reports the
measured times regardless."""

DEPLOYMENTS = Path("/var/tmp")  # noqa: S108 - on a real disk, and each deployment makes a folder of its own in it


@dataclass(frozen=True, slots=True)
class Source:
    """The commit, and whether the tree differs from it."""

    commit: str
    changes: str
    """Empty for a clean tree, else a fingerprint of the differences."""

    @classmethod
    def now(cls) -> Source:
        commit = _git("rev-parse", "HEAD").strip()
        if not commit:
            return cls("unknown", "")
        listed = _git("status", "--porcelain", "--untracked-files=normal")
        if not listed:
            return cls(commit, "")
        return cls(commit, hashlib.sha256((listed + _git("diff", "HEAD")).encode()).hexdigest()[:8])

    @property
    def is_clean(self) -> bool:
        return not self.changes and self.commit != "unknown"

    @property
    def short(self) -> str:
        return self.commit[:12]

    @property
    def identity(self) -> str:
        """Identifies exactly these sources: a resumed run repeats parts of others."""
        return self.short + (f"+{self.changes}" if self.changes else "")

    @property
    def seed(self) -> int:
        """The default seed: it changes with the commit, and is the same on every machine."""
        return int(self.commit[:7], 16) if self.commit != "unknown" else 1


def machine_facts(postgres_bin: Path) -> dict[str, Any]:
    """Return kernel, processors, memory, file system, and the versions that matter."""
    return {
        "kernel": platform.release(),
        "processors": len(os.sched_getaffinity(0)),
        "processor": _first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")),
        "memory_gib": round(int(_first(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) / 2**20, 1),
        "file_system": _output_of("stat", "-f", "-c", "%T", str(DEPLOYMENTS)).strip(),
        "python": platform.python_version(),
        "postgresql": (_output_of(str(postgres_bin / "postgres"), "--version").split() or [""])[-1],
    }


_PATH = re.compile(
    r"(?<![\w.:/])(?:/(?:home|root|tmp|var|work|usr|opt|mnt|srv|builds?|data)(?:/[\w.+@%-]+)+)"
)


def without_paths(value: Any) -> Any:
    """Return a copy in which every absolute path of this machine is cut to its last part."""
    if isinstance(value, str):
        return _PATH.sub(lambda found: "…/" + found[0].rsplit("/", 1)[1], value.replace(str(ROOT), "…"))
    if isinstance(value, dict):
        return {without_paths(name): without_paths(value) for name, value in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(each) for each in value]
    return value


def _git(*arguments: str) -> str:
    return _output_of("git", "-C", str(ROOT), *arguments)


def _output_of(*command: str) -> str:
    """Return a command's output; empty if it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _first(pattern: str, file: Path) -> str:
    try:
        found = re.search(pattern, file.read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""
