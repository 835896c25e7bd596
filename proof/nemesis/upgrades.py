"""Upgrades: the next version of the product, its migration under load, and two versions side by side.

The next version is the current one with one more migration. That only adds, like the coming ones, and
declares that the older servers remain supported.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg

import holdfast
from proof.nemesis.fault import Fault
from proof.system import Deployment

_MIGRATION = '''"""A synthetic migration, {number:04}, which only adds."""

from __future__ import annotations

from alembic import op

revision = "{number:04}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE bookings ADD COLUMN proof_{number} text")
    op.execute("ALTER TABLE holds ADD COLUMN proof_{number} integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE claims ADD COLUMN proof_{number} boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX bookings_proof_{number} ON bookings (event_number, proof_{number})")
    op.execute("CREATE TABLE proof_{number} (event_number bigint NOT NULL PRIMARY KEY, note text)")
    op.execute("UPDATE schema_generation SET generation = {generation}")
'''


def next_version(deployment: Deployment, source: Path | None, *, generation: int) -> Path:
    """Return a folder with the package of `source` (None: the installed one), one more migration, and `generation`."""
    here = source / "holdfast" if source else Path(holdfast.__file__).parent
    folder = deployment.folder / f"version-{generation}"
    if folder.exists():
        return folder
    package = folder / "holdfast"
    shutil.copytree(here, package, ignore=shutil.ignore_patterns("__pycache__"))
    versions = package / "postgres" / "migrations" / "versions"
    heads = sorted(path.stem.partition("_")[0] for path in versions.glob("[0-9]*.py"))
    number = int(heads[-1]) + 1
    text = _MIGRATION.format(number=number, before=heads[-1], generation=generation)
    (versions / f"{number:04}_proof.py").write_text(text)
    schema = package / "postgres" / "schema.py"
    changed, times = re.subn(
        r"^GENERATION = \d+$", f"GENERATION = {generation}", schema.read_text(), flags=re.MULTILINE
    )
    if times != 1:
        raise RuntimeError(f"{schema} has no line with its generation")
    schema.write_text(changed)
    return folder


class _Upgrade(Fault):
    needs = frozenset({"external"})
    alone = True
    within_seconds = 3.0

    def migrate(self) -> Path:
        """Run `holdfast db upgrade` of the next version while all servers sell; return the folder of that version."""
        with psycopg.connect(self.deployment.cluster.url) as session:
            found = session.execute("SELECT generation FROM schema_generation").fetchone()
        assert found is not None
        present = self.deployment.newest or self.deployment.source
        source = next_version(self.deployment, present, generation=found[0] + 1)
        self.deployment.holdfast("db", "upgrade", source=source)
        self.deployment.newest = source
        return source


class Migrate(_Upgrade):
    """The next version's migration while the current version sells."""

    name = "migrate"

    def start(self) -> Mapping[str, object]:
        return {"version": self.migrate().name}


class SideBySide(_Upgrade):
    """The migration, then half of the servers on the next version for some time, then all of them."""

    name = "side-by-side"
    needs = frozenset({"external", "two-servers"})
    seconds = (5.0, 15.0)
    short_seconds = (2.0, 4.0)

    def start(self) -> Mapping[str, object]:
        source = self.migrate()
        servers = self.deployment.servers
        first = self.chance.sample(servers, k=len(servers) // 2)
        for server in first:
            server.source = source
            server.restart()
        return {"version": source.name, "servers": [server.name for server in first]}

    def heal(self) -> Mapping[str, object]:
        for server in self.deployment.servers:
            if self.deployment.newest is not None and server.source != self.deployment.newest:
                server.source = self.deployment.newest
                server.restart()
        return {}


class RollBack(_Upgrade):
    """Servers of the previous version on the next schema: the way back from a bad release."""

    name = "roll-back"
    seconds = (3.0, 8.0)
    short_seconds = (1.0, 2.0)

    def start(self) -> Mapping[str, object]:
        before = [server.source for server in self.deployment.servers]
        source = self.migrate()
        for server in self.deployment.servers:
            server.source = source
            server.restart()
        for server, old in zip(self.deployment.servers, before, strict=True):
            server.source = old
            server.restart()
        return {"version": source.name}


ALL: tuple[type[Fault], ...] = (Migrate, SideBySide, RollBack)
