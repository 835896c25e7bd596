"""Golden files of the refusals of any operation: those of the protocol, and those of an outage."""

from __future__ import annotations

import socket
from dataclasses import replace

from golden.asking import Deployment
from golden.files import compare
from golden.outages import end_at_commit, locked_tables, refuse_cancelled
from golden.spoiling import SPOILT, furnished, good_requests, grouped, refuse, with_body
from golden.walking import Document
from support.http_app import running_app


async def test_a_spoilt_request_is_refused_as_recorded(deployment: Deployment, document: Document):
    good = good_requests(await furnished(deployment), document)
    answers = {}
    for code, spoils in SPOILT.items():
        for what, spoil in spoils.items():
            refusals = [
                await refuse(deployment, document, operation, spoil(request), code)
                for operation, request in good.items()
                if code in document.statuses(operation) and (request.method != "GET" or what != "an array")
            ]
            answers[f"{code}: {what}"] = [one for one in refusals if one is not None]
    compare("refusals", grouped(answers))


async def test_a_missing_body_is_refused_as_recorded(deployment: Deployment, document: Document):
    good = good_requests(await furnished(deployment), document)
    answers = []
    async with running_app(deployment.database_url, open=False, body_timeout_seconds=0.001) as app:
        hasty = Deployment(app=app, database_url=deployment.database_url)
        for operation, request in good.items():
            if "request_timeout" in document.statuses(operation):
                cut = replace(with_body(request, b"{}"), is_cut=True)
                answers.append(await refuse(hasty, document, operation, cut, "request_timeout"))
    compare(
        "refusals_late", grouped({"request_timeout: no body": [one for one in answers if one is not None]})
    )


async def test_refusals_without_a_database_are_as_recorded(deployment: Deployment, document: Document):
    good = good_requests(await furnished(deployment), document)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # the socket does not listen, so every connection is refused
        url = f"postgresql://holdfast@127.0.0.1:{silent.getsockname()[1]}/nothing"
        async with running_app(url, open=False, wait_limit_seconds=0.02) as app:
            alone = Deployment(app=app, database_url=url)
            answers = [
                await refuse(alone, document, operation, request, "unavailable")
                for operation, request in good.items()
            ]
    found = grouped({"unavailable: no database": [one for one in answers if one is not None]})
    compare("refusals_unavailable", found)


async def test_refusals_after_cancelled_statements_are_as_recorded(
    deployment: Deployment, document: Document
):
    good = good_requests(await furnished(deployment), document)
    with locked_tables(deployment.database_url):
        answers = [
            await refuse_cancelled(deployment, document, operation, request)
            for operation, request in good.items()
        ]
    compare("refusals_busy", grouped({"busy: a lock": [one for one in answers if one is not None]}))


async def test_a_commit_without_an_answer_is_refused_as_recorded(deployment: Deployment, document: Document):
    good = good_requests(await furnished(deployment), document)
    end_at_commit(deployment.database_url)
    answers = [
        await refuse(deployment, document, operation, request, "outcome_unknown")
        for operation, request in good.items()
        if "outcome_unknown" in document.statuses(operation)
    ]
    compare(
        "refusals_unknown",
        grouped({"outcome_unknown: no answer": [one for one in answers if one is not None]}),
    )
