"""A route of ours, and a router of another program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request, WebSocket
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.errors import SoldOut
from holdfast.http.application import Application
from holdfast.http.request import Request as OwnRequest
from holdfast.http.routes import Routes
from support.http_surface import client_of, layer_of

HOST = b"Host: localhost\r\n"
own = Routes(tag="tests")


@own.get("/v1/own", policy=Permission.PUBLIC)
async def get_own(request: OwnRequest) -> dict[str, str]:
    return {"by": "us"}


class Order(BaseModel):
    sku: str
    count: int = Field(ge=1)


def discount(percent: int = 0) -> int:
    return percent


def who() -> str:
    return "nobody"


def shop() -> APIRouter:
    """A router of another developer, with one route for each use of FastAPI."""
    router = APIRouter(prefix="/shop", tags=["shop"])

    @router.get("/items/{item}")
    async def get_item(item: int, percent: Annotated[int, Depends(discount)]) -> dict[str, int]:
        return {"item": item, "percent": percent}

    @router.post("/orders", status_code=201)
    async def make_order(order: Order, tasks: BackgroundTasks, request: Request) -> Order:
        tasks.add_task(request.app.state.done.append, order.sku)
        return order

    @router.get("/numbers")
    async def numbers() -> StreamingResponse:
        async def each() -> AsyncIterator[str]:
            for number in range(3):
                yield f"{number}\n"

        return StreamingResponse(each(), media_type="text/plain")

    @router.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>Hello</p>", headers={"referrer-policy": "origin"})

    @router.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "No coffee here.", headers={"X-Tea": "green"})

    @router.get("/refused")
    async def refused() -> None:
        raise SoldOut(available=0)

    @router.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError

    @router.get("/id")
    async def show_id(request: Request) -> dict[str, str]:
        return {"url": str(request.url_for("get_item", item=7))}

    @router.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    return router


@pytest.fixture
def app() -> Application:
    """An application without a database, with one own route and the shop's."""
    made = layer_of(own)
    made.include_router(shop())
    made.state.done = []
    return made


@pytest.fixture
async def http(app: Application) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app) as client:
        yield client
