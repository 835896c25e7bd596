"""Seats have traits, maps draw areas, and venues keep seat maps."""

from __future__ import annotations

from pathlib import Path

from holdfast.postgres.migrations.statements import run_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file(Path(__file__).with_suffix(".sql"))


def downgrade() -> None:
    raise NotImplementedError("Downgrade is not supported; restore a backup.")
