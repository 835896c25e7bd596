"""Writes the catalogues again: every text of templates, scripts, sentences, tickets and mails, in each language.

`make languages` keeps what is translated, adds what is new, and drops what nothing says any more. It prints what each
language lacks. With the code of a language, `NEW=fr`, it begins that catalogue.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from holdfast.web.script_texts import messages_of_scripts

PACKAGE = Path(str(files("holdfast")))
WEB = PACKAGE / "web"
TRANSLATIONS = PACKAGE / "translations"
SOURCES = ("access", "api", "tickets", "web")
"""Packages whose texts are translated."""
FUNCTIONS = {"gettext": 1, "_fixed": 3, "mark": 1, "ngettext": 2}
"""Functions whose first arguments are texts, and how many of them. Those of `ngettext` are one text and its plural."""
MEMBERS = {"LinkPage": ("title", "lead", "button", "done"), "Field": ("label", "hint")}
"""Classes whose arguments of these names are texts."""

Message = tuple[str, str | None]


def messages() -> list[Message]:
    """Return every text of the pages, and its plural or None."""
    found = dict.fromkeys([*_of_templates(), *_of_sources(), *messages_of_scripts()])
    return sorted(found, key=lambda message: message[0].lower())


def _of_templates() -> Iterator[Message]:
    for path in sorted((WEB / "templates").glob("*.html")):
        options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        source = BytesIO(path.read_bytes())
        for _, _, text, _ in babel_extract(source, ("_", "gettext", "ngettext"), (), options):
            one, *more = text if isinstance(text, tuple) else (text,)
            if one is not None:  # else it is a name, whose text is marked elsewhere
                yield str(one), next((str(many) for many in more if many is not None), None)


def _of_sources() -> Iterator[Message]:
    for path in sorted(path for package in SOURCES for path in (PACKAGE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [*node.args[: FUNCTIONS.get(name, 0)]]
            given += [one.value for one in node.keywords if one.arg in MEMBERS.get(name, ())]
            texts = [str(one.value) for one in given if isinstance(one, ast.Constant) and one.value]
            if name == "ngettext" and len(texts) == 2:
                yield texts[0], texts[1]
            else:
                yield from ((text, None) for text in texts)


def renewed(known: Catalog) -> Catalog:
    """Return the catalogue with every text of the pages, and no other."""
    catalogue = Catalog(locale=known.locale, fuzzy=False, header_comment="# Texts of the pages.")
    for one, many in messages():
        entry = known.get(one)
        translated = entry.string if entry is not None else ""
        if many is None:
            catalogue.add(one, translated if isinstance(translated, str) else translated[0])
        else:
            forms = translated if isinstance(translated, tuple) else (translated, translated)
            catalogue.add((one, many), forms)
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as a file. It has no date, so that the same texts are the same file."""
    file = BytesIO()
    write_po(file, catalogue, width=110, omit_header=True, sort_output=False)
    plural = catalogue.plural_forms
    head = (
        f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {plural}\\n"\n\n'
    )
    return head.encode() + file.getvalue()


def read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=path.stem)


def lacking(catalogue: Catalog) -> list[str]:
    """Return the texts without a translation."""
    return [
        str(entry.id)
        for entry in catalogue
        if entry.id and not (all(entry.string) if isinstance(entry.string, tuple) else entry.string)
    ]


def main() -> None:
    for code in sys.argv[1:]:
        (TRANSLATIONS / f"{code}.po").touch()
    for path in sorted(TRANSLATIONS.glob("*.po")):
        catalogue = renewed(read(path))
        path.write_bytes(written(catalogue))
        print(f"{path.stem}: {len(catalogue)} texts", *lacking(catalogue), sep="\n  lacks ")  # noqa: T201 - a program


if __name__ == "__main__":
    main()
