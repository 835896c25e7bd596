"""Codes, links and seeds come from the system's generator, and from nothing that can be predicted (ASVS 6.5.3)."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from holdfast.access import second_factors
from holdfast.access.notices import Notices
from holdfast.access.second_factors import SecondFactors
from holdfast.postgres.connections import Connections

SOURCE = Path(second_factors.__file__).parents[1]
KEY = b"the server's key, of 32 letters."


def seed_of(id: UUID) -> str:
    return SecondFactors(Connections("postgresql://nowhere"), KEY, Notices(None))._secret(id)


@pytest.mark.parametrize("make", [second_factors._new_code, lambda: seed_of(uuid4())], ids=["code", "seed"])
def test_a_secret_is_as_random_as_the_system(make: Callable[[], str], monkeypatch: pytest.MonkeyPatch):
    """With a generator that always says the same, each secret is always the same."""
    assert len({make() for _ in range(50)}) == 50
    for module, name in ((os, "urandom"), (second_factors.secrets, "token_bytes")):
        monkeypatch.setattr(module, name, bytes)
    assert len({make() for _ in range(50)}) == 1


def test_a_seed_has_160_bits_and_belongs_to_one_account():
    ids = [uuid4() for _ in range(50)]
    assert {len(seed_of(id)) * 5 for id in ids} == {160}
    assert len({seed_of(id) for id in ids}) == len(ids)


def test_no_module_that_makes_secrets_has_the_predictable_generator():
    """`random` is for pauses, samples and names that anybody may know. No package that makes secrets imports it."""
    found = [
        str(path.relative_to(SOURCE))
        for package in ("access", "api", "tickets")
        for path in (SOURCE / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if "random" in _imported(node)
    ]
    assert found == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
