"""The files for Patroni: filled in, each program accepts them, and they have what the proof and the guide say.

The failovers themselves are a part of the proof, `python -m proof.patroni`: they take minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from proof.machine import ROOT
from proof.patroni import LIMITS, ORDER, TTL_SECONDS
from proof.patroni_cluster import FILES, NAMES, etcd_api, filled

VALUES = {
    "CLUSTER": "holdfast",
    "NODE": "one",
    "ADDRESS": "127.0.0.11",
    "ETCD": "127.0.0.3:2379",
    "ETCD_API": "etcd3",
    "NETWORK": "127.0.0.0/8",
    "DATA": "/var/lib/postgresql/holdfast",
    "BINARIES": "/usr/lib/postgresql/15/bin",
    "PASSFILE": "/var/lib/postgresql/.pgpass",
    "REST_PASSWORD": "a",
    "SUPERUSER_PASSWORD": "b",
    "REPLICATION_PASSWORD": "c",
    "PROXY": "127.0.0.2",
    "ONE": "127.0.0.11",
    "TWO": "127.0.0.12",
    "THREE": "127.0.0.13",
}


def settings() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(filled("patroni.yml", VALUES))["bootstrap"]["dcs"]
    return found


def test_nothing_is_acknowledged_by_one_machine_alone() -> None:
    found = settings()
    assert found["synchronous_mode"] is found["synchronous_mode_strict"] is True
    assert found["postgresql"]["parameters"]["synchronous_commit"] == "on"


def test_the_times_are_those_that_patroni_accepts() -> None:
    found = settings()
    assert found["ttl"] == TTL_SECONDS >= 20
    assert found["loop_wait"] + 2 * found["retry_timeout"] <= found["ttl"]


def test_the_guide_has_the_settings_of_the_file() -> None:
    guide = (ROOT / "docs" / "guides" / "high-availability.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", guide, re.MULTILINE))
    assert len(rows) >= 6
    assert rows == {name: str(settings()[name]).lower() for name in rows}


def test_an_old_patroni_gets_the_interface_that_keeps_one_leader(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the newer one, Patroni 3.0.2 takes the key of its successor after a pause: two primaries, and no sale."""
    program = tmp_path / "patroni"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for version, api in {"3.0.2": "etcd", "3.0.3": "etcd3", "4.0.4": "etcd3"}.items():
        program.write_text(f"#!/bin/sh\necho patroni {version}\n")
        program.chmod(0o755)
        etcd_api.cache_clear()
        assert etcd_api() == api
    etcd_api.cache_clear()


def test_every_variable_of_a_file_is_explained() -> None:
    """A person fills the files in by hand: each variable stands in the steps."""
    readme = (FILES / "README.md").read_text()
    for file in ("patroni.yml", "haproxy.cfg"):
        for name in re.findall(r"\$\{(\w+)\}", (FILES / file).read_text()):
            assert re.search(rf"\b{name}=", readme) or name == "ETCD", name
    assert "`ETCD`" in readme


@pytest.mark.parametrize("machines", [2, 3])
def test_haproxy_accepts_its_file(machines: int, tmp_path: Path) -> None:
    program = shutil.which("haproxy")
    if program is None:
        pytest.skip("haproxy is not installed")
    values = {name: value for name, value in VALUES.items() if name not in map(str.upper, NAMES[machines:])}
    (tmp_path / "haproxy.cfg").write_text(filled("haproxy.cfg", values))
    done = subprocess.run(
        [program, "-c", "-f", str(tmp_path / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_every_way_to_lose_a_primary_is_tried() -> None:
    assert set(ORDER) == set(LIMITS)
