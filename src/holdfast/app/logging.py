"""Logging: one line per message on standard error, for people or for machines, without secrets."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

from holdfast.app.settings import LogFormat, Settings
from holdfast.http.redaction import redact

__all__ = ["capture_crashes", "configure_logging"]

_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):[^@\s]+(?=@)")
_SECRET_NAMES = frozenset(
    {"authorization", "cookie", "hold_token", "hold-token", "password", "secret_key", "set-cookie"}
)


def configure_logging(settings: Settings) -> None:
    """Send the messages of structlog and of the standard library the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
        _fold,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level.value),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.value.upper())
    # The supervisor reports the start and stop of every worker.
    logging.getLogger("uvicorn").setLevel(max(root.level, logging.WARNING))


def capture_crashes() -> None:
    """Log what Python would print by itself: warnings, and exceptions that end the process or a thread."""
    log = structlog.get_logger("holdfast.worker")

    def crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.critical("crashed", exc_info=(kind, error, trace))

    def thread_crashed(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None:
            log.error("thread_crashed", exc_info=(given.exc_type, given.exc_value, given.exc_traceback))

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
    logging.captureWarnings(capture=True)


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        event[name] = "[secret]" if name.lower() in _SECRET_NAMES else _without_secrets(value)
    return event


def _fold(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write a message in one line. Some messages of libraries have several. A traceback keeps its lines."""
    event["event"] = " ".join(str(event["event"]).split())
    return event


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return redact(_PASSWORD_IN_URL.sub(r"\1:[secret]", value))
    if isinstance(value, Mapping):
        return {
            name: "[secret]" if str(name).lower() in _SECRET_NAMES else _without_secrets(one)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(one) for one in value]
    return value
