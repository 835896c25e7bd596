"""`FOR UPDATE`: FastAPI and SQLAlchemy, a transaction per request that locks the event's row, looks, and writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import BigInteger, DateTime, ForeignKey
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.baselines.forms import DATABASE_URL, POOL, HoldIn, HoldOut, NewHold

inventory = create_async_engine(
    make_url(DATABASE_URL).set(drivername="postgresql+asyncpg"), pool_size=POOL, max_overflow=0
)
new_session = async_sessionmaker(inventory, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class Event(Base):
    __tablename__ = "shop_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    capacity: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger)


class Hold(Base):
    __tablename__ = "shop_holds"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("shop_events.id"))
    quantity: Mapped[int]
    token_hash: Mapped[bytes]
    placed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as one:
        yield one


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await inventory.dispose()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/holds", status_code=201)
async def place_hold(asked: HoldIn, db: Annotated[AsyncSession, Depends(session)]) -> HoldOut:
    new = NewHold(asked)
    async with db.begin():
        event = await db.get(Event, asked.event, with_for_update=True)
        if event is None:
            raise HTTPException(404, "There is no such event.")
        if event.capacity - event.taken < new.quantity:
            raise HTTPException(409, "There are not enough admissions left.")
        event.taken += new.quantity
        db.add(
            Hold(
                id=new.id,
                event_id=event.id,
                quantity=new.quantity,
                token_hash=new.token_hash,
                placed_at=new.placed_at,
                expires_at=new.expires_at,
            )
        )
    return new.answer()
