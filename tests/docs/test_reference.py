"""The reference documents exactly what the program has."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from snippets import ROOT, all_pages, blocks_of

import holdfast_client
from holdfast.api.catalogue import all_endpoints
from holdfast.app.settings import _NOT_SETTINGS, PREFIX, Settings
from holdfast.errors import all_errors
from holdfast.inventory.rules.booking import BookingStatus
from holdfast.inventory.rules.event import EventStatus
from holdfast.inventory.rules.hold import HoldStatus
from holdfast_client import Client
from holdfast_client import errors as client_errors
from holdfast_client import models as client_models
from support.command_lines import all_commands, check_command_line

sys.path.append(str(ROOT / "docs" / "tools"))

from reference import PAGES, REFERENCE, all_metrics, with_generated

PROSE = [page for page in all_pages() if "decisions" not in page.parts and page.name != "CHANGELOG.md"]


@pytest.mark.parametrize(("name", "file"), PAGES.items())
def test_the_generated_parts_are_current(name: str, file: str) -> None:
    """To update the page, run `.venv/bin/python docs/tools/reference.py`."""
    page = (REFERENCE / file).read_text()
    assert page == with_generated(page, name)


def test_every_route_is_documented() -> None:
    text = (REFERENCE / "http.md").read_text()
    documented = set(re.findall(r"^### `([A-Z]+ /\S*)`$", text, flags=re.MULTILINE))
    routes = {
        f"{endpoint.method} {endpoint.path}": endpoint.operation_id
        for endpoint in all_endpoints()
        if not endpoint.operation_id.endswith("_too")
    }
    assert documented == set(routes)
    assert [operation for operation in routes.values() if f"`{operation}`" not in text] == []


def test_undocumented_routes_differ_only_by_a_slash() -> None:
    endpoints = {
        (one.method, one.path.rstrip("/")): one for one in all_endpoints() if one.operation_id[-4:] != "_too"
    }
    for twin in all_endpoints():
        if twin.operation_id.endswith("_too"):
            assert endpoints[twin.method, twin.path.rstrip("/")].operation_id == twin.operation_id[:-4]


def test_exactly_the_existing_settings_are_documented() -> None:
    text = (REFERENCE / "settings.md").read_text()
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", text))
    settings = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert documented - {"HOLDFAST_TEST_POSTGRES_BIN", *_NOT_SETTINGS} == settings
    assert set(_NOT_SETTINGS) <= documented


def test_every_setting_has_a_description_and_numbers_a_unit() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if field.annotation in (int, float) and "port" not in name:
            unit = (
                r"_(seconds|milliseconds|hours|days|megabytes|limit|size|per_minute|per_quarter_hour|"
                r"admissions|holds|streams)$|^workers$"
            )
            assert re.search(unit, name), f"{name} does not end in its unit"


def test_every_error_is_documented_with_status_and_remedy() -> None:
    text = (REFERENCE / "errors.md").read_text()
    documented: dict[str, set[int]] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, rows = section.partition("\n")
        statuses = {int(status) for status in re.findall(r"\b[45]\d\d\b", heading)}
        for code, own, meaning, advice in re.findall(
            r"^\| `(\w+)`(?: \((\d{3})\))? \| (.+?) \| (.+?) \|$", rows, flags=re.MULTILINE
        ):
            assert meaning.strip(), code
            assert advice.strip(), code
            assert code not in documented, code
            documented[code] = {int(own)} if own else statuses
    errors = {code: error.status for code, error in all_errors().items()}
    assert set(documented) == set(errors)
    assert [code for code, status in errors.items() if status not in documented[code]] == []


def test_every_method_object_and_error_of_the_sdk_is_documented() -> None:
    text = (REFERENCE / "sdk.md").read_text()
    documented = {
        name
        for line in re.findall(r"^### (.+)$", text, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", line)
    }
    documented |= set(re.findall(r"^\| `(\w+)` \| `\w+` \|", text, re.MULTILINE))
    methods = {name for name in vars(Client) if not name.startswith("_")} - {"close"}
    named = [*vars(client_models).values(), *vars(client_errors).values()]
    classes = {
        one.__name__
        for one in named
        if isinstance(one, type) and one.__module__.startswith("holdfast_client")
    }
    assert methods | classes | {*holdfast_client.__all__} - {"UNCHANGED", "errors", "models"} <= documented


def test_every_command_is_documented() -> None:
    text = (REFERENCE / "cli.md").read_text()
    documented = set(re.findall(r"^## `holdfast ([a-z -]+?)(?: \[?[A-Z].*)?`$", text, flags=re.MULTILINE))
    assert documented == {name for name, _ in all_commands()}


def test_exactly_the_existing_metrics_are_documented() -> None:
    text = (REFERENCE / "metrics.md").read_text()
    documented = set(re.findall(r"`(holdfast_[a-z_]+)", text))
    assert documented == {name for name, _, _, _ in all_metrics()}


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_only_existing_settings(page: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | set(_NOT_SETTINGS)
    known |= {"HOLDFAST_TEST_POSTGRES_BIN"}
    named = set(re.findall(r"\bHOLDFAST_[A-Z_]+[A-Z]\b", page.read_text()))
    assert named <= known


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_show_only_existing_commands(page: Path) -> None:
    """Their arguments and options must be valid, too."""
    for block in blocks_of(page):
        if block.language not in ("sh", "text"):
            continue
        # A value that the shell substitutes counts as one word.
        text = re.sub(r"\$\([^()]*\)", "VALUE", block.text)
        for line in text.replace("\\\n", " ").splitlines():
            match = re.search(
                r"(?:^|[ /])(holdfast (?:serve|db|event|sell|booking|block|demo|watch|check|keys)\b[^|>&;#)]*)",
                line,
            )
            if match is not None:
                check_command_line(match[1].strip())


@pytest.mark.parametrize("page", PROSE, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_only_existing_codes_metrics_and_files(page: Path) -> None:
    text = page.read_text()
    metrics = {name for name, _, _, _ in all_metrics()}
    for name in re.findall(r"`(holdfast_(?!client\b)[a-z_]+)", text):
        assert name in metrics, name
    for file in re.findall(r"`((?:src|docs|deploy|tests|benchmarks)/[\w./-]+\.\w+)`", text):
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize(
    "states", [EventStatus, HoldStatus, BookingStatus], ids=lambda states: states.__name__
)
def test_the_glossary_draws_every_state(states: type[EventStatus | HoldStatus | BookingStatus]) -> None:
    drawn = "\n".join(block.text for block in blocks_of(ROOT / "docs" / "glossary.md"))
    assert [state.value for state in states if state.value not in drawn] == []
