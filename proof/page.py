"""Page: an evidence file for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["page_of"]

_SIGN = {"held": "held", "broken": "**BROKEN**", "open": "**open**", "not tried": "not tried here"}


def page_of(evidence: dict[str, Any]) -> str:
    """Return the evidence as Markdown."""
    sections = [
        _head(evidence),
        _promises(evidence),
        _violations(evidence),
        _tried(evidence),
        _figures(evidence),
        _coverage(evidence),
        _controls(evidence),
        _findings(evidence),
        _gaps(evidence),
        _parts(evidence),
        _limits(),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _head(evidence: dict[str, Any]) -> str:
    machine = evidence["machine"]
    verdict = (
        "**Everything held.**"
        if evidence["passed"]
        else f"**The proof failed**: {', '.join(evidence['failed']) or 'parts are missing'}."
    )
    command = "make prove-night" if evidence["plan"] == "night" else "make prove"
    rows = [
        (
            "Plan",
            f"{evidence['plan']} (`{command} SEED={evidence['seed']}`)",
        ),
        (
            "Commit",
            f"`{evidence['commit']}`{'' if evidence['clean'] else ', **with uncommitted changes**'}",
        ),
        ("Made", f"{evidence['made_at']}, {_time(evidence['seconds'])} of trials"),
        ("Seed", str(evidence["seed"])),
        (
            "Settings",
            ", ".join(f"{name} {value}" for name, value in evidence["settings"].items() if name != "seed"),
        ),
        (
            "Machine",
            f"{machine['processors']} × {machine['processor']}, {machine['memory_gib']} GiB, {machine['file_system']}",
        ),
        (
            "Software",
            f"Linux {machine['kernel']}, PostgreSQL {machine['postgresql']}, Python {machine['python']}",
        ),
    ]
    title = f"# Evidence of {evidence['made_at'][:10]}, commit {evidence['commit'][:12]}"
    return f"{title}\n\n{verdict}\n\n{_table(('', ''), rows)}"


def _promises(evidence: dict[str, Any]) -> str:
    rows = []
    for promise in evidence["promises"]:
        trials = "<br>".join(
            f"{each['times']:,} × {each['what']}"
            + (f" (< {_share(each['less_often_than'])} each)" if promise["verdict"] == "held" else "")
            for each in promise["trials"]
        )
        rows.append(
            (
                promise["id"],
                f"**{promise['title']}.** {promise['says']}",
                trials,
                len(promise["violations"]),
                _SIGN[promise["verdict"]],
            )
        )
    return "## Promises\n\n" + _table(("", "Promise", "Tried", "Violations", "Result"), rows)


def _violations(evidence: dict[str, Any]) -> str:
    seen = [
        f"- `{part['name']}` (seed {part['seed']}): {one.get('rule')}: {one.get('detail')}"
        for part in evidence["parts"]
        for one in (part["violations"] or [])
    ]
    broken = [f"- `{part['name']}`: {part['complaint']}" for part in evidence["parts"] if part["complaint"]]
    return "## What went wrong\n\n" + "\n".join([*broken, *seen]) if broken or seen else ""


def _tried(evidence: dict[str, Any]) -> str:
    summed: dict[str, int] = {}
    for part in evidence["parts"]:
        for name, times in (part["tried"] or {}).items():
            summed[name] = summed.get(name, 0) + times
    rows = [(_words(name), f"{times:,}") for name, times in sorted(summed.items())]
    return "## What was tried\n\n" + _table(("", "Times"), rows) if rows else ""


def _figures(evidence: dict[str, Any]) -> str:
    rows = [
        (_words(name), _number(each["min"]), _number(each["median"]), _number(each["max"]), each["times"])
        for name, each in evidence["figures"].items()
    ]
    return "## Figures\n\n" + _table(("", "Min", "Median", "Max", "Count"), rows) if rows else ""


def _coverage(evidence: dict[str, Any]) -> str:
    rows = [
        (_words(name), f"{count:,}", f"{floor:,}") for name, (count, floor) in evidence["coverage"].items()
    ]
    if not rows:
        return ""
    why = "A run that misses these situations proves little; below a floor it fails."
    return f"## Coverage\n\n{why}\n\n" + _table(("Situation", "Count", "Floor"), rows)


def _controls(evidence: dict[str, Any]) -> str:
    rows = [
        (f"`{one['name']}`", one["part"], one["caught_by"] or "**not caught**")
        for one in evidence["controls"]
    ]
    if not rows:
        return ""
    why = "Each is a Holdfast or a database with a planted bug: a test that does not catch it proves nothing."
    return f"## Planted bugs\n\n{why}\n\n" + _table(("What is wrong", "Part", "Caught by"), rows)


def _findings(evidence: dict[str, Any]) -> str:
    return "## Findings of its development\n\n" + evidence["findings"] if evidence["findings"] else ""


def _gaps(evidence: dict[str, Any]) -> str:
    return "## Gaps\n\n" + "\n".join(f"- {gap}" for gap in evidence["gaps"])


def _parts(evidence: dict[str, Any]) -> str:
    rows = [
        (
            part["name"],
            "passed" if part["passed"] else "left out" if part["left_out"] else "**failed**",
            _time(part["seconds"]),
            f"`{part['command']}`",
        )
        for part in evidence["parts"]
    ]
    notes = [f"- {part['name']}: {note}" for part in evidence["parts"] for note in (part["notes"] or [])]
    return (
        "## Parts\n\n"
        + _table(("", "", "Took", "Command"), rows)
        + ("\n\n" + "\n".join(notes) if notes else "")
    )


def _limits() -> str:
    return (
        "## How to read the numbers\n\n"
        "*Rule of three*: an event that never happened in *n* independent trials has a rate below 3 / *n*, 19 times "
        "out of 20. So 200 kills without a loss mean less than 1.5 % per kill, and no more. A million operations mean "
        "less than 0.0003 % each. The trials are not quite independent. They used one machine, one kernel and "
        "one disk. Such a proof can show a fault; that there is none, it only makes likely."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _share(share: float) -> str:
    return f"{share * 100:.2g} %" if share >= 1e-3 else f"{share:.1g}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
