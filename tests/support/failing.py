"""What tests of failures need: a retry key, the number of rows, and a database that refuses holds."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from holdfast.inventory.rules import commands as c
from support.selling import sql


def a_key(text: str) -> c.RetryKey[Any]:
    digest = sha256(text.encode()).digest()
    return c.RetryKey(
        scope=digest,
        body=digest,
        render=lambda outcome: c.StoredAnswer(status=201, body=repr(outcome).encode()),
    )


def count(url: str, table: str) -> int:
    return int(sql(url, f"SELECT count(*) FROM {table}")[0][0])


def fail_holds(url: str, sqlstate: str, *, at_commit: bool, times: int = 1, table: str = "holds") -> None:
    """Make the first inserts of holds fail, or the COMMIT behind them. The session goes on."""
    sql(url, "CREATE SEQUENCE failures")
    sql(
        url,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF nextval('failures') <= {times} THEN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END IF;"
        " RETURN NULL; END $$",
    )
    form = ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED") if at_commit else ("", "")
    sql(
        url,
        f"CREATE {form[0]} TRIGGER fail AFTER INSERT ON {table} {form[1]} FOR EACH ROW EXECUTE FUNCTION fail()",
    )
