"""The identity of a hold's buyer, beside the text as given: `max_per_buyer` counts by it."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from sqlalchemy import Connection

from holdfast.identity import identity_of
from holdfast.postgres.migrations.statements import run_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000


def upgrade() -> None:
    run_file(Path(__file__).with_suffix(".sql"))
    _name_live_holds(op.get_bind())


def _statement(what: str) -> str:
    return Path(__file__).with_name(f"0005_buyer_identity{what}.sql").read_text("utf-8")


def _name_live_holds(connection: Connection) -> None:
    """Give live holds of before their identity. The lock of the new column keeps other holds out until the commit."""
    found = connection.exec_driver_sql(_statement("_unusual"))
    name = _statement("_name")
    while rows := found.fetchmany(_AT_ONCE):
        changed = [
            (identity, number, id) for number, id, buyer in rows if (identity := identity_of(buyer)) != buyer
        ]
        if changed:
            connection.exec_driver_sql(name, changed)


def downgrade() -> None:
    raise NotImplementedError("Downgrade is not supported; restore a backup.")
