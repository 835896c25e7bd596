"""Let a booking return a part of its admissions, and have others instead."""

from __future__ import annotations

from pathlib import Path

from holdfast.postgres.migrations.statements import run_file

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise NotImplementedError("Downgrade is not supported; restore a backup.")
