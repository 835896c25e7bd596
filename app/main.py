"""`uvicorn app.main:app --port 8001`, as the ticketing document starts it, over the database of DATABASE_URL."""

from __future__ import annotations

import sys
from pathlib import Path

try:
    import holdfast  # noqa: F401 - is it installed?
except (
    ModuleNotFoundError
):  # `pip install -r requirements.txt` brings what it stands on, and the checkout is here
    sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from holdfast.app.standalone import build_by_hand

app = build_by_hand()
