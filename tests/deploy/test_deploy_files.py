"""Not all deploy files can run here, so each variable, port, path and command in them is compared with the code."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from deploy_files import (
    DEPLOY,
    ROOT,
    compose,
    health_program,
    image_environment,
    image_list,
    instructions,
    last_stage,
    unit,
)

from holdfast.api.catalogue import all_endpoints
from holdfast.app.settings import PREFIX, Settings, load_settings
from support.command_lines import check_command_line

SECRETS = {
    "POSTGRES_PASSWORD": "p" * 64,
    "HOLDFAST_SECRET_KEY": "s" * 64,
    "HOLDFAST_BOOTSTRAP_KEY": f"hfk_bootstrap_{'01234567' * 8}",
}
COMPOSE_FILES = ("compose.yaml", "compose.local.yaml")


def interpolated(value: str, given: dict[str, str]) -> str:
    """Return the text with `${NAME:-default}` and `${NAME:?message}` replaced, as compose does it."""

    def one(match: re.Match[str]) -> str:
        name, kind, rest = match[1], match[2], match[3]
        if kind == ":?":
            assert name in given, f"{name}: {rest}"
        return given.get(name, rest)

    return re.sub(r"\$\{([A-Z_]+)(:[-?])([^}]*)\}", one, value)


def unit_environment() -> dict[str, str]:
    pairs = (line.replace("%S", "/var/lib").partition("=") for line in unit()["[Service] Environment"])
    return {name: value for name, _, value in pairs}


def services() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for file in COMPOSE_FILES:
        for name, service in compose(file)["services"].items():
            yield file, name, service


def environments() -> dict[str, dict[str, str]]:
    """Return every environment in which the deploy files start `holdfast`."""
    found = {"the image": image_environment(), "the unit": unit_environment()}
    for file, name, service in services():
        if service["image"] == "holdfast":
            given = {key: interpolated(str(value), SECRETS) for key, value in service["environment"].items()}
            found[f"{file}, {name}"] = image_environment() | given
    return found


@pytest.mark.parametrize("where", environments())
def test_every_variable_is_a_setting_with_a_valid_value(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself reads them, and refuses unknown ones."""
    given = environments()[where]
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in given.items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)
    monkeypatch.delenv("PORT", raising=False)
    settings = load_settings()
    assert settings.port == 8000
    assert settings.open is ("local" in where)


def test_compose_publishes_the_port_on_this_machine_only() -> None:
    server = compose("compose.yaml")["services"]["server"]
    assert server["ports"] == ["127.0.0.1:8000:8000"]
    assert server["environment"]["HOLDFAST_PORT"] == "8000"
    assert ("EXPOSE", "8000") in last_stage()


def test_open_mode_requires_loopback() -> None:
    for where, given in environments().items():
        if given["HOLDFAST_OPEN"] != "0":
            assert given["HOLDFAST_HOST"] == "127.0.0.1", where


@pytest.mark.parametrize("variable", SECRETS)
def test_compose_starts_nothing_without_a_secret(variable: str) -> None:
    """No secret has a default, and the message explains how to create one."""
    uses = re.findall(rf"\$\{{{variable}(:.)([^}}]*)\}}", (DEPLOY / "compose.yaml").read_text())
    assert uses
    assert {kind for kind, _ in uses} == {":?"}
    assert {message for _, message in uses} == {"run deploy/setup"}
    assert variable in (DEPLOY / "setup").read_text()


def test_compose_creates_the_database_of_the_server() -> None:
    services = compose("compose.yaml")["services"]
    database = services["database"]
    url = interpolated(services["server"]["environment"]["HOLDFAST_DATABASE_URL"], SECRETS)
    password = interpolated(database["environment"]["POSTGRES_PASSWORD"], SECRETS)
    user, name = database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"]
    assert url == f"postgresql://{user}:{password}@database:5432/{name}"
    assert f"--username={user}" in database["healthcheck"]["test"]
    assert f"--dbname={name}" in database["healthcheck"]["test"]
    assert database["image"] == "postgres:18"
    # Since version 18 the image keeps its data below this folder, in one folder per version.
    assert database["volumes"] == ["database:/var/lib/postgresql"]


def test_the_schema_is_upgraded_before_the_server_starts() -> None:
    services = compose("compose.yaml")["services"]
    check_command_line(services["upgrade"]["command"])
    assert services["upgrade"]["command"] == ["holdfast", "db", "upgrade"]
    assert services["upgrade"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["server"]["depends_on"]["upgrade"]["condition"] == "service_completed_successfully"


def test_every_volume_is_declared_and_mounted_for_writing() -> None:
    for file in COMPOSE_FILES:
        content = compose(file)
        used = {
            volume.split(":")[0] for one in content["services"].values() for volume in one.get("volumes", [])
        }
        assert used == set(content["volumes"])
    (local,) = compose("compose.local.yaml")["services"]["server"]["volumes"]
    assert local.split(":")[1] == image_environment()["HOLDFAST_DATA_DIR"]
    assert ("VOLUME", image_environment()["HOLDFAST_DATA_DIR"]) in last_stage()


def test_every_started_command_exists() -> None:
    commands = [image_list("CMD"), unit()["[Service] ExecStart"][0]]
    commands += [
        service["command"]
        for _, _, service in services()
        if service["image"] == "holdfast" and service["command"] != ["nightly-backup"]
    ]
    for command in commands:
        check_command_line(command)


def test_the_image_is_built_from_existing_files() -> None:
    sent = [
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    copied = [
        source
        for name, rest in instructions()
        if name == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
        if not source.startswith("--")
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in sent, source
    assert set(sent) == set(copied)


def test_the_image_installs_only_locked_libraries() -> None:
    """The image checks the hash of every library, and builds the package without any download."""
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert len(installs) == 2
    assert "--require-hashes -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation . ./client" in installs[1]


def test_the_user_of_the_image_owns_the_data_directory() -> None:
    stage = last_stage()
    user = next(rest for name, rest in stage if name == "USER")
    made = next(rest for name, rest in stage if name == "RUN")
    assert user == "10001:10001", "Kubernetes' runAsNonRoot needs a number"
    assert "groupadd --system --gid 10001 holdfast" in made
    assert "useradd --system --uid 10001 --gid holdfast" in made
    folders = "/var/lib/holdfast /var/backups/holdfast"
    assert f"install --directory --owner holdfast --group holdfast --mode 0700 {folders}" in made
    assert image_environment()["HOLDFAST_DATA_DIR"] in folders


def test_the_stages_use_the_same_python() -> None:
    """The first stage builds the libraries for it."""
    images = {rest.split()[0] for name, rest in instructions() if name == "FROM"}
    assert len(images) == 1
    (image,) = images
    match = re.fullmatch(r"python:3\.(\d+)-slim", image)
    assert match is not None
    assert int(match[1]) >= 11


def test_the_health_check_requests_an_existing_route() -> None:
    (path,) = re.findall(r"\+ '(/[a-z]+)'", health_program())
    assert path == "/readyz"
    assert ("GET", path) in {(endpoint.method, endpoint.path) for endpoint in all_endpoints()}


@pytest.mark.parametrize("variable", ["HOLDFAST_PORT", "PORT"])
@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_reflects_the_health_of_the_server(
    status: int, healthy: bool, variable: str
) -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = subprocess.run(
            ["python3", "-c", health_program()],
            env={"PATH": os.environ["PATH"], variable: str(server.server_port)},
            capture_output=True,
            timeout=30,
            check=False,
        )
        thread.join()
    assert (done.returncode == 0) is healthy


def test_the_unit_keeps_its_data_in_its_state_directory() -> None:
    """Every other folder is read-only for it."""
    service = unit()
    assert service["[Service] StateDirectory"] == ["holdfast"]
    assert unit_environment()["HOLDFAST_DATA_DIR"] == "/var/lib/holdfast"
    assert service["[Service] ProtectSystem"] == ["strict"]
    assert service["[Service] User"] == ["holdfast"]
    assert re.search(r"^u holdfast ", (DEPLOY / "holdfast.sysusers").read_text(), flags=re.MULTILINE)


def test_the_unit_gives_the_server_enough_time_to_stop() -> None:
    (seconds,) = unit()["[Service] TimeoutStopSec"]
    assert int(seconds) > Settings.model_fields["shutdown_seconds"].default + 30


def test_the_readme_explains_every_file() -> None:
    text = (DEPLOY / "README.md").read_text()
    for file in DEPLOY.iterdir():
        assert file.name == "README.md" or file.name in text, file.name


def _launch(folder: Path, docker: str) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run launch.sh with a fake Docker. Return the result, and the commands that Docker got."""
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >>"{folder}/commands"\n{docker}\n')
    program.chmod(0o755)
    done = subprocess.run(
        [ROOT / "launch.sh"],
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done, (folder / "commands").read_text()


def test_launch_builds_and_starts_with_compose_from_anywhere(tmp_path: Path) -> None:
    """Document 001: `./launch.sh`, then curl on port 8000."""
    done, commands = _launch(tmp_path, "exit 0")
    assert done.returncode == 0
    assert commands.splitlines() == [
        "compose version",
        "compose --file deploy/compose.local.yaml up --build --detach --wait",
    ]
    assert "curl -X POST http://localhost:8000/events" in done.stdout
    assert (ROOT / "launch.sh").stat().st_mode & stat.S_IXUSR


def test_launch_names_the_user_whose_programs_open_mode_serves(tmp_path: Path) -> None:
    """The container has a user of its own, so the kernel names another one for the caller's connection."""
    done, commands = _launch(tmp_path, f'echo "$HOLDFAST_OPEN_USER" >>"{tmp_path}/commands"')
    assert done.returncode == 0
    assert str(os.geteuid()) in commands.splitlines()
    assert "${HOLDFAST_OPEN_USER:-0}" in (ROOT / "deploy" / "compose.local.yaml").read_text()


def test_launch_shows_the_log_of_a_server_that_did_not_start(tmp_path: Path) -> None:
    done, commands = _launch(tmp_path, 'case "$*" in *" up "*) exit 1;; esac')
    assert done.returncode == 1
    assert commands.splitlines()[-1].endswith("logs --tail 20")


def test_launch_reports_a_missing_docker(tmp_path: Path) -> None:
    done, _ = _launch(tmp_path, "exit 1")
    assert done.returncode == 1
    assert done.stderr.startswith("launch.sh: Docker with its compose plugin is needed")


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_compose_files_follow_the_compose_specification(file: str) -> None:
    schema = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text())
    validator = jsonschema.Draft201909Validator(schema)
    assert [error.message for error in validator.iter_errors(compose(file))] == []
    wrong = compose(file)
    wrong["services"]["server"]["restarts"] = "always"
    assert not validator.is_valid(wrong)


def test_hadolint_accepts_the_dockerfile(tmp_path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    for file, code in ((DEPLOY / "Dockerfile", 0), (tmp_path / "Dockerfile", 1)):
        if code:
            file.write_text("FROM python\nRUN cd /tmp && sudo true\n")
        done = subprocess.run([program, "--no-color", file], capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout
