"""The steps of the Dockerfile, done by hand: in an empty folder, and served by another user.

No container runs here. So the files that the build copies go to a folder that has nothing else, the package is built
there and installed beside its libraries, and an unprivileged user starts it with the image's environment and command.
Class of bug: a step that works only in a checkout, or only as root. Steps that install the locked libraries are left
out: the libraries are those of the tests, which have the same hashes.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from deploy_files import ROOT, health_program, image_environment, image_list, instructions

from proof.system.server import free_port
from support.environments import Environment, build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

START_SECONDS = 200


def another_user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as the image has it: the environment in `opt/holdfast`, the data in `var`."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path("/var/tmp") / f"holdfast-image-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        copied = folder / "build"
        copied.mkdir()
        for words in (rest.split() for name, rest in instructions() if name == "COPY"):
            if not words[0].startswith("--"):
                copy(words, copied)
        wheels = tmp_path_factory.mktemp("wheels")
        (server,), (client,) = build(copied, wheels, "wheel"), build(copied / "client", wheels, "wheel")
        linked = Environment(tmp_path_factory.mktemp("linked") / "venv", server, ours=(client,))
        python = copy_python(folder / "usr", version)
        subprocess.run([python, "-m", "venv", "--without-pip", folder / "opt" / "holdfast"], check=True)
        packages = folder / "opt" / "holdfast" / "lib" / version / "site-packages"
        shutil.copytree(linked.packages, packages, dirs_exist_ok=True)
        (folder / "var").mkdir(mode=0o700)
        shutil.chown(folder / "var", another_user().pw_uid, another_user().pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder)


def copy_python(to: Path, version: str) -> Path:
    """Copy the interpreter of the tests and its library: another user may not reach where they are."""
    (to / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), to / "bin" / version)
    left_out = shutil.ignore_patterns("site-packages", "test", "__pycache__", "config-*")
    shutil.copytree(
        Path(sys.base_prefix) / "lib" / version, to / "lib" / version, ignore=left_out, symlinks=True
    )
    for library in (Path(sys.base_prefix) / "lib").glob("libpython*.so*"):
        shutil.copy(library, to / "lib")
    return to / "bin" / version


def copy(words: list[str], to: Path) -> None:
    """Do a COPY of the build stage: files into a folder, or a folder as a folder."""
    *sources, target = words
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, to / target)


def test_another_user_serves_from_what_the_build_copied(image: Path) -> None:
    python = image / "opt" / "holdfast" / "bin" / "python"
    environment = {
        **{
            name: value.replace("/var/lib/holdfast", str(image / "var"))
            for name, value in image_environment().items()
        },
        "HOLDFAST_PORT": str(free_port()),
        "HOME": str(image / "var"),
        "PATH": "/usr/bin:/bin",
        "LD_LIBRARY_PATH": str(image / "usr" / "lib"),
    }
    user = another_user()
    command = image_list("CMD")
    assert command == ["holdfast", "serve"]
    log = image / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [python, "-m", "holdfast", *command[1:]],
            cwd=image / "var",
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
    try:
        assert becomes_healthy(python, environment, server), log.read_text()
        shown = subprocess.run(
            [python, "-m", "holdfast", "db", "status", "--json"],
            cwd=image / "var",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        assert shown.returncode == 0, shown.stderr
        assert json.loads(shown.stdout)
        owners = {path.stat().st_uid for path in (image / "var").iterdir()}
        assert owners == {user.pw_uid}
    finally:
        server.terminate()
        code = server.wait(60)
    assert code == 0


def becomes_healthy(python: Path, environment: dict[str, str], server: subprocess.Popen[bytes]) -> bool:
    """Ask as the HEALTHCHECK does, until it is satisfied or the server has ended."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        done = subprocess.run(
            [python, "-c", health_program()], env=environment, capture_output=True, check=False
        )
        if done.returncode == 0:
            return True
    return False
