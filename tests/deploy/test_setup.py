"""The two programs of the deploy folder: one writes secrets once, one backs up every night. Both are run here."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deploy_files import DEPLOY, compose, image_environment, last_stage
from pydantic import SecretStr

from holdfast.app.settings import Settings


def secrets_of(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_setup_writes_every_secret_of_compose_once(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    said = subprocess.run([DEPLOY / "setup", file], capture_output=True, text=True, check=True).stdout
    assert file.stat().st_mode & 0o777 == 0o600
    found = secrets_of(file)
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert found.keys() == needed
    assert len(set(found.values())) == len(found)
    assert all(len(value) >= 64 for value in found.values())
    assert Settings(bootstrap_key=SecretStr(found["HOLDFAST_BOOTSTRAP_KEY"])).bootstrap_key is not None
    assert not any(value in said for value in found.values()), "a terminal's history is no safe place"


def test_setup_keeps_what_the_file_has(tmp_path: Path) -> None:
    """A new secret key would make every hold token worthless."""
    file = tmp_path / "named.env"
    file.write_text("HOLDFAST_SECRET_KEY=mine\nDOMAIN=tickets.example\n")
    for _ in range(2):
        subprocess.run([DEPLOY / "setup", file], capture_output=True, check=True)
        found = secrets_of(file)
        assert found["HOLDFAST_SECRET_KEY"] == "mine"
        assert found["DOMAIN"] == "tickets.example"
        assert len(found) == 4


def test_setup_writes_beside_itself_from_anywhere(tmp_path: Path) -> None:
    program = tmp_path / "deploy" / "setup"
    program.parent.mkdir()
    program.write_bytes((DEPLOY / "setup").read_bytes())
    program.chmod(0o755)
    subprocess.run([program], cwd="/", capture_output=True, check=True)
    assert (program.parent / ".env").is_file()


class Nightly:
    """`nightly-backup` with a `holdfast` of the test, and a `sleep` that does not wait."""

    def __init__(self, folder: Path, holdfast: str) -> None:
        self.folder = folder / "backups"
        self.folder.mkdir()
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.log = folder / "log"
        for name, text in {
            "holdfast": holdfast,
            "sleep": f'echo "sleep $*" >>{self.log}; exec /bin/sleep 60',
        }.items():
            (self._bin / name).write_text(f"#!/bin/sh\n{text}\n")
            (self._bin / name).chmod(0o755)
        self.environment = {
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "BACKUP_DIR": str(self.folder),
            "BACKUP_DAYS": "3",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DEPLOY / "nightly-backup", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def test_a_backup_once_keeps_the_newest_days(tmp_path: Path) -> None:
    nightly = Nightly(tmp_path, 'for file; do :; done; echo "$*" >"$file"')
    now = datetime.now(UTC)
    for days in range(8):
        file = nightly.folder / f"holdfast-{now - timedelta(days=days):%F}.dump"
        file.write_text("old")
        at = (now - timedelta(days=days, hours=1)).timestamp()
        os.utime(file, (at, at))
    (nightly.folder / "another").write_text("not ours")
    assert nightly.run("--once").returncode == 0
    kept = sorted(file.name for file in nightly.folder.iterdir())
    assert kept == ["another", *(f"holdfast-{now - timedelta(days=days):%F}.dump" for days in (3, 2, 1, 0))]
    newest = (nightly.folder / kept[-1]).read_text()
    assert newest == f"db backup --force {nightly.folder / kept[-1]}\n"


def test_a_failed_backup_deletes_nothing(tmp_path: Path) -> None:
    nightly = Nightly(tmp_path, "exit 1")
    old = nightly.folder / "holdfast-2020-01-01.dump"
    old.write_text("the only one")
    os.utime(old, (0, 0))
    assert nightly.run("--once").returncode == 1
    assert old.exists()


@pytest.mark.parametrize(("program", "seconds"), [("exit 0", 86_400), ("exit 1", 3_600)])
def test_a_container_stops_at_once_between_two_backups(tmp_path: Path, program: str, seconds: int) -> None:
    nightly = Nightly(tmp_path, program)
    running = subprocess.Popen(
        [DEPLOY / "nightly-backup"], env=nightly.environment, stderr=subprocess.PIPE, text=True
    )
    while not nightly.log.exists() or not nightly.log.read_text():
        assert running.poll() is None
    assert nightly.log.read_text() == f"sleep {seconds}\n"
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=20) == 0
    # Its pipe ends with the last process that has it, so nothing waits on.
    assert ("the backup failed" in running.communicate(timeout=20)[1]) is (seconds == 3_600)


def test_compose_backs_up_into_a_volume_that_the_image_owns() -> None:
    backup = compose("compose.yaml")["services"]["backup"]
    assert backup["command"] == ["nightly-backup"]
    assert backup["volumes"] == ["backups:/var/backups/holdfast"]
    assert any(
        name == "COPY" and rest.endswith("deploy/nightly-backup /usr/local/bin/")
        for name, rest in last_stage()
    )
    assert image_environment()["PATH"].endswith("$PATH")
    assert (DEPLOY / "nightly-backup").stat().st_mode & stat.S_IXUSR
    assert "/var/backups/holdfast" in (DEPLOY / "nightly-backup").read_text()


def test_the_proxy_of_the_profile_reaches_the_server() -> None:
    services = compose("compose.yaml")["services"]
    proxy = services["proxy"]
    assert proxy["profiles"] == ["tls"]
    assert proxy["command"][-2:] == ["--to", f"server:{services['server']['environment']['HOLDFAST_PORT']}"]
