"""Migrations: the steps (Alembic) that bring an existing database to `schema.sql`."""
