"""The plans of the proof, and the runner of their parts."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from proof.machine import ROOT
from proof.parts import COMMIT, NIGHT, PLANS, Knobs, Part, commit_plan, night_plan
from proof.patroni import ORDER
from proof.result import Result
from proof.runner import Runner, read_done


def option(part: Part, name: str) -> int:
    """Return the number of an option in a part's command; 0 without it."""
    arguments = list(part.arguments)
    return int(arguments[arguments.index(name) + 1]) if name in arguments else 0


@pytest.mark.parametrize("plan", PLANS)
def test_every_part_has_a_module_and_its_own_name_and_seed(
    plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knobs, make = PLANS[plan]
    parts = make(replace(knobs, seed=7))
    assert len({part.name for part in parts}) == len(parts)
    assert len({part.seed for part in parts}) == len(parts)
    monkeypatch.syspath_prepend(ROOT / "tests")
    assert [part.module for part in parts if importlib.util.find_spec(part.module) is None] == []


def test_a_night_has_the_specified_trials() -> None:
    parts = night_plan(NIGHT)
    assert sum(option(part, "--operations") for part in parts) == 1_000_000
    kills = {
        kind: sum(option(part, "--kills") for part in parts if kind in part.name)
        for kind in ("kill-worker", "kill-postgres", "kill-backend")
    }
    assert kills == {"kill-worker": 100, "kill-postgres": 60, "kill-backend": 40}
    assert sum(option(part, "--cuts") for part in parts) == 50
    assert {part.name: option(part, "--failovers") for part in parts if option(part, "--failovers")} == {
        "failovers": 20,
        "patroni": len(ORDER),
    }
    assert sum(option(part, "--schedules") for part in parts) >= 5_000


def test_a_commit_plan_has_the_specified_trials() -> None:
    parts = commit_plan(COMMIT)
    assert sum(option(part, "--operations") for part in parts) == 20_000
    assert sum(option(part, "--kills") for part in parts) >= 10
    assert sum(option(part, "--count") for part in parts) >= 5


def test_a_plan_depends_on_its_seed_alone() -> None:
    knobs = replace(NIGHT, seed=3)
    assert night_plan(knobs) == night_plan(knobs)
    assert night_plan(knobs) != night_plan(replace(NIGHT, seed=4))


def test_a_longer_night_scales_its_trials() -> None:
    longer = NIGHT.scaled(2)
    assert (longer.operations, longer.kills, longer.cuts) == (2_000_000, 400, 100)
    assert longer.mutants is None


PASSES = """
    import sys
    from pathlib import Path
    from proof.result import Result

    folder = Path(sys.argv[sys.argv.index("--out") + 1])
    seed = int(sys.argv[sys.argv.index("--seed") + 1])
    with (folder.parent / "runs").open("a") as runs:
        runs.write(f"{folder.name}\\n")
    result = Result(part=folder.name, promises=["P1"], tried={"operations": 10}, seeds=[seed])
"""

PROGRAMS = {
    "passes": PASSES + "    result.judge()\n    result.write(folder)\n",
    "accuses": PASSES
    + "    result.violations = [{'rule': 'C1', 'event': '', 'detail': 'twice'}]\n"
    + "    result.judge()\n    result.write(folder)\n    sys.exit(1)\n",
    "lies": PASSES
    + "    result.violations = [{'rule': 'C1'}]\n    result.passed = True\n    result.write(folder)\n",
    "crashes": PASSES + "    raise RuntimeError('the deployment fell down')\n",
    "says_nothing": PASSES,
    "cannot": PASSES + "    result.left_out = 'needs root'\n    result.write(folder)\n",
    "hangs": PASSES + "    import threading\n    threading.Event().wait()\n",
    "interrupted": PASSES
    + "    import threading\n    (folder.parent.parent / 'ready').write_text('hangs')\n"
    + "    try:\n        threading.Event().wait()\n"
    + "    finally:\n        (folder.parent / 'ended').write_text('cleanly')\n",
}


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Part]:
    """Programs that end in every way in which a part can end."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    for name, text in PROGRAMS.items():
        (tmp_path / f"part_{name}.py").write_text(textwrap.dedent(text))
    return {
        name: Part(
            name=name, module=f"part_{name}", limit_seconds=0.5 if name == "hangs" else 60, seed=number
        )
        for number, name in enumerate(PROGRAMS)
    }


def test_a_part_passes_only_with_a_consistent_passed_result(tmp_path: Path, parts: dict[str, Part]) -> None:
    wanted = [part for name, part in parts.items() if name != "interrupted"]
    assert not Runner(tmp_path / "run", identity="a", resume=False).run(wanted)
    done = {one["part"]["name"]: one for one in read_done(tmp_path / "run", wanted)}
    assert [name for name, one in done.items() if one["passed"]] == ["passes"]
    assert done["accuses"]["complaint"] is None
    assert "claims to have passed" in done["lies"]["complaint"]
    assert "status 1" in done["crashes"]["complaint"] or "no results" in done["crashes"]["complaint"]
    assert "the deployment fell down" in done["crashes"]["last_words"]
    assert "no results" in done["says_nothing"]["complaint"]
    assert "limit" in done["hangs"]["complaint"]
    assert done["cannot"]["complaint"] is None


def test_a_part_left_out_is_no_failure(tmp_path: Path, parts: dict[str, Part]) -> None:
    assert Runner(tmp_path / "run", identity="a", resume=False).run([parts["passes"], parts["cannot"]])


def test_a_resumed_run_skips_finished_parts(tmp_path: Path, parts: dict[str, Part]) -> None:
    """A failed part stays failed: a resumed run does not repeat it. Other sources or arguments make another run."""
    folder = tmp_path / "run"
    first = [parts["accuses"], parts["passes"]]
    Runner(folder, identity="a", resume=False).run(first)
    assert not Runner(folder, identity="a", resume=True).run([*first, parts["cannot"]])
    assert (folder / "runs").read_text().split() == ["accuses", "passes", "cannot"]
    Runner(folder, identity="b", resume=True).run([parts["passes"]])
    Runner(folder, identity="b", resume=True).run([replace(parts["passes"], seed=99)])
    assert (folder / "runs").read_text().split()[3:] == ["passes", "passes"]


def test_an_interrupt_ends_the_part_and_keeps_finished_ones(tmp_path: Path, parts: dict[str, Part]) -> None:
    os.mkfifo(tmp_path / "ready")
    program = f"""
        import signal
        from pathlib import Path
        from proof.parts import Part
        from proof.runner import Runner

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background had it ignored
        parts = [Part(**one) for one in {[as_dict(parts[name]) for name in ("passes", "interrupted")]}]
        try:
            Runner(Path({str(tmp_path / "run")!r}), identity="a", resume=False).run(parts)
        except KeyboardInterrupt:
            print("stopped")
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert (tmp_path / "ready").read_text() == "hangs"  # a pipe: reading waits for the writer
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output.endswith("stopped\n")
    assert (tmp_path / "run" / "ended").read_text() == "cleanly"
    assert json.loads((tmp_path / "run" / "passes.json").read_text())["passed"]
    assert not (tmp_path / "run" / "interrupted.json").exists()


def as_dict(part: Part) -> dict[str, object]:
    return {
        "name": part.name,
        "module": part.module,
        "limit_seconds": part.limit_seconds,
        "seed": part.seed,
    }


@pytest.mark.parametrize(
    "against",
    [
        {"violations": [{"rule": "C1"}]},
        {"coverage": {"refusals": [1, 2]}},
        {"controls": [{"name": "fsync-off", "caught_by": None}]},
        {"left_out": "needs root"},
    ],
    ids=lambda against: next(iter(against)),
)
def test_a_result_passes_only_without_failures(against: dict[str, object]) -> None:
    assert Result(part="sale").judge()
    assert not Result(part="sale", **against).judge()  # type: ignore[arg-type]


def test_knobs_are_the_options_of_the_command() -> None:
    """Arguments of `make` reach the parts."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "proof",
            "list",
            "night",
            "--cuts",
            "3",
            "--operations",
            "5000",
            "--seed",
            "9",
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "--cuts 3 " in done.stdout
    assert "--operations 500 " in done.stdout
    assert Knobs.__dataclass_fields__.keys() >= {"cuts", "operations", "seed"}
