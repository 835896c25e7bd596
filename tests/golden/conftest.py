"""Fixtures of the golden files: an application, and the document that it serves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from golden.asking import Deployment, open_deployment
from golden.walking import Document
from support.postgres import TestDatabases


@pytest.fixture
async def deployment(databases: TestDatabases) -> AsyncIterator[Deployment]:
    async with open_deployment(databases) as one:
        yield one


@pytest.fixture
async def document(deployment: Deployment) -> Document:
    return await Document.of(deployment)
