"""The OpenAPI document and the server agree: schemathesis sends valid and invalid requests to every route."""

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

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
]
LEFT_OUT = {
    "stream_event": "a stream does not end",
    "get_docs_file": "each file has its own type",
}
SECONDS = "25"


@pytest.mark.timeout(150)
@pytest.mark.parametrize("document", ["openapi.json", "dialects/openapi.json"])
def test_every_route_conforms_to_its_document(document: str) -> None:
    """With a key for all scopes, in all phases: no unexpected error, and no undocumented answer."""
    with tempfile.TemporaryDirectory(prefix="holdfast-schema-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        data = Path(name) / "data"
        with Serving(data) as server:
            scopes = [part for scope in ("read", "sell", "organise") for part in ("--scope", scope)]
            made = run_holdfast("keys", "create", "schema", *scopes, "--json", data_dir=str(data))
            found = re.search(r"hfk_[A-Za-z0-9]+_[A-Za-z0-9_-]+", made.stdout)
            assert found, made.stdout + made.stderr
            key = {"Authorization": f"Bearer {found[0]}"}
            address = f"http://127.0.0.1:{server.port}"
            done = subprocess.run(
                [
                    str(Path(sys.executable).with_name("schemathesis")),
                    *["run", f"{address}/{document}", "--header", f"Authorization: {key['Authorization']}"],
                    *["--generation-with-security-parameters", "false", "--generation-deterministic"],
                    *["--phases", "examples,coverage,fuzzing,stateful", "--checks", ",".join(CHECKS)],
                    *["--max-examples", "5", "--max-time", SECONDS, "--request-timeout", "10"],
                    *["--suppress-health-check", "all", "--no-color", "--warnings", "off"],
                    *[part for one in LEFT_OUT for part in ("--exclude-operation-id", one)],
                ],
                cwd=name,
                env={**os.environ, "PYTHONWARNINGS": "default"},
                capture_output=True,
                text=True,
                check=False,
                timeout=140,
            )
            metrics = httpx2.get(f"{address}/metrics", headers=key).text
        unexpected = "\n".join(line for line in server.said if " Holdfast serves at " not in line)
        assert "holdfast_unexpected_errors_total 0.0" in metrics, unexpected[-8_000:]
        assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
        cases = re.search(r"([0-9]+) generated", done.stdout)
        assert cases is not None, done.stdout[-2_000:]
        assert int(cases[1]) > 200, "schemathesis sent too few requests"  # a busy machine sends fewer
