"""The disk after a power cut: what was told to be written is there, what the machine only remembered is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proof.disks.faults import SMALL_BYTES, FullDisk, FullLog
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


def in_a_process_of_its_own(program: str) -> dict[str, Any]:
    """Its mounts are nobody else's, and go with it; skips where there can be none."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    told: dict[str, Any] = json.loads(done.stdout)
    if "left_out" in told:
        pytest.skip(f"no power cuts here - {told['left_out']}")
    return told


def test_a_cut_keeps_what_was_flushed_and_nothing_else() -> None:
    """The control of all controls: where unflushed writes survive, a power cut proves nothing."""
    assert in_a_process_of_its_own(CUT)["found"] == {"kept": "kept"}


def test_a_machine_that_cannot_cut_says_so(tmp_path: Path) -> None:
    """It is a gap in the evidence, and neither a success nor a failure."""
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


def test_nobody_else_s_disk_is_filled(tmp_path: Path) -> None:
    """A disk that is full is one that was made to be."""
    if shutil.disk_usage(tmp_path).total <= SMALL_BYTES:
        pytest.skip("no disk here would be spared - the one of the tests is small itself")
    deployment = Deployment("external", folder=tmp_path)
    deployment.cluster.data.mkdir(parents=True)
    assert not FullDisk.suits(deployment)
    assert not FullLog.suits(deployment)


def test_the_server_s_key_survives_a_cut_as_soon_as_it_was_made() -> None:
    """With another one every hold token that was given out would be worth nothing."""
    told = in_a_process_of_its_own(KEY)
    assert told["kept"] == told["made"]
