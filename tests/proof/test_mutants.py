"""The planted bugs: each patch applies, each has its judge, and a missed bug fails the part."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from proof.machine import ROOT
from proof.mutants.patches import PatchError, apply, hunks_of, patch_of, patches, renewed
from proof.mutants.probes import PROBES
from proof.mutants.runner import UNCHANGED, Verdict, chosen, result_of, verdict_on
from proof.mutants.table import MUTANTS, Mutant, Probing, Selling
from proof.nemesis import FAULTS

A_MUTANT = Mutant("001-some-bug", "Something is wrong.", Selling(), ("C1", "C2"))
CLEAN = Verdict(UNCHANGED, None, 1.0)
CAUGHT = Verdict("001-some-bug", "C1", 1.0)


def touched(patch: Path, folder: Path) -> list[Path]:
    """Copy the files that a patch changes, and return their paths."""
    paths = sorted({hunk.path for hunk in hunks_of(patch)})
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    return paths


@pytest.mark.parametrize("patch", patches(), ids=lambda patch: patch.stem)
def test_every_bug_can_be_planted_in_the_current_source(patch: Path, tmp_path: Path) -> None:
    """If a patch no longer applies, write it again, or check whether its bug has become impossible."""
    paths = touched(patch, tmp_path)
    apply(patch, tmp_path)
    for path in paths:
        text = (tmp_path / path).read_text()
        assert text != (ROOT / path).read_text()
        if path.suffix == ".py":
            compile(text, str(path), "exec")


def test_the_table_and_the_patches_match() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 20
    assert set(names) == {patch.stem for patch in patches()}
    assert all(re.fullmatch(r"\d{3}(-[a-z]+)+", name) for name in names)
    assert len({name[:3] for name in names}) == len(names)
    assert all(mutant.bug.endswith(".") for mutant in MUTANTS)


def test_every_mutant_has_a_judge_and_every_probe_a_mutant() -> None:
    probed = {mutant.part.probe for mutant in MUTANTS if isinstance(mutant.part, Probing)}
    assert probed == set(PROBES)
    sold = [mutant for mutant in MUTANTS if isinstance(mutant.part, Selling)]
    assert all(mutant.rules for mutant in sold)
    assert {fault for mutant in sold for fault in mutant.part.faults} <= FAULTS.keys()


def test_a_patch_applies_at_any_line_but_in_one_place(tmp_path: Path) -> None:
    patch, file = tmp_path / "some.patch", tmp_path / "list"
    patch.write_text("--- a/list\n+++ b/list\n@@ -7,3 +7,3 @@\n one\n-two\n+TWO\n three\n")
    file.write_text("zero\none\ntwo\nthree\n")
    apply(patch, tmp_path)
    assert file.read_text() == "zero\none\nTWO\nthree\n"
    with pytest.raises(PatchError, match="0 places in list"):
        apply(patch, tmp_path)
    file.write_text("one\ntwo\nthree\none\ntwo\nthree\n")
    with pytest.raises(PatchError, match="2 places in list"):
        apply(patch, tmp_path)
    file.unlink()
    with pytest.raises(PatchError, match="list does not exist"):
        apply(patch, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@@ -1 +1 @@\n-a\n+b\n",
        "--- a/list\n+++ b/list\n@@ -1,2 +1,2 @@\n-a\n",
        "diff --git a/list b/list\n",
    ],
    ids=["empty", "of no file", "torn", "of another form"],
)
def test_a_malformed_patch_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("a\n")
    (tmp_path / "some.patch").write_text(text)
    with pytest.raises(PatchError):
        apply(tmp_path / "some.patch", tmp_path)


def test_a_removed_sql_comment_is_no_file_header(tmp_path: Path) -> None:
    patch, file = tmp_path / "some.patch", tmp_path / "list"
    patch.write_text("--- a/list\n+++ b/list\n@@ -1,2 +1,2 @@\n--- why\n+++ because\n SELECT\n")
    file.write_text("-- why\nSELECT\n")
    apply(patch, tmp_path)
    assert file.read_text() == "++ because\nSELECT\n"


def test_a_renewed_patch_is_the_same_change(tmp_path: Path) -> None:
    patch = patch_of("010-bookings-swept")
    first, second = tmp_path / "first", tmp_path / "second"
    paths = touched(patch, first)
    touched(patch, second)
    apply(patch, first)
    again = tmp_path / patch.name
    again.write_text(renewed(patch, first))
    apply(again, second)
    assert [(first / path).read_text() for path in paths] == [(second / path).read_text() for path in paths]


def test_mutants_are_chosen_by_name_by_number_and_by_seed() -> None:
    assert [one.name for one in chosen(["010", "001-seat-sold-twice"], None, 1)] == [
        "010-bookings-swept",
        "001-seat-sold-twice",
    ]
    with pytest.raises(LookupError, match="999"):
        chosen(["001", "999"], None, 1)
    some = chosen([], 5, 3)
    assert len(some) == 5
    assert some == chosen([], 5, 3)
    assert {one.name for seed in range(60) for one in chosen([], 5, seed)} == {one.name for one in MUTANTS}
    assert chosen([], None, 3) == chosen([], 999, 3) == list(MUTANTS)


def test_only_its_own_rule_catches_a_mutant() -> None:
    """A violation of another rule by chance does not catch the planted bug."""
    found = [
        {"rule": "C7", "detail": "x"},
        {"rule": "C2", "detail": "first"},
        {"rule": "C2", "detail": "later"},
    ]
    verdict = verdict_on(A_MUTANT, found, 2.0)
    assert (verdict.caught_by, verdict.also, verdict.detail) == ("C2", ("C7",), "first")
    assert verdict_on(A_MUTANT, found[:1], 2.0).caught_by is None
    assert verdict_on(A_MUTANT, [], 2.0).caught_by is None


def test_an_unfinished_trial_catches_nothing() -> None:
    verdict = verdict_on(A_MUTANT, "its trial ended with 1: RuntimeError", 2.0)
    assert verdict.caught_by is None
    assert "RuntimeError" in verdict.detail


def test_a_missed_mutant_fails_the_part() -> None:
    assert result_of([CAUGHT, CLEAN], 1, 2.0).passed
    missed = result_of([CAUGHT, Verdict("002-other", None, 1.0), CLEAN], 1, 2.0)
    assert not missed.passed
    assert missed.missed_controls == ["002-other"]


def test_accusing_the_unchanged_source_fails_the_part() -> None:
    accused = Verdict(UNCHANGED, None, 1.0, bug="sale calm", detail={"rule": "C1", "detail": "?"})
    result = result_of([CAUGHT, accused], 1, 2.0)
    assert not result.passed
    assert [one["event"] for one in result.violations] == ["sale calm"]
