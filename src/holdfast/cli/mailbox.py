"""`holdfast mailbox`: the mail that the server has sent, or kept because there is no mail server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from holdfast.cli.output import AsJson, print_json, print_record

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def mailbox(
    to: Annotated[str | None, typer.Option(help="Only mail to this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Max mails to read.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show the newest mail first, with its secret links. A link works for anyone who has it."""
    from holdfast.cli._database import use_delivery
    from holdfast.delivery.delivery import Delivery
    from holdfast.delivery.mail.mailer import Mail

    async def find(delivery: Delivery) -> Sequence[Mail]:
        return await delivery.mailer.list_mail(limit=limit)

    found = [mail for mail in use_delivery(find) if to in (None, mail.to)]
    records = [
        {
            "id": mail.id,
            "to": mail.to,
            "subject": mail.subject,
            "created_at": mail.created_at,
            "status": mail.status,
            "last_answer": mail.last_answer,
        }
        for mail in found
    ]
    if as_json:
        print_json([{**record, "text": mail.text} for record, mail in zip(records, found, strict=True)])
        return
    if not found:
        typer.echo("There is no mail.", err=True)
    for record, mail in zip(records, found, strict=True):
        print_record(record)
        typer.echo(f"\n{mail.text}\n")
