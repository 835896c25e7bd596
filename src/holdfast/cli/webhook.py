"""`holdfast webhook`: receivers of notices, and what became of each delivery."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID, uuid4

import typer

from holdfast.cli._consent import Yes, ask
from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table

if TYPE_CHECKING:
    from holdfast.delivery.delivery import Delivery
    from holdfast.delivery.webhooks.endpoint import WebhookEndpoint
    from holdfast.delivery.webhooks.store import Entry

__all__ = ["app"]

app = typer.Typer(
    help="Register and change receivers of notices, and look at their deliveries.",
    no_args_is_help=True,
    add_completion=False,
)

WebhookRef = Annotated[UUID, typer.Argument(metavar="WEBHOOK", help="The webhook's id.")]
_COLUMNS = (
    Column(name="url", is_text=True),
    Column(name="status"),
    Column(name="reason", is_optional=True),
    Column(name="kinds", rank=1, is_text=True, is_optional=True),
    Column(name="failing_since", rank=3, is_optional=True),
    Column(name="description", rank=2, is_text=True, is_optional=True),
    Column(name="created_at", rank=4),
    Column(name="id"),
)
_DELIVERIES = (
    Column(name="type"),
    Column(name="status"),
    Column(name="attempts", rank=2),
    Column(name="created_at", rank=3),
    Column(name="due_at", rank=4, is_optional=True),
    Column(name="last_answer", rank=1, is_text=True),
    Column(name="id"),
)


@app.command()
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the notices go: https://…")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="A kind of notice, such as booking.confirmed. Repeat it. Default: every kind."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="What the receiver is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a receiver. It prints the secret that signs the deliveries (Standard Webhooks)."""
    from holdfast.access.audit import Actor
    from holdfast.access.principals import MAIN
    from holdfast.api.webhook_changes import webhook_entry
    from holdfast.cli._database import BY, plain_errors, use_delivery
    from holdfast.delivery.webhooks.address import ForbiddenAddress
    from holdfast.inventory.notices import KINDS
    from holdfast.inventory.seating.label import normalise_name

    kinds = kind or []
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise fail(f"--kind: {unknown[0]!r} is not one of {', '.join(sorted(KINDS))}.", code=2)
    with plain_errors():
        about = None if description is None else normalise_name(description, pointer="/description")

    async def insert(delivery: Delivery) -> dict[str, Any]:
        try:
            delivery.webhooks.check_url(url)
        except ForbiddenAddress as refused:
            raise fail(f"{url[:200]} cannot be used: {refused}.") from None
        id = uuid4()
        entry = webhook_entry(Actor(principal=BY), "created", id, organisation=MAIN, url=url, kinds=kinds)
        made = await delivery.webhooks.store.insert(
            id=id, organisation=MAIN, url=url, kinds=kinds, description=about, by=BY, entry=entry
        )
        assert made is not None
        return _with_secret(delivery, made)

    print_record(use_delivery(insert), as_json=as_json)


@app.command("list")
def list_webhooks(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the receivers, oldest first, without their secrets."""
    from holdfast.cli._database import use_delivery

    async def find(delivery: Delivery) -> list[dict[str, Any]]:
        return [_record(each) for each in await delivery.webhooks.store.list_endpoints()]

    print_table(
        use_delivery(find), columns=_COLUMNS, none="There are no webhooks.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def disable(webhook: WebhookRef, as_json: AsJson = False) -> None:
    """Pause a receiver. It gets everything that it has missed when it is enabled again."""
    _change(webhook, "disabled", as_json=as_json)


@app.command()
def enable(webhook: WebhookRef, as_json: AsJson = False) -> None:
    """Enable a receiver, and send what it has missed."""
    _change(webhook, "enabled", as_json=as_json)


@app.command()
def delete(webhook: WebhookRef, yes: Yes = False) -> None:
    """Forget a receiver. Nothing more is sent to it, also not what it has missed."""
    ask(f"Delete the webhook {webhook}?", yes=yes)

    async def forget(delivery: Delivery, endpoint: WebhookEndpoint) -> None:
        await delivery.webhooks.delete(endpoint, entry=_entry("deleted", endpoint))

    _use(webhook, forget)


@app.command()
def rotate(webhook: WebhookRef, as_json: AsJson = False) -> None:
    """Print a new secret. For 24 hours deliveries are also signed with the former one."""

    async def change(delivery: Delivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
        rotated = await delivery.webhooks.store.rotate(webhook, entry=_entry("rotated", endpoint))
        assert rotated is not None
        return _with_secret(delivery, rotated)

    print_record(_use(webhook, change), as_json=as_json)


@app.command("test")
def send_test(webhook: WebhookRef, as_json: AsJson = False) -> None:
    """Send a notice of the type webhook.test. A worker of the server delivers it."""

    async def send(delivery: Delivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
        return {"delivery": await delivery.webhooks.send_test(endpoint)}

    print_record(_use(webhook, send), as_json=as_json)


@app.command()
def deliveries(
    webhook: WebhookRef,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Max number of deliveries.")] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List a receiver's deliveries, newest first. `holdfast jobs retry` sends one again."""

    async def find(delivery: Delivery, endpoint: WebhookEndpoint) -> list[dict[str, Any]]:
        return [
            {
                "type": job.request["type"],
                "status": job.status,
                "attempts": job.attempts,
                "created_at": job.created_at,
                "due_at": job.due_at if job.status == "due" else None,
                "last_answer": job.last_answer,
                "id": job.id,
            }
            for job in await delivery.webhooks.list_deliveries(endpoint, before=None, limit=limit)
        ]

    found = _use(webhook, find)
    none = "There are no deliveries."
    print_table(found, columns=_DELIVERIES, none=none, as_json=as_json, as_csv=as_csv)


def _use(id: UUID, work: Callable[[Delivery, WebhookEndpoint], Awaitable[Any]]) -> Any:
    """Run the work with the webhook. Raises typer.Exit if there is none."""
    from holdfast.cli._database import use_delivery
    from holdfast.errors import WebhookNotFound

    async def run(delivery: Delivery) -> Any:
        endpoint = await delivery.webhooks.store.find(id)
        if endpoint is None:
            raise WebhookNotFound
        return await work(delivery, endpoint)

    return use_delivery(run)


def _entry(done: str, endpoint: WebhookEndpoint) -> Entry:
    """Return what writes the entry of the audit."""
    from holdfast.access.audit import Actor
    from holdfast.api.webhook_changes import webhook_entry
    from holdfast.cli._database import BY

    return webhook_entry(Actor(principal=BY), done, endpoint.id, organisation=endpoint.organisation_number)


def _change(id: UUID, status: str, *, as_json: bool) -> None:
    async def change(delivery: Delivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
        from holdfast.access.audit import Actor
        from holdfast.api.webhook_changes import change_endpoint
        from holdfast.cli._database import BY

        changed = await change_endpoint(
            delivery.webhooks,
            endpoint,
            url=endpoint.url,
            kinds=endpoint.kinds,
            description=endpoint.description,
            status=status,
            by=Actor(principal=BY),
        )
        assert changed is not None
        return _record(changed)

    print_record(_use(id, change), as_json=as_json)


def _record(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {column.name: getattr(endpoint, column.name) for column in _COLUMNS} | {
        "kinds": list(endpoint.kinds)
    }


def _with_secret(delivery: Delivery, endpoint: WebhookEndpoint) -> dict[str, Any]:
    return _record(endpoint) | {
        "secret": delivery.webhooks.secrets.secret_of(endpoint.id, endpoint.generation)
    }
