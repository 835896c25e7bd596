"""The proof: `python -m proof commit | night | part NAME | list PLAN | check FOLDER | page FILE`."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from proof.evidence import evidence_of, write_evidence
from proof.machine import PATIENCE, ROOT, Source, machine_facts
from proof.page import page_of
from proof.parts import NIGHT_HOURS, PLANS, Knobs, Part
from proof.runner import Runner, command_of, read_done, shown_command
from proof.system.postgres import programs

EVIDENCE = ROOT / "evidence"


def main() -> int:
    given = _parser().parse_args()
    if given.do == "check":
        return subprocess.run(
            [sys.executable, "-m", "proof.check", given.folder], cwd=ROOT, check=False
        ).returncode
    if given.do == "page":
        print(page_of(json.loads(Path(given.file).read_text())), end="")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):  # a background shell may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    source = Source.now()
    plan = given.plan if given.do in ("part", "list") else given.do
    knobs = _knobs(plan, given, source)
    parts = PLANS[plan][1](knobs)
    if given.do == "list":
        for part in parts:
            print(f"{part.name:26} {shown_command(part.path, command_of(part))}")
        return 0
    if given.do == "part":
        named = [part for part in parts if part.name == given.name]
        if not named:
            print(
                f"No part {given.name} in {plan}; its parts are {', '.join(part.name for part in parts)}",
                file=sys.stderr,
            )
            return 2
        return _run(plan, knobs, source, parts, named, resume=False)
    return _run(plan, knobs, source, parts, parts, resume=given.resume)


def _run(
    plan: str, knobs: Knobs, source: Source, parts: list[Part], wanted: list[Part], *, resume: bool
) -> int:
    """Run the wanted parts, and write the evidence of all known parts even after an interrupt."""
    folder = EVIDENCE / "work" / f"{plan}-{source.short}-{knobs.seed}"
    state = "" if source.is_clean else " (with uncommitted changes)"
    print(f"{plan}: seed {knobs.seed}, commit {source.short}{state}", flush=True)
    runner = Runner(folder, identity=source.identity, resume=resume)
    status = 0
    try:
        if not runner.run(wanted):
            status = 1
    except KeyboardInterrupt:
        print("\nStopped. Repeat the command with --resume (RESUME=1) to continue.", flush=True)
        status = 130
    evidence = evidence_of(
        plan=plan,
        seed=knobs.seed,
        source=source,
        planned=[part.name for part in parts],
        done=read_done(folder, parts),
        machine=machine_facts(programs()),
        settings={name: value for name, value in asdict(knobs).items() if value is not None}
        | ({"patience": PATIENCE} if PATIENCE > 1 else {}),
        now=datetime.now(UTC),
        findings=_findings(),
    )
    _, page = write_evidence(evidence, EVIDENCE, page=page_of(evidence))
    print(
        f"{'Everything held' if evidence['passed'] else 'The proof failed'}: {page.relative_to(ROOT)}",
        flush=True,
    )
    return status or (0 if evidence["passed"] or len(wanted) < len(parts) else 1)


def _knobs(plan: str, given: argparse.Namespace, source: Source) -> Knobs:
    knobs = PLANS[plan][0]
    if given.hours is not None:
        knobs = knobs.scaled(given.hours / NIGHT_HOURS)
    chosen = {
        one.name: getattr(given, one.name)
        for one in fields(Knobs)
        if getattr(given, one.name, None) is not None
    }
    return replace(knobs, **{"seed": source.seed, **chosen})


def _findings() -> str:
    text = (ROOT / "proof" / "findings.md").read_text()
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL).strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof", description=__doc__)
    commands = parser.add_subparsers(dest="do", required=True, metavar="COMMAND")
    knobs = argparse.ArgumentParser(add_help=False)
    for knob in fields(Knobs):
        kind = float if knob.name.endswith("_seconds") else int
        knobs.add_argument(f"--{knob.name.replace('_', '-')}", type=kind, dest=knob.name)
    knobs.add_argument("--hours", type=float, help="scale a night to this many hours")
    for plan, help in (("commit", "the tests that every change must pass"), ("night", "all tests")):
        one = commands.add_parser(plan, help=help, parents=[knobs])
        one.add_argument(
            "--resume", action="store_true", help="skip parts that are done for this commit and seed"
        )
    for name, help in (("part", "run one part of a plan"), ("list", "list the parts of a plan")):
        one = commands.add_parser(name, help=help, parents=[knobs])
        if name == "part":
            one.add_argument("name")
            one.add_argument("--plan", choices=sorted(PLANS), default="night")
        else:
            one.add_argument("plan", choices=sorted(PLANS))
    one = commands.add_parser("check", help="check the logs of a run again")
    one.add_argument("folder")
    one = commands.add_parser("page", help="print an evidence file as a page")
    one.add_argument("file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
