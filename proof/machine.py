"""Machine: on what, and on which state of the sources, a proof was run; nothing that would tell whose machine it is."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PATIENCE", "ROOT", "Source", "machine_facts", "without_places"]

ROOT = Path(__file__).parents[1]
PATIENCE = max(1.0, float(os.environ.get("HOLDFAST_PROOF_PATIENCE") or 1))
"""How many times as long as is promised it may take to come back here: machines that are shared stand still now and
then. What it took is told in any case."""

DEPLOYMENTS = Path("/var/tmp")  # noqa: S108 - on a real disk, and each deployment makes a folder of its own in it


@dataclass(frozen=True, slots=True)
class Source:
    """The commit, and whether the tree is that commit and nothing else."""

    commit: str
    changes: str
    """Empty for a clean tree; otherwise a fingerprint of what differs."""

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
        """Of exactly these sources: parts of another one are not resumed."""
        return self.short + (f"+{self.changes}" if self.changes else "")

    @property
    def seed(self) -> int:
        """The seed where none is given: another one for each commit, the same for everyone who tries it."""
        return int(self.commit[:7], 16) if self.commit != "unknown" else 1


def machine_facts(postgres_bin: Path) -> dict[str, Any]:
    """Kernel, processors, memory, file system, and the versions that matter."""
    return {
        "kernel": platform.release(),
        "processors": len(os.sched_getaffinity(0)),
        "processor": _first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")),
        "memory_gib": round(int(_first(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) / 2**20, 1),
        "file_system": _said("stat", "-f", "-c", "%T", str(DEPLOYMENTS)).strip(),
        "python": platform.python_version(),
        "postgresql": (_said(str(postgres_bin / "postgres"), "--version").split() or [""])[-1],
    }


_PLACE = re.compile(
    r"(?<![\w.:/])(?:/(?:home|root|tmp|var|work|usr|opt|mnt|srv|builds?|data)(?:/[\w.+@%-]+)+)"
)


def without_places(told: Any) -> Any:
    """The same with every absolute path of this machine cut to its last part."""
    if isinstance(told, str):
        return _PLACE.sub(lambda found: "…/" + found[0].rsplit("/", 1)[1], told.replace(str(ROOT), "…"))
    if isinstance(told, dict):
        return {without_places(name): without_places(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [without_places(each) for each in told]
    return told


def _git(*arguments: str) -> str:
    return _said("git", "-C", str(ROOT), *arguments)


def _said(*command: str) -> str:
    """Empty where there is no such program, or it fails."""
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
