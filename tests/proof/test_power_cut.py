"""The disk after a power cut: it has flushed data, and none that was only in memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proof.disks.faults import SMALL_BYTES, FullDisk, FullLog
from proof.disks.power_cut import GIVES_UP
from proof.system import Deployment

CUT = """
import json, os, sys
from pathlib import Path
from proof.disks.mounts import NotHere, disk, own_mounts, scratch

try:
    own_mounts()
    with scratch() as folder, disk(folder) as it:
        kept, lost = it.root / "kept", it.root / "lost"
        with kept.open("wb") as file:
            file.write(b"kept")
            file.flush()
            os.fsync(file.fileno())
        folder_descriptor = os.open(it.root, os.O_RDONLY)
        os.fsync(folder_descriptor)
        os.close(folder_descriptor)
        lost.write_bytes(b"lost")
        with it.after(it.cut("now")) as root:
            found = {path.name: path.read_text() for path in root.iterdir() if path.is_file() and path.stat().st_size}
        print(json.dumps({"found": found, "left": [str(path) for path in folder.iterdir()]}))
except NotHere as reason:
    print(json.dumps({"left_out": str(reason)}))
"""

KEY = """
import json
from pathlib import Path
from holdfast.process.folders import make_folder
from holdfast.process.secret_key import read_or_make_secret_key
from proof.disks.mounts import NotHere, disk, own_mounts, scratch

try:
    own_mounts()
    with scratch() as folder, disk(folder) as it:
        data = it.root / "var" / "holdfast"
        make_folder(data)
        made = read_or_make_secret_key(data)
        with it.after(it.cut("now")) as root:
            kept = root / "var" / "holdfast" / "secret_key"
            print(json.dumps({"made": made, "kept": kept.read_text().strip() if kept.exists() else None}))
except NotHere as reason:
    print(json.dumps({"left_out": str(reason)}))
"""


def run_in_own_process(program: str) -> dict[str, Any]:
    """Run a program whose mounts end with it. Skips if this machine does not support them."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    report: dict[str, Any] = json.loads(done.stdout)
    if "left_out" in report:
        pytest.skip(f"no power cuts here - {report['left_out']}")
    return report


def test_a_cut_keeps_only_flushed_data() -> None:
    """The control of all controls: a power cut proves nothing if unflushed writes survive it."""
    assert run_in_own_process(CUT)["found"] == {"kept": "kept"}


def test_a_machine_without_cuts_reports_a_gap(tmp_path: Path) -> None:
    """It is a gap in the evidence, neither a success nor a failure."""
    done = subprocess.run(
        [sys.executable, "-m", "proof.disks.power_cut", "--cuts", "1", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PATH": str(tmp_path)},  # without mount, mkfs.xfs and all the others
    )
    result = json.loads((tmp_path / "power-cuts.json").read_text())
    assert done.returncode == 0, done.stderr
    assert result["left_out"]
    assert not result["passed"]


def test_a_shared_disk_is_not_filled(tmp_path: Path) -> None:
    """Only a disk that was made for the test may be filled."""
    if shutil.disk_usage(tmp_path).total <= SMALL_BYTES:
        pytest.skip("no disk here would be spared - the one of the tests is small itself")
    deployment = Deployment("external", folder=tmp_path)
    deployment.cluster.data.mkdir(parents=True)
    assert not FullDisk.suits(deployment)
    assert not FullLog.suits(deployment)


def test_a_new_secret_key_survives_a_cut() -> None:
    """A different key would invalidate all existing hold tokens."""
    report = run_in_own_process(KEY)
    assert report["kept"] == report["made"]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ('FATAL:  Peer authentication failed for user "postgres"', False),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  terminating connection due to administrator command", False),
        ("PANIC:  could not locate a valid checkpoint record", True),
        ('FATAL:  could not open file "global/pg_filenode.map"', True),
    ],
)
def test_only_lost_data_catches_a_control(line: str, ends: bool) -> None:
    """The server's access rules can be lost in the cut. A refused log-in then passed as a loss of sales."""
    assert bool(GIVES_UP.search(line)) is ends
