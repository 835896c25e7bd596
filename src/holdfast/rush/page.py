"""Page: the report as one HTML file that needs no other file, so that people can keep and send it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from holdfast.rush.charts import Chart, all_charts
from holdfast.rush.plots import NARROW, milliseconds
from holdfast.rush.summary import STEP_NAMES, warnings_of
from holdfast.rush.tally import FATES

__all__ = ["page_of"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="holdfast {version}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<header>
<p class="kind">Rush</p>
<h1>{name}</h1>
<p class="about">{about}</p>
</header>
<main>
{verdict}
{tiles}
{warnings}
<section class="figures">
{figures}
</section>
<section class="tables">
{tables}
</section>
</main>
<footer>holdfast {version}, {started_at}. Everything on this page is in <code>report.json</code> beside it.</footer>
</body>
</html>
"""


def page_of(report: dict[str, Any]) -> str:
    """Return the HTML page of a report from `report_of`."""
    plan, event = report["plan"], report["event"]
    about = (
        f"{report['buyers']['came']:,} buyers over {plan['over_seconds']:g} s ({plan['arrival']}), "
        f"{report['seconds']:g} s until the last buyer left. {report['started_at']}, {plan['url']}"
    )
    if report["is_interrupted"]:
        about += ". Interrupted: the report covers the time until then."
    return _PAGE.format(
        title=escape(f"Rush: {event['name']}"),
        name=escape(f"{event['name']}"),
        style=(files("holdfast.rush") / "page.css").read_text(encoding="utf-8"),
        about=escape(about),
        verdict=_verdict(report["check"]),
        tiles=_tiles(report),
        warnings="".join(f'<p class="warning">{escape(text)}</p>' for text in warnings_of(report)),
        figures="\n".join(
            _figure(*pair) for pair in zip(all_charts(report), all_charts(report, width=NARROW), strict=True)
        ),
        tables="\n".join(_tables(report)),
        version=escape(report["holdfast"]),
        started_at=escape(report["started_at"]),
    )


def _verdict(check: dict[str, Any]) -> str:
    kind, title = ("good", "It adds up.") if check["adds_up"] else ("bad", "It does not add up.")
    items = "".join(
        f'<li class="{"good" if one["holds"] else "bad"}">{escape(one["text"])}</li>'
        for one in check["statements"]
    )
    return f'<section class="verdict {kind}"><h2>{title}</h2><ul>{items}</ul></section>'


def _tiles(report: dict[str, Any]) -> str:
    series, latency = report["series"], report["latency"]
    peak = max(series["answers"], default=0) / series["tick_seconds"]
    held = max(series["holds_granted"], default=0) / series["tick_seconds"]
    tiles = [
        (f"{report['admissions']['booked']:,}", f"admissions booked, of {report['event']['capacity']:,}"),
        (f"{held:,.0f}", "admissions granted in holds, in the best second"),
        (f"{peak:,.0f}", "answers in the best second"),
        (_time(latency["hold"]["p50_ms"]), "a hold, the median"),
        (_time(latency["hold"]["p99_ms"]), "a hold, p99"),
        (_time(latency["confirm"]["p99_ms"]), "a confirmation, p99"),
    ]
    items = "".join(f"<li><b>{escape(value)}</b><span>{escape(words)}</span></li>" for value, words in tiles)
    return f'<ul class="tiles">{items}</ul>'


def _figure(chart: Chart, on_a_phone: Chart) -> str:
    legend = "".join(
        f'<li><i class="{one.style}"></i>{escape(one.name)}'
        f"{f' <b>{escape(one.note)}</b>' if one.note else ''}</li>"
        for one in chart.legend
    )
    if not chart.legend:
        legend = "<li>none</li>"
    return (
        f"<figure><figcaption><h2>{escape(chart.name)}</h2><p>{escape(chart.about)}</p></figcaption>"
        f'<ul class="legend">{legend}</ul><div class="plot wide">{chart.svg}</div>'
        f'<div class="plot narrow" aria-hidden="true">{on_a_phone.svg}</div></figure>'
    )


def _tables(report: dict[str, Any]) -> Iterable[str]:
    buyers = [("came", "all", report["buyers"]["came"])]
    buyers += [(fate.replace("_", " "), words, report["buyers"][fate]) for fate, words in FATES.items()]
    yield _table(
        "The buyers",
        ("", "", "buyers"),
        [(name, words, f"{many:,}") for name, words, many in buyers if many],
    )
    rows = [(STEP_NAMES[step], found) for step, found in report["latency"].items()]
    rows.append(("the generator's own lag", report["generator"]["lag"]))
    rows.append(("waiting for a connection", report["generator"]["waiting_for_a_connection"]))
    names = ("p50_ms", "p90_ms", "p99_ms", "p999_ms", "longest_ms")
    yield _table(
        "Latencies",
        ("", "count", "p50", "p90", "p99", "p99.9", "longest"),
        [
            (name, f"{found['count']:,}", *(_time(found[each]) for each in names))
            for name, found in rows
            if found["count"]
        ],
    )
    refused = {**report["refusals"], **{f"{why} (lost)": many for why, many in report["lost"].items()}}
    yield _table(
        "Refusals and lost answers",
        ("code", "count"),
        [(code, f"{many:,}") for code, many in refused.items()] or [("none", "0")],
    )
    yield _table("Limits in force", ("", ""), list(report["in_force"].items()), numbers=False)


def _table(name: str, titles: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    kind = ' class="numbers"' if numbers else ""
    head = f"<thead><tr>{head}</tr></thead>" if any(titles) else ""
    return (
        f'<h2>{escape(name)}</h2><div class="scroll"><table{kind}>{head}<tbody>{body}</tbody></table></div>'
    )


def _time(value: float | None) -> str:
    return "–" if value is None else milliseconds(value)
