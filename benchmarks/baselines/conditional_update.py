"""Conditional `UPDATE`: FastAPI and asyncpg, one statement that takes the admissions if they are there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it has no types
from fastapi import FastAPI, HTTPException, Request

from benchmarks.baselines.forms import DATABASE_URL, POOL, HoldIn, HoldOut, NewHold

TAKE = """
WITH taken AS (
    UPDATE shop_events SET taken = taken + $3 WHERE id = $2 AND capacity - taken >= $3 RETURNING id
)
INSERT INTO shop_holds (id, event_id, quantity, token_hash, placed_at, expires_at)
SELECT $1, taken.id, $3, $4, $5, $6 FROM taken
RETURNING id
"""
"""One round trip and no explicit transaction: the quickest that this way can be."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(DATABASE_URL, min_size=POOL, max_size=POOL) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/holds", status_code=201)
async def place_hold(asked: HoldIn, request: Request) -> HoldOut:
    pool = request.app.state.pool
    new = NewHold(asked)
    row = (new.id, asked.event, new.quantity, new.token_hash, new.placed_at, new.expires_at)
    if await pool.fetchval(TAKE, *row) is None:
        if await pool.fetchval("SELECT id FROM shop_events WHERE id = $1", asked.event) is None:
            raise HTTPException(404, "There is no such event.")
        raise HTTPException(409, "There are not enough admissions left.")
    return new.answer()
