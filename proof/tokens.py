"""Tokens: nobody guesses the token of a hold, and nothing that the servers keep has one.

A sale places many holds. All tokens must differ, and look as random as 256 bits do. Then each of many wrong tokens is
tried on a living hold: one letter changed, cut off, another hold's, and drawn at random. None may read, extend, release
or confirm it. At the end no token may be in the database's rows and files, nor in any log or file of a server. A
control writes one token into a log: it must be found.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import random
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from proof.caller import make_event
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment

_FORM = re.compile(r"hfh_(?:\d+_)?([A-Za-z0-9_-]{43})\Z")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_RUN = re.compile(rb"[A-Za-z0-9_-]{43,}")
_DEVIATIONS = 6.0
"""A fair coin is so far off once in 500 million runs."""


def doubts(tokens: list[str]) -> list[str]:
    """Return what shows that tokens are not random: their form, a repetition, the share of ones, or of a letter."""
    found, bodies = [], []
    for token in tokens:
        match = _FORM.match(token)
        if match is None:
            return [f"a token has another form: {len(token)} letters"]
        bodies.append(match[1][:42])  # the last letter stands for four bits
    if len(set(bodies)) < len(bodies):
        found.append(f"{len(bodies) - len(set(bodies))} of {len(bodies)} tokens repeat")
    bits = [format(_ALPHABET.index(letter), "06b") for body in bodies for letter in body]
    total = len(bits) * 6
    off = abs(sum(one.count("1") for one in bits) - total / 2) / (math.sqrt(total) / 2)
    if off > _DEVIATIONS:
        found.append(f"the ones are {off:.1f} standard deviations off")
    expected = len(bits) / 64
    times = Counter(letter for body in bodies for letter in body)
    chi_square = sum((times[letter] - expected) ** 2 / expected for letter in _ALPHABET)
    if chi_square > 63 + _DEVIATIONS * math.sqrt(2 * 63):
        found.append(f"the letters have a chi-square of {chi_square:.0f} for 63 degrees of freedom")
    return found


def wrong_tokens(token: str, other: str, chance: random.Random) -> Iterator[str]:
    """Yield tokens that are not quite the hold's own."""
    start = len(token) - 43
    place = chance.randrange(start, len(token) - 1)
    letter = chance.choice([one for one in _ALPHABET if one != token[place]])
    yield token[:place] + letter + token[place + 1 :]
    yield token[:place]
    yield token + "A"
    yield token[:start] + token[start:].swapcase()
    yield other
    yield token[:start] + secrets.token_urlsafe(32)


def leaks(tokens: Iterable[str], files: Iterable[Path]) -> list[str]:
    """Return the names of files that have a token."""
    known = {_secret_of(token).encode() for token in tokens}
    found = []
    for path in files:
        try:
            content = path.read_bytes()
        except OSError:  # it is gone, or a socket
            continue
        runs = _RUN.findall(content)
        if any(run[at : at + 43] in known for run in runs for at in range(len(run) - 42)):
            found.append(path.name)
    return found


def write_rows(url: str, folder: Path) -> None:
    """Write every row as text: in PostgreSQL's files long values are compressed."""
    folder.mkdir()
    with psycopg.connect(url) as connection:
        for (table,) in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ).fetchall():
            statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
            with connection.cursor().copy(statement) as rows, (folder / table).open("wb") as file:
                for row in rows:
                    file.write(row)


def _secret_of(token: str) -> str:
    match = _FORM.match(token)
    assert match is not None
    return match[1]


class Buyer:
    """Places holds and tries tokens, as open mode would not help: it needs the token as everyone does."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def hold(self, event: int) -> tuple[str, str]:
        body = {"event": event, "lines": [{"quantity": 1}], "ttl_seconds": 600}
        status, made = self.ask("POST", "/v1/holds", body)
        if status != 201:
            raise RuntimeError(f"no hold was placed: {made}")
        return made["id"], made["hold_token"]

    def uses(self, hold: str, token: str) -> list[int]:
        """Return the statuses of each use of a token."""
        own = {"Hold-Token": token}
        path = f"/v1/holds/{hold}"
        return [
            self.ask("GET", path, None, own)[0],
            self.ask("POST", f"{path}/extend", {"ttl_seconds": 600}, own)[0],
            self.ask("POST", f"{path}/release", {}, own)[0],
            self.ask("POST", "/v1/bookings", {"hold": hold}, own)[0],
        ]

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        content = None if body is None else json.dumps(body)
        given = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, path, content, given | (headers or {}))
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


def run(*, seed: int, tokens: int, guesses: int) -> Result:
    result = Result(part="tokens", promises=["P10"], seeds=[seed])
    began, chance = time.monotonic(), random.Random(seed)
    tried = 0
    with Deployment(servers=1, seed=seed, proxies=False, settings={"log_level": "debug"}) as deployment:
        port = deployment.servers[0].port
        event: int = make_event(port, {"name": "Tokens", "capacity": 10 * tokens})["number"]
        buyer = Buyer(port)
        holds = [buyer.hold(event) for _ in range(tokens)]
        for detail in doubts([token for _, token in holds]):
            _accuse(result, detail)
        while tried < guesses:
            (hold, token), (_, other) = chance.sample(holds, 2)
            for wrong in wrong_tokens(token, other, chance):
                tried += 1
                statuses = buyer.uses(hold, wrong)
                if any(status < 400 or status >= 500 for status in statuses):
                    _accuse(result, f"a wrong token is answered with {statuses}")
            status = buyer.ask("GET", f"/v1/holds/{hold}", None, {"Hold-Token": token})[1].get("status")
            if status != "active":
                _accuse(result, f"after wrong tokens a hold is {status}")
        write_rows(deployment.sql_url, deployment.folder / "rows")
        kept = [path for path in deployment.folder.rglob("*") if path.is_file()]
        for name in leaks((token for _, token in holds), kept):
            _accuse(result, f"the file {name} has a token")
        planted = deployment.folder / "planted.log"
        planted.write_text(f"request token={chance.choice(holds)[1]} status=200\n")
        caught = leaks((token for _, token in holds), [planted])
        judge_deployment(deployment, result)
    result.controls.append({"name": "a token in a log", "caught_by": "tokens" if caught else None})
    result.tried |= {"tokens": tokens, "guesses": tried, "files": len(kept)}
    result.coverage |= {"files": [len(kept), 100]}
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def _accuse(result: Result, detail: str) -> None:
    result.violations.append({"rule": "tokens", "event": "", "detail": detail, "lines": []})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.tokens", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--guesses", type=int, default=2_000)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    return run(seed=given.seed, tokens=given.tokens, guesses=given.guesses).report(given.out)


if __name__ == "__main__":
    sys.exit(main())
