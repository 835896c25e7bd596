"""`holdfast event present`: the description and the poster of an event, from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import Run
from support.pictures import a_picture


@pytest.fixture
def event(holdfast: Run) -> int:
    assert holdfast("event", "create", "Play", "--capacity", 5).code == 0
    return 1


def test_a_file_describes_an_event_and_another_is_its_poster(
    holdfast: Run, event: int, tmp_path: Path
) -> None:
    text, picture = tmp_path / "text.md", tmp_path / "poster.png"
    text.write_text("With a *talk*.\n")
    picture.write_bytes(a_picture(size=(640, 360)))
    found = holdfast("event", "present", event, "--description", text, "--poster", picture, "--json").json
    assert found["html"] == "<p>With a <em>talk</em>.</p>\n"
    assert (found["poster"]["width"], found["poster"]["height"]) == (640, 360)
    assert "640 × 360" in holdfast("event", "present", event).out
    without = holdfast("event", "present", event, "--no-poster", "--json").json
    assert (without["poster"], without["description"]) == (None, "With a *talk*.")


def test_another_file_is_refused(holdfast: Run, event: int, tmp_path: Path) -> None:
    wrong = tmp_path / "poster.svg"
    wrong.write_text("<svg/>")
    assert "PNG, JPEG or WebP" in holdfast("event", "present", event, "--poster", wrong).complaint
    assert "cannot be read" in holdfast("event", "present", event, "--poster", tmp_path / "none").complaint
    both = holdfast("event", "present", event, "--poster", wrong, "--no-poster")
    assert "not both" in both.complaint
    wrong.write_bytes(b"\xff\xfe")
    assert "UTF-8" in holdfast("event", "present", event, "--description", wrong).complaint
    wrong.write_text("a" * 10_001)
    assert "10000" in holdfast("event", "present", event, "--description", wrong).complaint
    assert holdfast("event", "present", event, "--json").json["description"] == ""
