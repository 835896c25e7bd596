"""`holdfast staff`: the members of an organisation and their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from holdfast.access.permissions import Role
from holdfast.cli._languages import InLanguage, language_of
from holdfast.cli._organisation import MAIN_SLUG, ForOrganisation
from holdfast.cli.output import AsCsv, AsJson, Column, fail, print_record, print_table
from holdfast.identity import is_email

if TYPE_CHECKING:
    from holdfast.access.second_factors import Factors

__all__ = ["app"]

app = typer.Typer(
    help="List, invite and remove the members of an organisation, change their roles, and help who is locked out.",
    no_args_is_help=True,
    add_completion=False,
)

_COLUMNS = (
    Column(name="email"),
    Column(name="name", is_text=True),
    Column(name="role"),
    Column(name="created_at", rank=1),
)
Address = Annotated[str, typer.Argument(metavar="EMAIL", help="The account's e-mail address.")]


@app.command("list")
def list_members(
    organisation: ForOrganisation = MAIN_SLUG, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """List the members of an organisation."""
    from holdfast.access.access import Access
    from holdfast.cli._database import use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory

    async def find(_: Inventory, access: Access) -> list[dict[str, Any]]:
        number = await organisation_number(access, organisation)
        members = await access.organisations.list_members(number)
        return [{column.name: getattr(member, column.name) for column in _COLUMNS} for member in members]

    print_table(
        use_contexts(find), columns=_COLUMNS, none="There are no members.", as_json=as_json, as_csv=as_csv
    )


@app.command()
def invite(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The address that gets the invitation.")],
    role: Annotated[Role, typer.Argument(help="The role, whose permissions the page of rights lists.")],
    organisation: ForOrganisation = MAIN_SLUG,
    language: InLanguage = None,
    as_json: AsJson = False,
) -> None:
    """Send an invitation. Its link works once, within 24 hours. `holdfast mailbox` shows a mail that is kept."""
    from holdfast.access.access import Access
    from holdfast.access.audit import OPERATOR
    from holdfast.cli._database import use_mailing_access
    from holdfast.cli._organisation import organisation_number
    from holdfast.languages import speaking

    spoken = language_of(language)

    async def send(access: Access) -> None:
        number = await organisation_number(access, organisation)
        with speaking(spoken):
            await access.invitations.invite(number, email, role, by=OPERATOR)

    if not is_email(email):
        raise fail(f"{email} is not an e-mail address, such as ada@example.org.", code=2)
    use_mailing_access(send)
    print_record({"email": email, "role": role.value, "organisation": organisation}, as_json=as_json)


@app.command()
def role(
    email: Address,
    role: Annotated[Role, typer.Argument(help="The role, whose permissions the page of rights lists.")],
    organisation: ForOrganisation = MAIN_SLUG,
    as_json: AsJson = False,
) -> None:
    """Give an account a role. An account that is no member becomes one.

    The first member ends open mode, as the first key does. The last owner keeps the role.
    """
    from holdfast.access.access import Access
    from holdfast.access.audit import OPERATOR
    from holdfast.cli._database import use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory

    async def change(_: Inventory, access: Access) -> None:
        number = await organisation_number(access, organisation)
        await access.organisations.set_role(number, email, role, by=OPERATOR)

    use_contexts(change)
    print_record({"email": email, "role": role.value, "organisation": organisation}, as_json=as_json)


@app.command()
def remove(email: Address, organisation: ForOrganisation = MAIN_SLUG, as_json: AsJson = False) -> None:
    """End a membership. The account stays, as a buyer. The last owner cannot be removed."""
    from holdfast.access.access import Access
    from holdfast.access.audit import OPERATOR
    from holdfast.cli._database import use_contexts
    from holdfast.cli._organisation import organisation_number
    from holdfast.inventory.inventory import Inventory

    async def end(_: Inventory, access: Access) -> None:
        number = await organisation_number(access, organisation)
        await access.organisations.remove(number, email, by=OPERATOR)

    use_contexts(end)
    print_record({"email": email, "organisation": organisation, "removed": True}, as_json=as_json)


@app.command()
def factors(email: Address, as_json: AsJson = False) -> None:
    """Show which second factors an account has."""
    from holdfast.access.access import Access
    from holdfast.cli._database import use_contexts
    from holdfast.inventory.inventory import Inventory

    async def find(_: Inventory, access: Access) -> Factors:
        return await access.factor_resets.show(email)

    _print_factors(email, use_contexts(find), as_json=as_json)


@app.command("reset-factors")
def reset_factors(email: Address, as_json: AsJson = False) -> None:
    """Remove every second factor of a colleague who is locked out, and show what there was.

    Make sure first who asks: who has the password can sign in then. All sessions of the account end. The audit of
    its organisations says so.
    """
    from holdfast.access.access import Access
    from holdfast.access.audit import OPERATOR
    from holdfast.cli._database import use_contexts
    from holdfast.inventory.inventory import Inventory

    async def reset(_: Inventory, access: Access) -> Factors:
        return await access.factor_resets.reset(email, by=OPERATOR)

    _print_factors(email, use_contexts(reset), as_json=as_json)


def _print_factors(email: str, found: Factors, *, as_json: bool) -> None:
    record = {
        "email": email,
        "app": found.has_app,
        "recovery_codes": found.recovery_codes,
        "passkeys": found.passkeys,
        "required": found.is_required,
    }
    print_record(record, as_json=as_json)
