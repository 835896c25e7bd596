"""House rules: checks that apply to every file of the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from holdfast.errors import all_errors
from tidy.sources import EVERY, ROOT, SOURCES, TESTS, in_source, name

MAX_LINES = 450
"""The max lines of a file. Most have fewer than 300."""

SQL_ELSEWHERE = {
    "web/about_event.py": "not SQL: a calendar has lines that say BEGIN",
    "postgres/schema.py": "asks which schema there is, before any statement may be relied on",
    "postgres/migrations/env.py": "the migrators' advisory lock",
    "postgres/backup.py": "names of databases cannot be parameters",
    "process/postgres_server.py": "makes the cluster's role and database, before there is anything to connect to",
    "postgres/pipeline.py": "BEGIN, as bytes for the driver",
    "postgres/transaction.py": "COMMIT and ROLLBACK",
    "postgres/fan_out.py": "joins a statement of an SQL file over a node's shards, by their names",
}
"""Files that may contain SQL, and why."""


def strings(tree: ast.Module) -> list[ast.Constant]:
    """Return constants of text and bytes, without docstrings."""
    notes = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in notes
    ]


SQL = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(TABLE|INDEX|ROLE|DATABASE)\s"
    r"|ALTER\s+(TABLE|ROLE|DATABASE)\s|DROP\s+(TABLE|DATABASE)\s|(BEGIN|COMMIT|ROLLBACK)\b)"
)


def as_text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def test_sql_lives_in_sql_files() -> None:
    """A reader finds all statements in one place, and the checks for sharding see every one."""
    found = {
        in_source(path)
        for path in SOURCES
        for text in strings(ast.parse(path.read_text()))
        if SQL.match(as_text(text.value))
    }
    assert found - set(SQL_ELSEWHERE) == set()
    assert set(SQL_ELSEWHERE) - found == set(), "no SQL any more: take it off the list"


ROW_NAMES = {"row", "rows", "table", "found", "page", "first", "answer", "answers"}


def numbered_columns(tree: ast.Module) -> list[int]:
    """Lines that take a column of a row by its number: `row[3]`, `rows[0][3]`, `row[17:30]`."""

    def is_number(node: ast.expr | None) -> bool:
        if isinstance(node, ast.UnaryOp):
            node = node.operand
        return isinstance(node, ast.Constant) and isinstance(node.value, int)

    def is_row(node: ast.expr) -> bool:
        if isinstance(node, ast.Subscript):
            return is_number(node.slice) and isinstance(node.value, ast.Name) and node.value.id in ROW_NAMES
        return isinstance(node, ast.Name) and node.id == "row"

    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and is_row(node.value)
        if is_number(node.slice)
        or (
            isinstance(node.slice, ast.Slice) and (is_number(node.slice.lower) or is_number(node.slice.upper))
        )
    ]


def test_columns_of_rows_are_taken_by_name() -> None:
    """A new column shifts every number after it, and no type checker notices."""
    modules = [path for path in SOURCES if "postgres" in path.read_text()]
    found = {in_source(path): numbered_columns(ast.parse(path.read_text())) for path in modules}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("text", ["row[3]", "row[-1]", "row[17:30]", "rows[0][3]", "table[0][1]"])
def test_the_rule_of_rows_finds_a_number(text: str) -> None:
    assert numbered_columns(ast.parse(text)) == [1]


@pytest.mark.parametrize("text", ["row[at]", "found[0]", "rows[0]", "row[start:end]"])
def test_the_rule_of_rows_ignores_other_subscripts(text: str) -> None:
    assert numbered_columns(ast.parse(text)) == []


def test_only_postgres_knows_the_driver() -> None:
    known = {
        in_source(path)
        for path in SOURCES
        if re.search(
            r"^\s*(import|from) (psycopg|asyncpg|sqlalchemy|alembic)", path.read_text(), re.MULTILINE
        )
    }
    assert {path for path in known if not path.startswith("postgres/")} == set()


def test_errors_are_distinguished_by_sqlstate_alone() -> None:
    """A sharded database reports no constraint, or another name."""
    assert [
        name(path) for path in SOURCES if re.search(r"constraint_name|diag\.message", path.read_text())
    ] == []


def test_no_test_sleeps() -> None:
    """Tests move time in SQL and await events. `asyncio.sleep(0)` only yields to other tasks."""
    found = []
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(
                ("asyncio.sleep", "time.sleep")
            ):
                continue
            if [ast.unparse(argument) for argument in node.args] != ["0"]:
                found.append(f"{name(path)}:{node.lineno}")
    assert [each for each in found if each.split(":")[0] not in SLEEPS] == []
    assert set(SLEEPS) - {each.split(":")[0] for each in found} == set(), (
        "no pause any more: take it off the list"
    )


SLEEPS: dict[str, str] = {}
"""Tests that may pause, and why."""


@pytest.mark.parametrize("path", EVERY, ids=name)
def test_a_module_has_a_docstring_and_a_limited_length(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= MAX_LINES, "too long"


def test_every_exemption_has_a_reason() -> None:
    """Every skip and xfail has a reason. In the sources, so has every `noqa` and `type: ignore`."""
    without_code = (
        r"#\s*noqa(?!:)"
        r"|#\s*type: ignore(?!\[)"
        r"|pytest\.mark\.(skip|xfail)(?!if)(?!\(.*reason)"
        r"|pytest\.skip\(\)"
    )
    without_reason = without_code + r"|#\s*noqa: ?[A-Z0-9, ]+$|#\s*type: ignore\[[\w, -]+\]\s*$"
    found = [
        f"{name(path)}:{number}"
        for path in EVERY
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(without_reason if path in SOURCES else without_code, line)
    ]
    assert found == []


def test_no_todo_is_left() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [name(path) for path in EVERY if path != Path(__file__) and marks.search(path.read_text())]
    assert found == []


def test_codes_of_errors_are_snake_case_and_each_has_a_title_and_a_status() -> None:
    for code, error in all_errors().items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert error.title != "Error" or code == "error"
        assert 400 <= error.status <= 503


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("docs/reference/errors.md", sorted(all_errors())),
        ("docs/reference/settings.md", "settings"),
    ],
    ids=["errors", "settings"],
)
def test_public_parts_are_documented(document: str, words: list[str] | str) -> None:
    path = ROOT / document
    if not path.exists():
        pytest.skip("the reference is not written yet")
    if words == "settings":
        from holdfast.app.settings import Settings

        words = [f"HOLDFAST_{field.upper()}" for field in Settings.model_fields]
    text = path.read_text()
    assert [word for word in words if word not in text] == []


def test_tests_do_not_patch_our_own_parts() -> None:
    """Tests run the real parts, without mocks."""
    found = [
        name(path) for path in TESTS if re.search(r"unittest\.mock|MagicMock|AsyncMock", path.read_text())
    ]
    assert [each for each in found if each != name(Path(__file__))] == []


def test_lines_of_the_log_carry_tracebacks_as_text() -> None:
    """A log line with an exception is rendered by configuration, and by default with all local variables.

    Crashes of the process itself are logged where our own configuration is in force.
    """
    found = {
        in_source(path)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) in ("log", "self._log", "logger")
        and (node.func.attr == "exception" or any(one.arg == "exc_info" for one in node.keywords))
    }
    assert found == {"app/logging.py"}
