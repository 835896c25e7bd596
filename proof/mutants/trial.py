"""Trial: one mutant, or the unchanged source, with the parts of the proof that judge it.

`python -m proof.mutants.trial --part NAME [--mutant NAME] --seed N --out FILE` is a process of its own, which
can be ended with all its children. It writes {"violations": [{"rule", "detail"}…], "seconds"}.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proof.machine import DEPLOYMENTS, ROOT
from proof.mutants.client import Shop
from proof.mutants.patches import apply, copy_source, patch_of
from proof.mutants.probes import PROBES
from proof.mutants.sale import Sale
from proof.mutants.table import MUTANTS, Probing, Selling
from proof.system import Deployment

__all__ = ["PARTS", "judge"]

PARTS = {mutant.part.name: mutant.part for mutant in MUTANTS}

_SETTINGS = {"sweep_interval_seconds": "3600", "live_check_interval_seconds": "1"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.mutants.trial", description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), required=True, action="append")
    parser.add_argument("--mutant", choices=[mutant.name for mutant in MUTANTS])
    parser.add_argument("--root", type=Path, default=ROOT, help="folder above the source")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", type=Path, help="folder for the logs of an accused unchanged source")
    given = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent may have set these to be ignored
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="holdfast-mutant-", dir=DEPLOYMENTS))
    folder.chmod(0o711)
    try:
        source = copy_source(folder, root=given.root)
        rules: tuple[str, ...] = ()
        if given.mutant is not None:
            apply(patch_of(given.mutant), folder)
            rules = next(mutant.rules for mutant in MUTANTS if mutant.name == given.mutant)
        violations = judge(given.part, source, rules=rules, seed=given.seed, folder=folder)
        if violations and given.mutant is None and given.keep is not None:
            for run in folder.glob("run-*"):
                shutil.copytree(run, given.keep / f"{given.out.stem}-{run.name}", dirs_exist_ok=True)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    given.out.write_text(
        json.dumps({"violations": violations, "seconds": time.monotonic() - began}, default=str)
    )
    return 0


def judge(
    names: list[str], source: Path, *, rules: tuple[str, ...], seed: int, folder: Path
) -> list[Mapping[str, Any]]:
    """Return the violations that these parts find in the product in `source`.

    After a violation of one of `rules`, no further evidence is collected.
    """
    parts = [PARTS[name] for name in names]
    found: list[Mapping[str, Any]] = []
    for number, part in enumerate(parts):
        if isinstance(part, Selling):
            run = folder / f"run-{number}"
            sale = Sale(
                part.faults,
                times=part.times,
                settings=part.settings,
                source=source,
                seed=seed,
                run=run,
                callers=part.callers,
            )
            found += sale.judge(rules)
    probed = {part.probe for part in parts if isinstance(part, Probing)}
    if probed:
        found += probe([name for name in PROBES if name in probed], source, seed=seed)
    return found


def probe(names: list[str], source: Path, *, seed: int) -> list[Mapping[str, Any]]:
    """Run the probes in one deployment, one after the other."""
    found: list[Mapping[str, Any]] = []
    with Deployment(servers=2, proxies=False, seed=seed, source=source, settings=_SETTINGS) as deployment:
        for name in names:
            shop = Shop(deployment)
            complaints = [PROBES[name](shop), *shop.errors]
            found += [{"rule": Probing(name).name, "detail": each} for each in complaints if each]
    return found


if __name__ == "__main__":
    sys.exit(main())
