"""Migrations: how an existing database arrives at `schema.sql`, one step after another (Alembic)."""
