"""The identity of a hold's buyer, beside the text as given: `max_per_buyer` counts by it."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from sqlalchemy import Connection

from holdfast.identity import identity_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000
_UNUSUAL = """
    SELECT event_number, id, buyer FROM holds
    WHERE status IN ('active', 'confirmed') AND buyer !~ '^[!-@[-~]+( [!-@[-~]+)*$' COLLATE "C"
"""
"""Live holds whose buyer is not plainly its own identity: it has capitals, other white space, or is not ASCII."""
_NAME = "UPDATE holds SET buyer_identity = %s WHERE event_number = %s AND id = %s"


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())
    _name_live_holds(connection)


def _name_live_holds(connection: Connection) -> None:
    """Give live holds of before their identity. The lock of the new column keeps other holds out until the commit."""
    found = connection.exec_driver_sql(_UNUSUAL)
    while rows := found.fetchmany(_AT_ONCE):
        named = [(identity_of(buyer), number, id) for number, id, buyer in rows]
        changed = [
            (identity, number, id)
            for (identity, number, id), row in zip(named, rows, strict=True)
            if identity != row[2]
        ]
        if changed:
            connection.exec_driver_sql(_NAME, changed)


def downgrade() -> None:
    raise NotImplementedError("Downgrade is not supported; restore a backup.")
