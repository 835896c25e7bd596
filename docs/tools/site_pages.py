"""Builds the documentation as a site that needs no network: `make docs` writes it to build/docs/site.

Pages are where readers of the repository expect them, and link to files and folders. So this program first copies them
to a folder of their own, adapts the links, and makes the navigation by need. Then MkDocs builds the site, and refuses
any link or anchor without a target.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "docs"
SOURCE, SITE = BUILD / "source", BUILD / "site"

SECTIONS = {
    "Tutorial": "tutorial",
    "How-to guides": "guides",
    "Reference": "reference",
    "Concepts": "concepts",
    "Decisions": "decisions",
}
"""What a reader needs, and the folder of its pages: to learn, to do, to look up, to understand, to know why."""

ELSEWHERE = {
    "README.md": "index.md",
    "client/README.md": "reference/client-package.md",
    "deploy/README.md": "guides/deploy.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "proof/findings.md": "project/findings.md",
    "docs/glossary.md": "reference/glossary.md",
    "docs/performance.md": "project/performance.md",
    "docs/evidence": "project/evidence",
    "docs/performance": "project/performance",
}
"""Pages, and folders of them, whose place in the site differs from the one in the repository."""

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_LIST = re.compile(r"^((?![-*|#\s]|\d+\. ).+)\n(?=[-*] )", re.MULTILINE)
_LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)

CONFIGURATION = """\
site_name: Holdfast
docs_dir: {source}
site_dir: {site}
theme:
  name: material
  font: false
  palette:
    - media: "(prefers-color-scheme: light)"
      scheme: default
      primary: teal
    - media: "(prefers-color-scheme: dark)"
      scheme: slate
      primary: teal
  features: [navigation.indexes, navigation.tabs, navigation.top, toc.follow, content.code.copy]
use_directory_urls: false
plugins: [search]
extra: {{generator: false}}
validation:
  omitted_files: warn
  absolute_links: warn
  unrecognized_links: warn
  anchors: warn
markdown_extensions:
  - tables
  - sane_lists
  - pymdownx.superfences
  - pymdownx.tasklist
  - toc: {{permalink: true, slugify: !!python/object/apply:pymdownx.slugs.slugify {{kwds: {{case: lower}}}}}}
nav:
"""


def place_of(path: Path) -> Path | None:
    """Return the place of a file in the site; None if it is not part of it."""
    name = path.relative_to(ROOT).as_posix()
    for given, place in ELSEWHERE.items():
        if name == given or name.startswith(f"{given}/"):
            return Path(place + name.removeprefix(given))
    return path.relative_to(DOCS) if path.is_relative_to(DOCS) else None


def staged(path: Path) -> str:
    """Return a page's text with links that fit the site. A link to a file outside of the site becomes its text."""
    text, own = path.read_text(), place_of(path)
    assert own is not None

    def linked(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        name, _, anchor = unquote(target).partition("#")
        if re.match(r"[a-z]+:", target) or not name:
            return match[0]
        found = (path.parent / name).resolve()
        place = place_of(found / "README.md" if found.is_dir() else found)
        if place is None:
            return words
        reference = os.path.relpath(place, own.parent)
        return f"{mark}[{words}]({reference}{'#' + anchor if anchor else ''})"

    parts = re.split(f"({_FENCED.pattern})", text, flags=_FENCED.flags)
    # MkDocs needs an empty line before a list, other viewers do not.
    return "".join(
        part if index % 2 else _LIST.sub(r"\1\n\n", _LINK.sub(linked, part))
        for index, part in enumerate(parts)
    )


def title_of(page: Path) -> str:
    found = _TITLE.search(_FENCED.sub("", page.read_text()))
    return found[1].replace("`", "") if found else page.stem


def stage() -> None:
    """Copy all pages and pictures, and add an index to each folder that has none."""
    files = [path for path in DOCS.rglob("*") if path.suffix in (".md", ".svg", ".webp")]
    files += [ROOT / name for name in ELSEWHERE if not name.startswith("docs/")]
    for path in files:
        place = place_of(path)
        assert place is not None
        copy = SOURCE / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".md":
            copy.write_text(staged(path))
        else:
            shutil.copyfile(path, copy)
    for title, folder in SECTIONS.items():
        index = SOURCE / folder / "README.md"
        if not index.exists():
            pages = "".join(f"- [{title_of(page)}]({page.name})\n" for page in pages_of(folder))
            index.write_text(f"# {title}\n\n{pages}")


def pages_of(folder: str) -> list[Path]:
    """Return the pages of a folder in their order. Decisions have numbers; other pages are sorted by title."""
    found = [page for page in (SOURCE / folder).rglob("*.md") if page.name != "README.md"]
    return sorted(found, key=lambda page: page.name if page.name[0].isdigit() else title_of(page).lower())


def navigation() -> str:
    lines = ["  - Start: index.md"]
    for title, folder in {**SECTIONS, "Project": "project"}.items():
        lines.append(f"  - {title}:")
        indexes = [SOURCE / folder / "README.md"] if (SOURCE / folder / "README.md").exists() else []
        pages = [*indexes, *pages_of(folder), *(SOURCE / folder).glob("*/README.md")]
        lines += [f"      - {page.relative_to(SOURCE).as_posix()}" for page in pages]
    return "\n".join(lines) + "\n"


def main() -> int:
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    stage()
    configuration = BUILD / "mkdocs.yml"
    configuration.write_text(CONFIGURATION.format(source=SOURCE, site=SITE) + navigation())
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(configuration),
    ]
    code = subprocess.run(command, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}).returncode
    loaded = sorted({tag for page in SITE.rglob("*.html") for tag in _LOADED.findall(page.read_text())})
    for tag in loaded:
        print(f"A page loads something from elsewhere: {tag}", file=sys.stderr)  # noqa: T201 - a program
    return code or bool(loaded)


if __name__ == "__main__":
    sys.exit(main())
