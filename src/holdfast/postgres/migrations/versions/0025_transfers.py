"""Let a booking go to another person."""

from __future__ import annotations

from pathlib import Path

from holdfast.postgres.migrations.statements import run_file

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise NotImplementedError("Downgrade is not supported; restore a backup.")
