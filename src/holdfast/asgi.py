"""`uvicorn holdfast.asgi:app`: one worker by hand, over a database of your own (HOLDFAST_DATABASE_URL)."""

from __future__ import annotations

from holdfast.app.composition import build_app
from holdfast.app.settings import load_settings

app = build_app(load_settings())
