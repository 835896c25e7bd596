"""Writes the parts of docs/reference that come from the program: routes, errors, settings, commands, metrics and the
SDK.

    .venv/bin/python docs/tools/reference.py

Each part is between `<!-- generated: NAME -->` and `<!-- end -->`. People write the rest of the page. A test compares
the parts.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr
from sdk import sdk_reference

from holdfast import metrics
from holdfast.access.permissions import RIGHTS, Permission, Role, Scope
from holdfast.api.catalogue import ABOUT, all_endpoints
from holdfast.app import composition
from holdfast.app.settings import PREFIX, Settings
from holdfast.cli.main import app as program
from holdfast.errors import all_errors
from holdfast.errors.guide import GUIDE
from holdfast.http.openapi import openapi_document
from holdfast.http.routes import Endpoint

REFERENCE = Path(__file__).parents[1] / "reference"
PAGES = {
    "http": "http.md",
    "rights": "rights.md",
    "errors": "errors.md",
    "settings": "settings.md",
    "commands": "cli.md",
    "metrics": "metrics.md",
    "sdk": "sdk.md",
}

_LIMITS = {"ge": "≥ {}", "gt": "> {}", "le": "≤ {}", "lt": "< {}"}
_MAX_DEPTH = 3


def generate(name: str) -> str:
    """Return the text of a generated part."""
    makers: dict[str, Callable[[], Iterator[str]]] = {
        "http": _http,
        "rights": _rights,
        "errors": _errors,
        "settings": _settings,
        "commands": _commands,
        "metrics": _metrics,
        "sdk": sdk_reference,
    }
    return "\n".join(makers[name]()).strip() + "\n"


def with_generated(page: str, name: str) -> str:
    """Return the page with its generated parts updated."""
    pattern = re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    text, count = pattern.subn(lambda match: f"{match[1]}\n{generate(name)}\n{match[2]}", page)
    if count != 1:
        raise ValueError(f"the page has {count} places for {name}")
    return text


# Routes


def _http() -> Iterator[str]:
    endpoints = all_endpoints()
    document = openapi_document(endpoints, ABOUT)
    by_tag: dict[str, list[Endpoint]] = {tag["name"]: [] for tag in document["tags"]}
    for endpoint in endpoints:
        # A dialect answers a path with and without a slash at its end. The reference lists one of them.
        if not endpoint.operation_id.endswith("_too"):
            by_tag[endpoint.openapi["tag"]].append(endpoint)
    for tag in document["tags"]:
        yield f"## {tag['name'].capitalize()}\n\n{tag['description']}\n"
        for endpoint in by_tag[tag["name"]]:
            operation = document["paths"][endpoint.path][endpoint.method.lower()]
            yield from _route(endpoint, operation, document["components"]["schemas"])


def _route(endpoint: Endpoint, operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    yield f"### `{endpoint.method} {endpoint.path}`\n"
    facts = [f"`{endpoint.operation_id}`", _needs(endpoint.policy)]
    if endpoint.openapi["hold_token"]:
        facts.append("hold token")
    statuses = sorted({endpoint.status, *endpoint.openapi["answers"]})
    yield f"{' · '.join(facts)} → {', '.join(map(str, statuses))}\n"
    if operation.get("description"):
        yield re.sub(r"^#+ ", "", operation["description"]) + "\n"
    query = [one for one in operation.get("parameters", []) if one["in"] == "query"]
    if query:
        yield "| Query | Type | |\n|---|---|---|"
        for one in query:
            about = one.get("description") or one["schema"].get("description") or ""
            required = "required. " if one.get("required") else ""
            yield f"| `{one['name']}` | {_type(one['schema'], schemas)} | {_cell(required + about)} |"
        yield ""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None:
        rows = list(_members(body, schemas, prefix="", depth=1))
        if rows:
            yield "| Body | Type | |\n|---|---|---|"
            yield from rows
            yield ""
    examples = list(endpoint.openapi["examples"].values())
    if examples:
        yield f"```text\n{json.dumps(_plain(operation), ensure_ascii=False)}\n```\n"
    own = sorted(
        {error.code for error in (*endpoint.errors, *(one.form.missing for one in endpoint.path_values))}
    )
    if own:
        yield f"Refused with {', '.join(f'`{code}`' for code in own)}.\n"


def _plain(operation: dict[str, Any]) -> Any:
    """Return the first example of the body, as JSON."""
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    return next(iter(examples.values()))["value"]


def _members(schema: dict[str, Any], schemas: dict[str, Any], *, prefix: str, depth: int) -> Iterator[str]:
    schema = _resolved(schema, schemas)
    for name, member in schema.get("properties", {}).items():
        required = "required. " if name in schema.get("required", ()) else ""
        about = required + (member.get("description") or "")
        default = member.get("default")
        if default is not None and name not in schema.get("required", ()):
            about += f" Default: `{json.dumps(default)}`."
        yield f"| `{prefix}{name}` | {_type(member, schemas)} | {_cell(about)} |"
        inner = _object_in(member, schemas)
        if inner is not None and depth < _MAX_DEPTH:
            mark = "[]." if _is_list(member, schemas) else "."
            yield from _members(inner, schemas, prefix=f"{prefix}{name}{mark}", depth=depth + 1)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
            continue
        kinds = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
        if len(kinds) != 1:
            return schema
        schema = kinds[0]


def _is_list(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    return _resolved(schema, schemas).get("type") == "array"


def _object_in(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any] | None:
    schema = _resolved(schema, schemas)
    if schema.get("type") == "array":
        schema = _resolved(schema.get("items", {}), schemas)
    return schema if schema.get("properties") else None


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    schema = _resolved(schema, schemas)
    kinds = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
    if kinds:
        return " or ".join(dict.fromkeys(_type(one, schemas) for one in kinds))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{one}`" for one in schema["enum"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    if kind == "string":
        return {"uuid": "UUID", "date-time": "time"}.get(schema.get("format", ""), "text")
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind in ("integer", "number"):
        name = "whole number" if kind == "integer" else "number"
        if low is not None and high is not None:
            return f"{name}, {low:,.15g} to {high:,.15g}"
        return f"{name}, {low:,.15g} or more" if low is not None else name
    return {"boolean": "yes or no", "object": "object"}.get(kind, kind)


def _needs(permission: Permission) -> str:
    return "anyone" if permission is Permission.PUBLIC else f"needs `{permission}`"


# Rights


def _rights() -> Iterator[str]:
    yield "## Permissions\n"
    heads = [f"`{role}`" for role in Role]
    yield f"| Permission | Allows to | {' | '.join(heads)} | Scopes of a key |\n|---|---|{'---|' * len(heads)}---|"
    for permission, right in RIGHTS.items():
        roles = " | ".join("✓" if role in right.roles else "" for role in Role)
        scopes = ", ".join(f"`{scope}`" for scope in Scope if scope in right.scopes)
        yield f"| `{permission}` | {right.allows} | {roles} | {scopes or '–'} |"
    yield "\n## Routes\n\n| Permission | Routes |\n|---|---|"
    endpoints = [one for one in all_endpoints() if not one.operation_id.endswith("_too")]
    for permission in Permission:
        routes = [f"`{one.method} {one.path}`" for one in endpoints if one.policy is permission]
        if routes:
            yield f"| {'anyone' if permission is Permission.PUBLIC else f'`{permission}`'} | {', '.join(routes)} |"


# Errors

_STATUSES = {
    (400,): "400: the request cannot be read",
    (401, 403): "401, 403: who you are",
    (404, 405): "404, 405: it does not exist",
    (409,): "409: the state does not allow it",
    (410,): "410: it has ended",
    (408, 412, 413, 414, 415, 417, 431): "408 to 431: too late, too much, or the wrong kind",
    (422,): "422: readable, but not allowed",
    (429, 503): "429, 503: not now",
}


def _errors() -> Iterator[str]:
    errors = all_errors()
    for statuses, heading in _STATUSES.items():
        yield f"## {heading}\n"
        if 503 in statuses:
            yield "All of them have `Retry-After`, in seconds.\n"
        yield "| Code | When it comes | What to do |\n|---|---|---|"
        for code, advice in GUIDE.items():
            if code in errors and (status := errors[code].status) in statuses:
                own = f" ({status})" if status != min(statuses) else ""
                yield f"| `{code}`{own} | {_cell(advice.cause)} | {_cell(advice.remedy)} |"
        yield ""


# Settings


def _settings() -> Iterator[str]:
    yield "| Variable | Default | Limits | |\n|---|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = (
            ""
            if field.default_factory or field.default in (None, ())
            else f"`{_environment_form(field.default)}`"
        )
        limits = [
            form.format(f"{value:,}" if isinstance(value, int) else value)
            for rule in field.metadata
            for attribute, form in _LIMITS.items()
            if (value := getattr(rule, attribute, None)) is not None
        ]
        if inspect.isclass(field.annotation) and issubclass(field.annotation, Enum):
            limits = [f"`{one.value}`" for one in field.annotation]
        about = _cell(field.description or "")
        if field.annotation == SecretStr | None:
            about = f"**Secret.** {about}"
        yield f"| `{PREFIX}{name.upper()}` | {default} | {', '.join(limits)} | {about} |"


def _environment_form(value: Any) -> str:
    """Return the value in the form for the environment."""
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(getattr(value, "value", value))


# Commands


def _commands() -> Iterator[str]:
    root: Any = typer.main.get_command(program)
    yield from _command_group(root, root.make_context("holdfast", [], resilient_parsing=True))


def _command_group(group: Any, context: Any) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        if hasattr(command, "get_command"):
            yield from _command_group(command, inner)
            continue
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        usage = "".join(f" {_argument(one)}" for one in arguments)
        yield f"## `{inner.command_path}{usage}`\n"
        yield _reflowed(inspect.cleandoc(command.help or "")) + "\n"
        records = [
            (one, one.get_help_record(inner)) for one in command.params if not getattr(one, "hidden", False)
        ]
        rows = [
            f"| `{_argument(one) if one.param_type_name == 'argument' else one.opts[0]}` | {_cell(record[1])} |"
            for one, record in records
            if record is not None and one.name not in ("help", "install_completion", "show_completion")
        ]
        if rows:
            yield "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _argument(one: Any) -> str:
    if one.metavar:
        return str(one.metavar)
    name = one.name.upper()
    return name if one.required else f"[{name}]"


def _reflowed(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


# Metrics


def _metrics() -> Iterator[str]:
    yield "| Metric | Kind | Labels | |\n|---|---|---|---|"
    for name, kind, labels, about in all_metrics():
        yield f"| `{name}` | {kind} | {', '.join(f'`{one}`' for one in labels)} | {_cell(about)} |"


def all_metrics() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Return (name, kind, labels, description) of every metric, by name."""
    assert composition  # this import declares all metrics
    found = []
    for collector in metrics._REGISTRY._collector_to_names:
        family = next(iter(collector.describe()))
        suffix = "_total" if family.type == "counter" else ""
        labels = tuple(getattr(collector, "_labelnames", ()))
        if getattr(collector, "_multiprocess_mode", "") == "liveall":
            labels += ("pid",)
        found.append((family.name + suffix, family.type, labels, family.documentation))
    yield from sorted(found)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    for name, file in PAGES.items():
        page = REFERENCE / file
        page.write_text(with_generated(page.read_text(), name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
