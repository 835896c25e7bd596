"""Pinning images by digest, against a registry on loopback that speaks the distribution API, and a stand-in for Docker.

Class of bug: an image that moves under a pinned name. The members are the bases of the Dockerfile and the images of
compose; Kubernetes names our own image, which its owner pins.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from deploy_files import DEPLOY

_SPEC = importlib.util.spec_from_file_location("pin", DEPLOY / "pin.py")
assert _SPEC is not None
assert _SPEC.loader is not None
pin: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pin)

DIGESTS = {
    "library/python/manifests/3.11-slim": f"sha256:{'1' * 64}",
    "library/postgres/manifests/18": f"sha256:{'2' * 64}",
    "library/caddy/manifests/2": f"sha256:{'3' * 64}",
}


class Registry(BaseHTTPRequestHandler):
    """A registry that wants a token for everything, as public ones do."""

    wants_token = True
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        digest = DIGESTS.get(self.path.removeprefix("/v2/"))
        if self.wants_token and self.headers.get("Authorization") != "Bearer of-anyone":
            host = f"http://127.0.0.1:{self.server.server_port}"
            self.send_response(401)
            self.send_header("WWW-Authenticate", f'Bearer realm="{host}/token",service="here",scope="pull"')
        elif digest is None:
            self.send_response(404)
        else:
            self.asked.append(self.headers["Accept"])
            self.send_response(200)
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()

    def do_GET(self) -> None:
        assert self.path == "/token?service=here&scope=pull"
        body = json.dumps({"token": "of-anyone"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture(params=[True, False], ids=["with tokens", "open"])
def registry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Registry, "wants_token", request.param)
    monkeypatch.setattr(Registry, "asked", [])
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in pin.FILES:
        shutil.copy(DEPLOY / name, tmp_path)
    return tmp_path


def images(folder: Path) -> list[str]:
    return [
        found[0].split()[-1]
        for name in pin.FILES
        for found in pin.IMAGE.finditer((folder / name).read_text())
    ]


def test_every_foreign_image_of_the_files_is_found(folder: Path) -> None:
    names = {one.partition(":")[0] for one in images(folder)}
    assert names == {"python", "postgres", "caddy"}
    text = "".join((folder / name).read_text() for name in pin.FILES)
    assert text.count("FROM ") + text.count(" image: ") == len(images(folder)) + 1  # and our own


def test_a_registry_pins_all_of_them(registry: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pin.main(["--registry", registry], folder=folder) == 0
    by_name = {path.split("/")[1]: digest for path, digest in DIGESTS.items()}
    assert all(one.endswith(f"@{by_name[one.partition(':')[0]]}") for one in images(folder))
    assert all("image.index" in accepted for accepted in Registry.asked)
    assert pin.main(["--check"], folder=folder) == 0
    before = {name: (folder / name).read_text() for name in pin.FILES}
    assert pin.main(["--registry", registry], folder=folder) == 0  # again: nothing is written twice
    assert before == {name: (folder / name).read_text() for name in pin.FILES}
    assert "postgres:18@sha256:222" in capsys.readouterr().out


def test_a_moved_tag_is_pinned_again(registry: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pin.main(["--registry", registry], folder=folder) == 0
    monkeypatch.setitem(DIGESTS, "library/postgres/manifests/18", f"sha256:{'9' * 64}")
    assert pin.main(["--registry", registry], folder=folder) == 0
    assert f"postgres:18@sha256:{'9' * 64}" in images(folder)


@pytest.mark.parametrize("bad", [None, "", "sha256:short", "md5:1"])
def test_without_every_digest_nothing_changes(
    registry: str,
    folder: Path,
    bad: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if bad is None:
        monkeypatch.delitem(DIGESTS, "library/caddy/manifests/2")
    else:
        monkeypatch.setitem(DIGESTS, "library/caddy/manifests/2", bad)
    before = images(folder)
    assert pin.main(["--registry", registry], folder=folder) == 1
    assert images(folder) == before
    assert "caddy:2" in capsys.readouterr().err


def test_an_absent_registry_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert pin.main(["--registry", "http://127.0.0.1:1"], folder=folder) == 1
    assert "http://127.0.0.1:1 has no python:3.11-slim" in capsys.readouterr().err


def test_docker_is_asked_without_a_registry(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bin").mkdir()
    docker = folder / "bin" / "docker"
    docker.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "buildx imagetools inspect" ] && echo \'"sha256:{"4" * 64}"\'\n'
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/bin")
    assert pin.main([], folder=folder) == 0
    assert all(one.endswith("4" * 64) for one in images(folder))
    docker.write_text("#!/bin/sh\nexit 1\n")
    assert pin.main([], folder=folder) == 1
    assert "--registry URL" in capsys.readouterr().err


def test_the_files_say_whether_they_are_pinned() -> None:
    """Without a digest, the page of the deploy files must say so, and how to get one."""
    readme = (DEPLOY / "README.md").read_text()
    assert ("without digests" in readme) == bool(
        [one for name in pin.FILES for one in pin.unpinned((DEPLOY / name).read_text())]
    )
    assert "deploy/pin.py" in readme
