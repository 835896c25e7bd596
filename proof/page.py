"""Page: an evidence file as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["page_of"]

_SIGN = {"held": "held", "broken": "**BROKEN**", "open": "**open**", "not tried": "not tried here"}


def page_of(told: dict[str, Any]) -> str:
    """In Markdown."""
    sections = [
        _head(told),
        _promises(told),
        _violations(told),
        _tried(told),
        _figures(told),
        _coverage(told),
        _controls(told),
        _findings(told),
        _gaps(told),
        _parts(told),
        _limits(),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _head(told: dict[str, Any]) -> str:
    machine = told["machine"]
    verdict = (
        "**Everything held.**"
        if told["passed"]
        else f"**It did not pass**: {', '.join(told['failed']) or 'parts are missing'}."
    )
    rows = [
        (
            "Plan",
            f"{told['plan']} (`make prove{'-night' if told['plan'] == 'night' else ''} SEED={told['seed']}`)",
        ),
        (
            "Commit",
            f"`{told['commit']}`{'' if told['clean'] else ', **with changes that were not committed**'}",
        ),
        ("Made", f"{told['made_at']}, {_time(told['seconds'])} of trials"),
        ("Seed", str(told["seed"])),
        (
            "Asked for",
            ", ".join(f"{name} {value}" for name, value in told["settings"].items() if name != "seed"),
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
    title = f"# Evidence of {told['made_at'][:10]}, commit {told['commit'][:12]}"
    return f"{title}\n\n{verdict}\n\n{_table(('', ''), rows)}"


def _promises(told: dict[str, Any]) -> str:
    rows = []
    for promise in told["promises"]:
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


def _violations(told: dict[str, Any]) -> str:
    seen = [
        f"- `{part['name']}` (seed {part['seed']}): {one.get('rule')}: {one.get('detail')}"
        for part in told["parts"]
        for one in (part["violations"] or [])
    ]
    broken = [f"- `{part['name']}`: {part['complaint']}" for part in told["parts"] if part["complaint"]]
    return "## What went wrong\n\n" + "\n".join([*broken, *seen]) if broken or seen else ""


def _tried(told: dict[str, Any]) -> str:
    summed: dict[str, int] = {}
    for part in told["parts"]:
        for name, times in (part["tried"] or {}).items():
            summed[name] = summed.get(name, 0) + times
    rows = [(_words(name), f"{times:,}") for name, times in sorted(summed.items())]
    return "## What was tried\n\n" + _table(("", "Times"), rows) if rows else ""


def _figures(told: dict[str, Any]) -> str:
    rows = [
        (_words(name), _number(each["min"]), _number(each["median"]), _number(each["max"]), each["times"])
        for name, each in told["figures"].items()
    ]
    return "## Figures\n\n" + _table(("", "Least", "Median", "Most", "Measured"), rows) if rows else ""


def _coverage(told: dict[str, Any]) -> str:
    rows = [(_words(name), f"{count:,}", f"{floor:,}") for name, (count, floor) in told["coverage"].items()]
    if not rows:
        return ""
    why = "A run that never came into these situations would say little; below a floor it fails."
    return f"## Coverage\n\n{why}\n\n" + _table(("Situation", "Came up", "Floor"), rows)


def _controls(told: dict[str, Any]) -> str:
    rows = [
        (f"`{one['name']}`", one["part"], one["caught_by"] or "**not caught**") for one in told["controls"]
    ]
    if not rows:
        return ""
    why = (
        "Each is a Holdfast, or a database, that is wrong on purpose: what does not catch it proves nothing."
    )
    return f"## Wrong on purpose\n\n{why}\n\n" + _table(("What is wrong", "Part", "Caught by"), rows)


def _findings(told: dict[str, Any]) -> str:
    return "## What it found while it was being built\n\n" + told["findings"] if told["findings"] else ""


def _gaps(told: dict[str, Any]) -> str:
    return "## What it does not show\n\n" + "\n".join(f"- {gap}" for gap in told["gaps"])


def _parts(told: dict[str, Any]) -> str:
    rows = [
        (
            part["name"],
            "passed" if part["passed"] else "left out" if part["left_out"] else "**failed**",
            _time(part["seconds"]),
            f"`{part['command']}`",
        )
        for part in told["parts"]
    ]
    notes = [f"- {part['name']}: {note}" for part in told["parts"] for note in (part["notes"] or [])]
    return (
        "## Parts\n\n"
        + _table(("", "", "Took", "Again with"), rows)
        + ("\n\n" + "\n".join(notes) if notes else "")
    )


def _limits() -> str:
    return (
        "## How to read the numbers\n\n"
        "*Rule of three*: what did not happen once in *n* independent trials happens, 19 times out of 20, in less than "
        "3 / *n* of them. So 200 kills without a loss say: less than 1.5 % per kill, and no more than that; a million "
        "operations: less than 0.0003 % each. Trials here are not quite independent, and they are of one machine, one "
        "kernel and one disk. A proof of this kind can show that something is wrong; that nothing is, it makes likely."
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
