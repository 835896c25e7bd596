"""Catalogues: each text that people read is in every language, and a translation is as good as its text.

The kind: a text that no translator can reach, or that a translation breaks. The templates are read here; what the
pages and scripts say at run time, `tests/web/test_languages.py` finds with a pseudo-language.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from holdfast.languages import LANGUAGES
from tidy.sources import ROOT

sys.path.append(str(ROOT / "docs" / "tools"))
import catalogues

TEMPLATES = sorted((catalogues.WEB / "templates").glob("*.html"))
STYLES = sorted((catalogues.WEB / "static").glob("*.css"))
FILES = sorted(Path(catalogues.TRANSLATIONS).glob("*.po"))
READ = ("alt", "aria-label", "aria-roledescription", "content", "placeholder", "title")
"""Attributes that a person reads or hears."""
NAMES = {
    "Holdfast",
    "width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content",
}
NAMES |= {"light dark", "website"}
"""What is the same in every language."""
CODE = re.compile(
    r"\{% block layout %\}.*?\{% endblock %\}|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}",  # a layout is a list of classes
    re.DOTALL,
)
VALUE = re.compile(r"%\(\w+\)s|\{\w+\}")
PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border|inset)-(?:left|right)|left|right)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)|border-(?:top|bottom)-(?:left|right)-radius"
)


class Texts(HTMLParser):
    """The literal texts of a template."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(CODE.sub("", template))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in READ:
                self.handle_data(value or "")

    def handle_data(self, data: str) -> None:
        if re.search("[A-Za-z]{2,}", data) and data.strip() not in NAMES:
            self.found.append(data.strip())


def entries(path: Path) -> Iterator[Message]:
    return (entry for entry in catalogues.read(path) if entry.id)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_text_of_its_own(path: Path) -> None:
    assert Texts(path.read_text()).found == []


def test_a_text_of_a_template_is_found() -> None:
    """The one above must be able to fail."""
    assert Texts('<p aria-label="Your seats">{{ _("Yours") }} and mine</p>').found == [
        "Your seats",
        "and mine",
    ]


def test_every_catalogue_has_every_text_and_no_other() -> None:
    """`make languages` writes them again."""
    assert {path.stem for path in FILES} == LANGUAGES.keys() - {"en"}
    for path in FILES:
        known = catalogues.read(path)
        assert catalogues.written(catalogues.renewed(known)) == path.read_bytes()
        assert catalogues.lacking(known) == []


def test_no_translation_is_a_guess() -> None:
    assert [entry.id for path in FILES for entry in entries(path) if entry.fuzzy] == []


def test_a_translation_keeps_the_values_of_its_text() -> None:
    for path in FILES:
        for entry in entries(path):
            ids = entry.id if isinstance(entry.id, tuple) else (entry.id,)
            strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
            for one in strings:
                assert set(VALUE.findall(one)) == set(VALUE.findall(ids[-1])), one


def test_no_text_is_markup() -> None:
    """Templates insert texts as they are, also into attributes."""
    for path in FILES:
        for entry in entries(path):
            for texts in (entry.id, entry.string):
                for one in texts if isinstance(texts, tuple) else (texts,):
                    assert not re.search('[<>&"]', one), one


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_names_no_left_and_no_right(path: Path) -> None:
    """A page that is read from the right flips as a whole: `inline-start` is where its lines begin."""
    style = re.sub(r"/\*.*?\*/|url\(\".*?\"\)", "", path.read_text(), flags=re.DOTALL)
    assert PHYSICAL.findall(style) == []
