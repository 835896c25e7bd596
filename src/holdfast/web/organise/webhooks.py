"""Webhooks: where notices go, what became of each delivery, and the buttons that test, retry, pause and delete."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, StringConstraints, ValidationError

from holdfast.access.permissions import Permission
from holdfast.api.request import Request
from holdfast.api.v1.webhooks import (
    ChangeWebhookIn,
    CreateWebhookIn,
    change_webhook,
    create_webhook,
    delete_webhook,
    get_webhook,
    list_deliveries,
    list_webhooks,
    retry_delivery,
    rotate_webhook,
    test_webhook,
)
from holdfast.api.values import DeliveryPath, WebhookPath
from holdfast.http.reply import Reply
from holdfast.http.routes import Routes
from holdfast.http.values import Cursor
from holdfast.inventory.notices import KINDS
from holdfast.web.languages import gettext
from holdfast.web.organise.frame import (
    RefusedCommand,
    StaffForm,
    done_text,
    from_staff,
    organiser_page,
    run,
)
from holdfast.web.page_routes import PageRoutes
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence

__all__ = ["as_list", "routes"]

routes: Routes = PageRoutes()

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
_DONE = {
    "test": lambda: gettext("A test is on its way. The list shows the answer."),
    "retry": lambda: gettext("The notice is sent again."),
    "pause": lambda: gettext("The webhook gets nothing until you enable it."),
    "enable": lambda: gettext("The webhook gets everything that it has missed."),
    "delete": lambda: gettext("The webhook is deleted."),
}


def as_list(value: Any) -> Any:
    """Return a field of a form as a list: one tick comes alone."""
    return [value] if isinstance(value, str) else value


class ReceiverIn(StaffForm):
    """Where the notices go, and which of them; none chosen means all."""

    url: _Line = ""
    description: _Line = ""
    kinds: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()


@routes.get("/organise/webhooks", policy=Permission.WEBHOOKS_WRITE)
async def show_webhooks(request: Request) -> Reply:
    """Show the organisation's webhooks."""
    return await _list_page(request, message=done_text(request, _DONE))


@routes.post("/organise/webhooks", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def add_webhook(request: Request, form: ReceiverIn) -> Reply:
    """Register a receiver, and show the secret that signs its notices, once."""
    try:
        asked = CreateWebhookIn.model_validate(
            {"url": form.url, "kinds": list(form.kinds), "description": form.description or None}
        )
    except ValidationError:
        says = gettext("Write an address that begins with https://.")
        return await _list_page(
            request,
            message=Sentence(title=gettext("Nothing is registered"), says=says),
            typed=form,
            status=422,
        )
    made = await run(request, create_webhook(request, asked))
    if isinstance(made, RefusedCommand):
        errors = made.members.get("errors") or [{"detail": made.message.says}]
        message = Sentence(title=gettext("Nothing is registered"), says=errors[0]["detail"], tone="bad")
        return await _list_page(request, message=message, typed=form, status=made.status)
    return await _webhook_page(request, UUID(str(made["id"])), secret=made["secret"])


@routes.get("/organise/webhooks/{webhook}", policy=Permission.WEBHOOKS_WRITE)
async def show_webhook(request: Request, webhook: WebhookPath, cursor: Cursor | None = None) -> Reply:
    """Show a webhook and its deliveries, newest first."""
    return await _webhook_page(request, webhook, cursor=cursor, message=done_text(request, _DONE))


@routes.post("/organise/webhooks/{webhook}/test", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def send_test(request: Request, webhook: WebhookPath, form: StaffForm) -> Reply:
    """Send a notice that only tests the receiver."""
    del form  # its button says all
    return await _after(request, webhook, test_webhook(request, webhook), "test")


@routes.post("/organise/webhooks/{webhook}/pause", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def pause_webhook(request: Request, webhook: WebhookPath, form: StaffForm) -> Reply:
    """Send nothing until it is enabled again."""
    del form
    return await _after(
        request, webhook, change_webhook(request, webhook, ChangeWebhookIn(status="disabled")), "pause"
    )


@routes.post("/organise/webhooks/{webhook}/enable", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def enable_webhook(request: Request, webhook: WebhookPath, form: StaffForm) -> Reply:
    """Send everything that it has missed, and what follows."""
    del form
    return await _after(
        request, webhook, change_webhook(request, webhook, ChangeWebhookIn(status="enabled")), "enable"
    )


@routes.post("/organise/webhooks/{webhook}/rotate", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def renew_secret(request: Request, webhook: WebhookPath, form: StaffForm) -> Reply:
    """Make a new secret, and show it, once."""
    del form
    made = await rotate_webhook(request, webhook)
    return await _webhook_page(request, webhook, secret=made["secret"])


@routes.post("/organise/webhooks/{webhook}/delete", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def remove_webhook(request: Request, webhook: WebhookPath, form: StaffForm) -> Reply:
    """Forget a webhook."""
    del form
    await delete_webhook(request, webhook)
    return redirect(request, "organise/webhooks?done=delete")


@routes.post("/organise/webhooks/{webhook}/deliveries/{delivery}/retry", policy=Permission.WEBHOOKS_WRITE)
@from_staff
async def send_again(
    request: Request, webhook: WebhookPath, delivery: DeliveryPath, form: StaffForm
) -> Reply:
    """Send a notice again."""
    del form
    return await _after(request, webhook, retry_delivery(request, webhook, delivery), "retry")


async def _after(request: Request, webhook: UUID, command: Any, done: str) -> Reply:
    result = await run(request, command)
    if isinstance(result, RefusedCommand):
        return await _webhook_page(request, webhook, message=result.message, status=result.status)
    return redirect(request, f"organise/webhooks/{webhook}?done={done}")


async def _list_page(
    request: Request, *, message: Sentence | None, typed: ReceiverIn | None = None, status: int = 200
) -> Reply:
    return await organiser_page(
        request,
        "organise_webhooks.html",
        here="organise/webhooks",
        tab="settings",
        status=status,
        message=message,
        webhooks=(await list_webhooks(request))["items"],
        kinds=sorted(KINDS),
        typed={} if typed is None else typed.model_dump(),
    )


async def _webhook_page(
    request: Request,
    webhook: UUID,
    *,
    cursor: str | None = None,
    secret: str | None = None,
    message: Sentence | None = None,
    status: int = 200,
) -> Reply:
    known = await get_webhook(request, webhook)
    found = await list_deliveries(request, webhook, cursor=cursor)
    return await organiser_page(
        request,
        "organise_webhook.html",
        here=f"organise/webhooks/{webhook}",
        tab="settings",
        status=status,
        message=message,
        webhook=known,
        secret=secret,
        deliveries=found["items"],
        older=found["next"],
    )
