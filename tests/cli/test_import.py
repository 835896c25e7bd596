"""`holdfast event import`: a file has exactly the events that the API would read in it, each made once.

Kind of bug: a second, laxer reader. JSON goes through the API's own reader, and every event through its model. The type
of a cell comes from the API's schema, so a new field needs no change here. The other readers were found by grep for
`json.loads`, `splitlines`, `partition` and `int(` in `cli`: --area, --seat-map and the times have the same rules now.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.samples import theatre
from support.commands import Run
from support.house_of import fetch

SEASON = (
    "name,starts_at,capacity,areas,allow_partial,max_per_buyer\n"
    '"Concert, late",2027-05-01T19:00:00Z,100,,yes,\n'
    "Fair,,,hall=800; garden=200,,4\n"
    "\n"
)


def test_a_repeated_import_makes_no_second_events(holdfast: Run, database_url: str, tmp_path: Path) -> None:
    """People repeat an import if they do not know whether it succeeded. The next event has the next number."""
    table = tmp_path / "season.csv"
    table.write_text(SEASON)
    first = holdfast("event", "import", table, "--json").json
    assert [(event["name"], event["is_new"]) for event in first] == [("Concert, late", True), ("Fair", True)]
    again = holdfast("event", "import", table, "--json").json
    assert [event["number"] for event in again] == [event["number"] for event in first] == [1, 2]
    assert not any(event["is_new"] for event in again)
    assert fetch(database_url, "SELECT count(*) FROM events") == [(2,)]
    assert holdfast("event", "create", "Next", "--json").json["number"] == 3
    fair = holdfast("event", "show", first[1]["number"], "--json").json
    assert (fair["capacity"], fair["max_per_buyer"], fair["allow_partial"]) == (1000, 4, False)


def test_a_grown_file_makes_only_its_new_events(holdfast: Run, database_url: str, tmp_path: Path) -> None:
    """The keys of the first import are gone by then, as they are after three days."""
    table = tmp_path / "season.csv"
    table.write_text(SEASON)
    holdfast("event", "import", table)
    fetch(database_url, "DELETE FROM event_creations RETURNING 1")
    table.write_text(f"{SEASON}Gala,,50,,,\nGala,,50,,,\n")
    made = holdfast("event", "import", table, "--json").json
    assert [(event["number"], event["is_new"]) for event in made] == [
        (1, False),
        (2, False),
        (3, True),
        (4, True),
    ]
    assert not any(event["is_new"] for event in holdfast("event", "import", table, "--json").json)


def test_a_renamed_event_is_not_made_again(holdfast: Run, tmp_path: Path) -> None:
    table = tmp_path / "season.csv"
    table.write_text(SEASON)
    holdfast("event", "import", table)
    holdfast("event", "change", 2, "--name", "The great fair")
    again = holdfast("event", "import", table, "--json").json
    assert [(event["number"], event["is_new"]) for event in again] == [(1, False), (2, False)]


def test_an_interrupted_import_says_what_it_made(holdfast: Run, database_url: str, tmp_path: Path) -> None:
    table = tmp_path / "season.csv"
    table.write_text(SEASON)
    fetch(database_url, "ALTER TABLE events ADD CONSTRAINT one CHECK (name <> 'Fair')")
    ended = holdfast("event", "import", table)
    assert ended.code == 1
    assert ended.out.splitlines()[1].startswith("1\tConcert, late\tyes")
    assert "1 of 2 events of the file exist now" in ended.err
    fetch(database_url, "ALTER TABLE events DROP CONSTRAINT one")
    again = holdfast("event", "import", table, "--json").json
    assert [(event["name"], event["is_new"]) for event in again] == [("Concert, late", False), ("Fair", True)]


def test_import_gives_the_seat_map_to_events_without_one(holdfast: Run, tmp_path: Path) -> None:
    plan, season = tmp_path / "plan.json", tmp_path / "season.json"
    plan.write_text(json.dumps(theatre()))
    own = {"sections": [{"name": "A", "rows": 2, "seats_per_row": 3}]}
    season.write_text(json.dumps([{"name": "Play"}, {"name": "Reading", "seat_map": own}]))
    assert holdfast("event", "import", season, "--seat-map", plan).code == 0
    found = {event["name"]: event["capacity"] for event in holdfast("event", "list", "--json").json}
    assert found == {"Play": 64, "Reading": 6}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name,capacity\nSep\u2028Line,100\n", ["Sep\u2028Line"]),
        ("name,capacity\nSep\x85Line,100\n", None),  # a control: the API refuses it
        ('name,capacity\n"Quoted, ""loud""",5\n', ['Quoted, "loud"']),
        ("\ufeffname;capacity\r\nA, B;5\r\nC;6\r\n", ["A, B", "C"]),
        ("name\tcapacity\nA; B\t5\n", ["A; B"]),
        ("name\nOnly a name; really\n", ["Only a name; really"]),
        ("name,capacity\rOld,5\rMac,6\r", ["Old", "Mac"]),
        ("\n\n name , capacity \n\n  Blank  ,5\n,\n", ["Blank"]),
        ("name,capacity,,\nExported,5,,\n", ["Exported"]),
        ('name,seat_map\nPlay,"{""labels"": [""A1""]}"\n', ["Play"]),
        ('name,areas\nFair,"[{""name"": ""hall; upper"", ""capacity"": 5}]"\n', ["Fair"]),
    ],
)
def test_a_table_has_the_events_of_its_lines(
    holdfast: Run, tmp_path: Path, text: str, names: list[str] | None
) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode())
    made = holdfast("event", "import", tmp_path / "a.csv", "--json")
    assert (made.code == 0) == (names is not None), made.err
    assert names is None or [event["name"] for event in made.json] == names


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.csv", "name,capacity\nGood,5\nBad,many\n", "line 3, column capacity: "),
        ("a.csv", "name,colour\nGood,red\n", "line 1, column 2: 'colour' is not a field of an event."),
        ("a.csv", "name,Capacity\nGood,5\n", "did you mean capacity?"),
        ("a.csv", "name,capacity,name\nGood,5,Bad\n", "line 1, column 3: Column name is given twice."),
        ("a.csv", "name,\nGood,5\n", "line 2: Column 2 has no name"),
        ("a.csv", "name\nGood,5\n", "line 2: It has 2 cells; the first line has 1."),
        ("a.csv", "name,capacity\nGood\n", "line 2: It has 1 cell; the first line has 2."),
        ("a.csv", 'name,capacity\n"Two\nlines",5\n', "line 2, column name: "),
        ("a.csv", 'name,capacity\n"A\nB,5\n', "line 2: It is not CSV: "),
        ("a.csv", 'name,capacity\n"A"B,5\n', "line 2: It is not CSV: "),
        ("a.csv", 'name,areas\nFair,"hall=8,garden=2"\n', "line 2, column areas: "),
        ("a.csv", 'name,areas\nFair,"hall=8; hall=2"\n', "line 2, column areas (/1/name): "),
        ("a.csv", 'name,areas\nFair,"[{""name"": ""a"", ""name"": ""b""}]"\n', "twice in one object"),
        (
            "a.csv",
            "name,starts_at,time_zone\nA,2027-03-28T02:30,Europe/Berlin\n",
            "column starts_at: `starts_at` is not one time",
        ),
        ("a.csv", "name,allow_partial\nA,perhaps\n", "line 2, column allow_partial: "),
        ("a.csv", "name,capacity\nA,1_000\n", "line 2, column capacity: "),
        ("a.csv", "name,capacity\nA,١٠\n", "line 2, column capacity: "),
        ("a.csv", "capacity\n5\n", "line 2, column name: "),
        ("a.csv", "name,capacity\nA,5.0\n", "must be an integer; the cell has '5.0'."),
        ("a.csv", "name,starts_at\nA,01.05.2027\n", "the cell has '01.05.2027'."),
        ("a.csv", "sep=;\nname;capacity\nA;many\n", "line 3, column capacity: "),
        ("a.csv", 'name,capacity\n"A,5\n', "line 2: It is not CSV: a quote begins here and never ends."),
        ("a.csv", "n\0a\0m\0e\0\n", "not text in UTF-8"),
        ("a.csv", "PK\x03\x04", "is a workbook or an archive: save its sheet as CSV in UTF-8."),
        ("a.csv", '[{"name": "A"}]', "has JSON in it: give it a name that ends in .json."),
        ("a.csv", "name\n", "has no events"),
        ("a.csv", "", "has no events"),
        ("a.json", '[{"name": "Good"}, {"capacity": 5}]', "event 2, /name: "),
        ("a.json", '[{"name": "Good"}, 7]', "event 2: It must be an object."),
        ("a.json", '[{"name": "A", "capacity": 5, "capacity": 6}]', "twice in one object"),
        ("a.json", '[{"name": "A", "capacity": NaN}]', "NaN is not JSON"),
        ("a.json", '[{"name": "A", "capacity": "5"}]', "event 1, /capacity: "),
        ("a.json", "[{]", "is not valid JSON (line 1"),
        ("a.json", "[" * 100_000, "deeper"),
        ("a.json", "7", "is not a list"),
        ("a.json", '[{"name": "Play", "seat_map": {"labels": ["A1", "a1"]}}]', "event 1, "),
    ],
)
def test_a_file_with_a_mistake_makes_no_event(
    holdfast: Run, database_url: str, tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_text(text)
    assert complaint in holdfast("event", "import", tmp_path / name).complaint
    assert fetch(database_url, "SELECT count(*) FROM events") == [(0,)]


@pytest.mark.parametrize(
    "content",
    [
        b"sep=,\r\nname,capacity\r\nK\xc3\xb6ln,5\r\n",
        b"\xef\xbb\xbfSEP=;\r\nname;capacity\r\nK\xc3\xb6ln;5\r\n",
        b"sep=\t\rname\tcapacity\rK\xc3\xb6ln\t5\r",
        "name\tcapacity\r\nKöln\t5\r\n".encode("utf-16"),
        "\ufeffname,capacity\nKöln,5\n".encode("utf-16-be"),
        "name|capacity\nKöln|5\n".encode(),
        'name, capacity\n"Köln", "5"\n'.encode(),
        b"name,capacity,,\nK\xc3\xb6ln,5,,\n,,,\n",
        b"name,capacity\nK\xc3\xb6ln,5\n\x1a",
    ],
)
def test_a_table_may_be_in_the_dialects_of_spreadsheets(
    holdfast: Run, tmp_path: Path, content: bytes
) -> None:
    """What Excel, LibreOffice, Numbers and older programs write. A workbook itself is named as one."""
    (tmp_path / "a.csv").write_bytes(content)
    assert holdfast("event", "import", tmp_path / "a.csv").code == 0
    made = holdfast("event", "list", "--json").json
    assert [(event["name"], event["capacity"]) for event in made] == [("Köln", 5)]


def test_every_mistake_is_reported_with_its_place(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "name;colour;capacity;max_per_hold;starts_at\n"
        "Good;;5;;\n"
        '"Two\nlines";;x;0;\n'
        "Late;;5;;2027-05-01T19:00\n"
        "Short;5\n"
    )
    ended = holdfast("event", "import", tmp_path / "a.csv")
    first, *others = ended.err.splitlines()
    assert first.endswith("a.csv has 6 mistakes; no event was made.")
    assert [line.partition("a.csv, ")[2].partition(":")[0] for line in others] == [
        "line 1, column 2",
        "line 3, column capacity",
        "line 3, column max_per_hold",
        "line 3, column name",
        "line 5, column starts_at",
        "line 6",
    ]


def test_a_binary_file_is_reported_in_one_line(holdfast: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    assert "not text in UTF-8" in holdfast("event", "import", tmp_path / "a.csv").complaint


@pytest.mark.parametrize(
    "text", ['{"labels": ["A1"], "labels": ["B1"]}', '{"labels": ["A1"], "category": NaN}']
)
def test_a_seat_map_is_read_as_strictly(holdfast: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert holdfast("event", "create", "Play", "--seat-map", tmp_path / "plan.json").complaint
