"""Secrets: 1,000 of each kind are sent to every place of a request, and real ones are used. None stays anywhere.

The kinds are those of `docs/concepts/security.md`. The test looks in the log, refusals, metrics and every table. A
backup is a copy of the tables. A request's own path is logged, so each kind needs a form that the log recognises.
"""

from __future__ import annotations

import io
import logging
import random
import string
from collections.abc import Iterator

import httpx2
import psycopg
import pyotp
import pytest
import structlog

from holdfast.access.principals import make_api_key
from holdfast.app.logging import configure_logging
from holdfast.app.settings import LogFormat, Settings
from holdfast.http.application import Application
from support.http_app import access_of, client_of, running_app
from support.http_sales import make_event, place
from support.people import ORIGIN, PASSWORD, make_account

COUNT = 1_000
KINDS = ("hfh_7_", "hfk_planted_", "hfs_", "hfr_", "hfl_", "hfu_", "whsec_", "eyJ")
ALPHABET = string.ascii_letters + string.digits


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log of this process, as a server writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(Settings(log_format=LogFormat.JSON))
    structlog.configure(cache_logger_on_first_use=False)
    written = io.StringIO()
    root.handlers[0].setStream(written)  # type: ignore[attr-defined]  # it is a StreamHandler
    yield written
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def planted(kind: str, rng: random.Random) -> str:
    return kind + "".join(rng.choices(ALPHABET, k=43))


def dump(url: str) -> str:
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        rows = [connection.execute(f"SELECT t::text FROM {name} t").fetchall() for (name,) in names]
    return "\n".join(str(row) for table in rows for row in table)


async def _send(client: httpx2.AsyncClient, given: list[str], turn: int) -> str:
    """Send a request with a secret in each place, and return the answer as text."""
    path, query, bearer, hold, cookie, request_id, body, name = given
    paths = (f"/v1/holds/{path}", f"/v1/events/{path}", f"/{path}", f"/problems/{path}", f"/docs/{path}")
    headers = {
        "authorization": f"Bearer {bearer}",
        "hold-token": hold,
        "cookie": f"holdfast={cookie}",
        "x-request-id": request_id,
    }
    if turn % 2:
        answer = await client.get(paths[turn % len(paths)], params={"cursor": query}, headers=headers)
    else:
        content = {"event": 1, "lines": [{"quantity": 1}], "buyer": {"reference": body}, "hold": name}
        answer = await client.post("/v1/holds", json=content, headers=headers, params={"a": query})
    return f"{answer.headers} {answer.text}"


async def test_no_secret_that_was_sent_stays(database_url: str, log: io.StringIO) -> None:
    rng = random.Random(24)
    secrets, answers = [], []
    async with running_app(database_url, open=False, access_log=True) as app:
        async with client_of(app, peer="203.0.113.7") as client:
            for turn in range(COUNT):
                given = [planted(kind, rng) for kind in KINDS]
                secrets += given
                answers.append(await _send(client, given[turn % 8 :] + given[: turn % 8], turn))
        _assert_absent(secrets, "answers", "\n".join(answers))
        _assert_absent(secrets, "log", log.getvalue())
        assert log.getvalue().count('"event": "request"') >= COUNT
        _assert_absent(secrets, "metrics", await _metrics(app))
    _assert_absent(secrets, "database", dump(database_url))


async def test_no_secret_that_was_used_stays(database_url: str, log: io.StringIO) -> None:
    async with running_app(database_url, open=False, access_log=True) as app:
        secrets = await _use_real_ones(app)
        _assert_absent(secrets, "log", log.getvalue())
        _assert_absent(secrets, "metrics", await _metrics(app))
    _assert_absent(secrets, "database", dump(database_url))


async def _use_real_ones(app: Application) -> list[str]:
    key, secret_hash = make_api_key("shop", "s3cr3t" * 8)
    await access_of(app).insert_key(
        id="shop", secret_hash=secret_hash, name="shop", scopes=["organise", "sell"], expires_at=None
    )
    await make_account(app, "ada")
    form = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
    secrets = [key, "s3cr3t" * 8, PASSWORD]
    async with client_of(app, authorization=f"Bearer {key}") as shop:
        event = await make_event(shop, capacity=5)
        hold = await place(shop, event)
        assert (
            await shop.post("/v1/bookings", json={"hold": hold["id"], "hold_token": hold["hold_token"]})
        ).status_code == 201
        secrets.append(hold["hold_token"])
    async with client_of(app, origin=ORIGIN) as browser:
        made = await browser.post("/v1/sessions", json={"email": "ada@example.org", "password": PASSWORD})
        secrets += [browser.cookies["holdfast"], made.json()["csrf"]]
        tokens = (await browser.post("/v1/token", data=form)).json()
        again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await browser.post("/v1/token", data=again)).status_code == 200
        secrets += [tokens["access_token"], tokens["refresh_token"]]
        app_secret = (await browser.post("/v1/me/second-factor", json={"password": PASSWORD})).json()[
            "secret"
        ]
        code = {"second_factor": pyotp.TOTP(app_secret).now()}
        codes = (await browser.post("/v1/me/second-factor/confirm", json=code)).json()["recovery_codes"]
        secrets += [app_secret, *codes]
    return secrets


async def _metrics(app: Application) -> str:
    key, secret_hash = make_api_key("watcher", "w" * 43)
    await access_of(app).insert_key(
        id="watcher", secret_hash=secret_hash, name="watcher", scopes=["read"], expires_at=None
    )
    async with client_of(app, authorization=f"Bearer {key}") as client:
        return (await client.get("/metrics")).text


def _assert_absent(secrets: list[str], where: str, text: str) -> None:
    found = [secret for secret in secrets if secret in text]
    assert not found, f"{len(found)} in the {where}, such as {found[0][:12]}…"
