"""The OpenAPI document and the server agree: schemathesis sends valid and invalid requests to every route.

The tests share `HOLDFAST_TEST_SCHEMA_CASES`, 5,000, and each repeats runs until it has sent its part. `make fuzz
CASES=100000` sends more.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
import pytest

from support.serving import Serving, run_holdfast

CASES = int(os.environ.get("HOLDFAST_TEST_SCHEMA_CASES", "5000"))
LEFT_OUT = {
    "stream_event": "a stream does not end",
    "get_docs_file": "each file has its own type",
}
LEFT_OUT_CHECKS = {
    "openapi.json": {
        "object_level_authorization": "it needs two identities: tests/api/test_rights_matrix.py has them all",
        "ensure_resource_availability": "a new event has a calendar only with a date, and a map only with seats",
    },
    "dialects/openapi.json": {
        "object_level_authorization": "as above",
        "negative_data_rejection": "the dialects ignore members and parameters that they do not know",
    },
}
"""By document: the checks that do not apply, and why."""

STATUSES = """
# A request of the right form may ask for what is gone, is not there, or is more than there is. 400: a guest's retry
# key that can be guessed, and in the dialects a number such as 3.0, or a text that is blank.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "422", "429"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "410", "411", "413", "414", "415", "422", "429", "431"]
"""
PARTS = 2
"""Tests of one document, with seeds of their own: two of them use two cores."""

RUN_SECONDS = 60
"""One run: fuzzing and stateful testing repeat until it is over. The next one has another seed."""


def run_schemathesis(folder: Path, address: str, document: str, key: str, *, seed: int) -> int:
    """Return the number of requests. Fails with what schemathesis has found."""
    (folder / "schemathesis.toml").write_text(STATUSES)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *["run", f"{address}/{document}", "--header", f"Authorization: Bearer {key}"],
            *["--generation-with-security-parameters", "false", "--seed", str(seed)],
            *["--phases", "examples,coverage,fuzzing,stateful", "--max-time", str(RUN_SECONDS)],
            *["--checks", "all", "--exclude-checks", ",".join(LEFT_OUT_CHECKS[document])],
            *["--max-examples", "20", "--request-timeout", "10"],
            *["--suppress-health-check", "all", "--no-color", "--warnings", "off"],
            *[part for one in LEFT_OUT for part in ("--exclude-operation-id", one)],
        ],
        cwd=folder,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS + 120,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stdout[-12_000:]}{done.stderr[-2_000:]}"
    cases = re.search(r"([0-9,]+) generated", done.stdout)
    assert cases is not None, done.stdout[-2_000:]
    return int(cases[1].replace(",", ""))


@pytest.mark.timeout(900 + CASES)  # a busy machine sends a few cases a second
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("document", LEFT_OUT_CHECKS)
def test_every_route_conforms_to_its_document(document: str, part: int) -> None:
    """With a key for all scopes, in all phases: no unexpected error, and no undocumented answer."""
    with tempfile.TemporaryDirectory(prefix="holdfast-schema-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        data = Path(name) / "data"
        with Serving(data) as server:
            scopes = [part for scope in ("read", "sell", "organise") for part in ("--scope", scope)]
            made = run_holdfast("keys", "create", "schema", *scopes, "--json", data_dir=str(data))
            found = re.search(r"hfk_[A-Za-z0-9]+_[A-Za-z0-9_-]+", made.stdout)
            assert found, made.stdout + made.stderr
            address, cases, seed = f"http://127.0.0.1:{server.port}", 0, part
            while cases < CASES / (PARTS * len(LEFT_OUT_CHECKS)):
                seed += PARTS
                cases += run_schemathesis(Path(name), address, document, found[0], seed=seed)
                sys.stderr.write(f"{document}, part {part}: {cases} cases, seed {seed}\n")
            metrics = httpx2.get(f"{address}/metrics", headers={"Authorization": f"Bearer {found[0]}"}).text
        unexpected = "\n".join(line for line in server.said if " Holdfast serves at " not in line)
        assert "holdfast_unexpected_errors_total 0.0" in metrics, unexpected[-8_000:]
