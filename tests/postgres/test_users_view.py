"""The view `users`, through which servers of generations before 12 read and write accounts."""

from __future__ import annotations

import psycopg

OLD_INSERT = """
INSERT INTO users (id, name, phone_number, email, email_folded, password_hash, created_at)
VALUES (nextval('dialect_numbers'), 'Ada', '1', 'Ada@example.org', 'ada@example.org', 'x', statement_timestamp())
ON CONFLICT (email_folded) DO NOTHING
RETURNING id, created_at
"""
OLD_SELECT = "SELECT id, name, phone_number, email, created_at FROM users WHERE id = %s"


def test_an_older_server_makes_and_reads_accounts(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        made = connection.execute(OLD_INSERT).fetchone()
        assert made is not None
        assert connection.execute(OLD_INSERT).fetchone() is None
        found = connection.execute(OLD_SELECT, (made[0],)).fetchone()
        assert found == (made[0], "Ada", "1", "Ada@example.org", made[1])
        assert connection.execute("SELECT email FROM accounts").fetchall() == [("Ada@example.org",)]
