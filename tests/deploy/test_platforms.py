"""The files of hosting platforms, Kubernetes and systemd. None of them runs here, so each word in them is compared.

Class of bug: a file that nobody runs names a variable, port, path, command or file that the code no longer has. What
the formats themselves allow, their own tools say: the schemas of compose and Kubernetes, kustomize and systemd.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from deploy_files import DEPLOY, ROOT, image_environment, last_stage

from holdfast.api.catalogue import all_endpoints
from holdfast.app.settings import PREFIX, Settings
from support.command_lines import check_command_line

KUBERNETES = DEPLOY / "kubernetes"
RENDER = yaml.safe_load((ROOT / "render.yaml").read_text())
FLY = tomllib.loads((ROOT / "fly.toml").read_text())
PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
GIVEN = {"HOLDFAST_DATABASE_URL", "HOLDFAST_SECRET_KEY"}
"""Secrets that every platform has to bring."""


def objects() -> Iterator[dict[str, Any]]:
    """Yield every object of Kubernetes, but those of kustomize itself."""
    for file in sorted(KUBERNETES.rglob("*.yaml")):
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text())


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and the specification of each kind of pod."""
    for one in objects():
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield one["metadata"]["name"], spec["template"]["spec"]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, pod in pods():
        for one in [*pod.get("initContainers", ()), *pod["containers"]]:
            yield f"{name}, {one['name']}", one


def commands() -> Iterator[tuple[str, str | list[str]]]:
    yield "render.yaml", RENDER["services"][0]["preDeployCommand"]
    yield "fly.toml", FLY["deploy"]["release_command"]
    for process, line in PROCFILE.items():
        yield f"Procfile, {process}", line
    for name, container in containers():
        yield name, container["args"]
    for unit in UNITS:
        for line in unit.read_text().splitlines():
            if line.startswith("ExecStart="):
                yield unit.name, line.removeprefix("ExecStart=")


@pytest.mark.parametrize(("where", "command"), list(commands()))
def test_every_command_exists(where: str, command: str | list[str]) -> None:
    words = command.split() if isinstance(command, str) else command
    if words[0].rsplit("/", 1)[-1] == "nightly-backup":
        assert words[1:] in ([], ["--once"])
        assert (DEPLOY / "nightly-backup").stat().st_mode & 0o111
    else:
        check_command_line(words)


def variables() -> Iterator[tuple[str, str]]:
    for one in RENDER["services"][0]["envVars"]:
        yield "render.yaml", one["key"]
    for name in FLY["env"]:
        yield "fly.toml", name
    for where, container in containers():
        for one in container.get("env", ()):
            yield where, one["name"]
    for unit in UNITS:
        for line in unit.read_text().splitlines():
            if line.startswith("Environment="):
                yield unit.name, line.removeprefix("Environment=").partition("=")[0]


@pytest.mark.parametrize(("where", "name"), list(variables()))
def test_every_variable_is_a_setting(where: str, name: str) -> None:
    script = (DEPLOY / "nightly-backup").read_text()
    known = {f"{PREFIX}{setting.upper()}" for setting in Settings.model_fields}
    assert name in known or name == "PATH" or f"${{{name}:-" in script, where


def paths() -> Iterator[tuple[str, str]]:
    yield "render.yaml", RENDER["services"][0]["healthCheckPath"]
    for check in FLY["http_service"]["checks"]:
        yield "fly.toml", check["path"]
    for where, container in containers():
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                yield f"{where}, {probe}", container[probe]["httpGet"]["path"]
    for one in objects():
        if one["kind"] == "ServiceMonitor":
            for endpoint in one["spec"]["endpoints"]:
                yield "the monitor", endpoint["path"]


@pytest.mark.parametrize(("where", "path"), list(paths()))
def test_every_path_is_a_route(where: str, path: str) -> None:
    """Who sends requests asks for readiness; who restarts a server asks only whether it lives."""
    assert ("GET", path) in {(endpoint.method, endpoint.path) for endpoint in all_endpoints()}
    if "monitor" not in where:
        assert path == ("/healthz" if "startup" in where or "liveness" in where else "/readyz"), where


def test_the_platforms_start_a_closed_server() -> None:
    """The image says so. Render and Heroku set PORT, which counts because the image sets no port of ours."""
    assert image_environment()["HOLDFAST_OPEN"] == "0"
    assert image_environment()["HOLDFAST_HOST"] == "0.0.0.0"
    assert "HOLDFAST_PORT" not in image_environment()
    (service,) = RENDER["services"]
    assert {one["key"] for one in service["envVars"]} > GIVEN
    assert FLY["http_service"]["internal_port"] == int(FLY["env"]["HOLDFAST_PORT"]) == 8000


def test_render_uses_the_image_and_its_own_database() -> None:
    (service,), (database,) = RENDER["services"], RENDER["databases"]
    assert (ROOT / service["dockerfilePath"]).is_file()
    assert (ROOT / FLY["build"]["dockerfile"]).is_file()
    (url,) = (one for one in service["envVars"] if one["key"] == "HOLDFAST_DATABASE_URL")
    assert url["fromDatabase"] == {"name": database["name"], "property": "connectionString"}
    assert int(database["postgresMajorVersion"]) >= 15
    assert database["ipAllowList"] == []


@pytest.mark.parametrize("one", list(objects()), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_an_object_has_the_form_of_kubernetes(one: dict[str, Any]) -> None:
    if one["kind"] == "ServiceMonitor":
        pytest.skip("an object of the Prometheus operator, without a schema in Kubernetes")
    kubernetes_validate.validate(one, "1.32", strict=True)


@pytest.mark.parametrize(("where", "pod"), list(pods()))
def test_a_pod_has_no_rights(where: str, pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    assert ("USER", user) in last_stage(), where
    assert pod["enableServiceLinks"] is False, "a Service named holdfast would set HOLDFAST_PORT"
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize(("where", "container"), list(containers()))
def test_a_container_changes_nothing_of_its_image(where: str, container: dict[str, Any]) -> None:
    """It writes into mounts only, and each of them exists in its pod."""
    assert container["image"] == "holdfast"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["envFrom"] == [{"secretRef": {"name": "holdfast"}}]
    declared = {one["name"] for name, pod in pods() if where.startswith(name) for one in pod["volumes"]}
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts.keys() <= declared
    assert mounts["scratch"] == "/tmp"


def test_a_pod_leaves_before_it_is_killed() -> None:
    """It serves on until nobody sends it requests, so a new version loses none. Then open requests get their time."""
    (deployment,) = (one for one in objects() if one["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    given = {one["name"]: one.get("value") for one in container["env"]}
    leaves, unready = int(given["HOLDFAST_DRAIN_SECONDS"]), container["readinessProbe"]["periodSeconds"]
    ends = Settings.model_fields["shutdown_seconds"].default
    assert leaves > unready + container["readinessProbe"]["timeoutSeconds"]
    assert pod["terminationGracePeriodSeconds"] > leaves + ends + 3
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_the_service_and_the_policy_meet_the_servers_port() -> None:
    (server,) = (one for where, one in containers() if where == "holdfast, server")
    (port,) = server["ports"]
    assert port == {"name": "http", "containerPort": 8000}
    assert {"name": "HOLDFAST_PORT", "value": "8000"} in server["env"]
    for one in objects():
        if one["kind"] == "Service":
            assert one["spec"]["ports"][0]["targetPort"] == port["name"]
        if one["kind"] == "NetworkPolicy":
            assert one["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": port["name"]}]}]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("folder", [KUBERNETES, KUBERNETES / "monitoring"], ids=["all", "monitoring"])
def test_kustomize_builds_every_object(folder: Path) -> None:
    """The policy's selector matches the pods only through the labels that kustomize adds."""
    built = subprocess.run(
        ["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert built.returncode == 0, built.stderr
    found = list(yaml.safe_load_all(built.stdout))
    assert len(found) == sum(
        len(list(yaml.safe_load_all(file.read_text())))
        for file in folder.glob("*.yaml")
        if file.stem != "kustomization"
    )
    for one in found:
        template = one.get("spec", {}).get("template")
        if template is not None:
            assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "holdfast"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """Our programs are not installed here, so that another one stands for them."""
    for unit in UNITS:
        text = unit.read_text()
        for name in ("holdfast", "nightly-backup"):
            text = text.replace(f"ExecStart=/opt/holdfast/bin/{name}", "ExecStart=/bin/true")
        (tmp_path / unit.name).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stderr
    assert str(tmp_path) not in checked.stderr, checked.stderr


def test_every_timer_has_its_service() -> None:
    timers = [unit for unit in UNITS if unit.suffix == ".timer"]
    assert {unit.stem for unit in timers} == {"holdfast-backup", "holdfast-check"}
    for timer in timers:
        assert timer.with_suffix(".service") in UNITS
        assert "User=holdfast" in timer.with_suffix(".service").read_text()
