"""Parsers for the deploy files, limited to what Holdfast uses."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def instructions() -> list[tuple[str, str]]:
    """Return (instruction, arguments) of the Dockerfile, in order."""
    text = "\n".join(
        line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.startswith("#")
    )
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines) if name]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(index for index, (name, _) in enumerate(found) if name == "FROM") :]


def image_environment() -> dict[str, str]:
    """Return the ENV of the final image."""
    return {
        name: value
        for instruction, rest in last_stage()
        if instruction == "ENV"
        for name, _, value in (pair.partition("=") for pair in rest.split())
    }


def image_list(instruction: str) -> list[str]:
    """Return the JSON form of an instruction such as CMD."""
    (rest,) = (rest for name, rest in last_stage() if name == instruction)
    words: list[str] = json.loads(rest)
    return words


def health_program() -> str:
    """Return the Python program of the HEALTHCHECK."""
    (rest,) = (rest for name, rest in last_stage() if name == "HEALTHCHECK")
    words = json.loads(rest[rest.index("CMD ") + 4 :])
    assert words[:2] == ["python", "-c"]
    program: str = words[2]
    return program


def compose(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text())
    return found


def unit() -> dict[str, list[str]]:
    """Return the values of each `[Section] Key` of the systemd unit, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    section = ""
    for line in (DEPLOY / "holdfast.service").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line
            continue
        key, separator, value = line.partition("=")
        assert separator, line
        found[f"{section} {key}"].append(value)
    return dict(found)
