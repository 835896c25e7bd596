"""Golden files of the refusals that any operation may answer: of the protocol, and of an outage."""

from __future__ import annotations

import socket
from dataclasses import replace

from golden.asking import House
from golden.files import compare
from golden.outages import end_at_commit, locked_tables, refuse_cancelled
from golden.spoiling import SPOILT, furnished, good_requests, grouped, refuse, with_body
from golden.walking import Document
from support.http_app import running_app


async def test_a_spoilt_request_is_refused_as_recorded(house: House, document: Document):
    good = good_requests(await furnished(house), document)
    heard = {}
    for code, spoils in SPOILT.items():
        for what, spoil in spoils.items():
            refusals = [
                await refuse(house, document, operation, spoil(asked), code)
                for operation, asked in good.items()
                if code in document.statuses(operation) and (asked.method != "GET" or what != "an array")
            ]
            heard[f"{code}: {what}"] = [one for one in refusals if one is not None]
    compare("refusals", grouped(heard))


async def test_a_body_that_does_not_arrive_is_refused_as_recorded(house: House, document: Document):
    good = good_requests(await furnished(house), document)
    heard = []
    async with running_app(house.database_url, open=False, body_timeout_seconds=0.001) as app:
        hasty = House(app=app, database_url=house.database_url)
        for operation, asked in good.items():
            if "request_timeout" in document.statuses(operation):
                cut = replace(with_body(asked, b"{}"), is_cut=True)
                heard.append(await refuse(hasty, document, operation, cut, "request_timeout"))
    compare("refusals_late", grouped({"request_timeout: no body": [one for one in heard if one is not None]}))


async def test_what_needs_the_database_is_refused_as_recorded_without_one(house: House, document: Document):
    good = good_requests(await furnished(house), document)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # it does not listen, so that every connection is refused
        url = f"postgresql://holdfast@127.0.0.1:{silent.getsockname()[1]}/nothing"
        async with running_app(url, open=False, wait_limit_seconds=0.02) as app:
            alone = House(app=app, database_url=url)
            heard = [
                await refuse(alone, document, operation, asked, "unavailable")
                for operation, asked in good.items()
            ]
    found = grouped({"unavailable: no database": [one for one in heard if one is not None]})
    compare("refusals_unavailable", found)


async def test_what_the_database_cuts_short_is_refused_as_recorded(house: House, document: Document):
    good = good_requests(await furnished(house), document)
    with locked_tables(house.database_url):
        heard = [
            await refuse_cancelled(house, document, operation, asked) for operation, asked in good.items()
        ]
    compare("refusals_busy", grouped({"busy: a lock": [one for one in heard if one is not None]}))


async def test_a_commit_without_an_answer_is_refused_as_recorded(house: House, document: Document):
    good = good_requests(await furnished(house), document)
    end_at_commit(house.database_url)
    heard = [
        await refuse(house, document, operation, asked, "outcome_unknown")
        for operation, asked in good.items()
        if "outcome_unknown" in document.statuses(operation)
    ]
    compare(
        "refusals_unknown", grouped({"outcome_unknown: no answer": [one for one in heard if one is not None]})
    )
