"""Setting values: the choices of settings, and the folder that a server uses by default."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from holdfast.delivery.mail.message import parse_sender
from holdfast.languages import LANGUAGES
from holdfast.process.errors import CannotStart
from holdfast.process.folders import can_reach, server_user

__all__ = [
    "BookingMailMode",
    "LogFormat",
    "LogLevel",
    "MailSender",
    "SpokenLanguage",
    "absolute_path",
    "booking_mail_mode",
    "check_certificate",
    "default_data_dir",
]

_YES = ("true", "1", "yes", "on", "t", "y")
_NO = ("false", "0", "no", "off", "f", "n")


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class BookingMailMode(StrEnum):
    """What buyers are mailed: nothing, their tickets, or only where these are."""

    OFF = "false"
    ON = "true"
    LINK = "link"


def booking_mail_mode(value: object) -> object:
    """Return the form of a value that a choice is written in: this one was a switch, with the words of one."""
    text = str(value).lower()
    if text in _YES:
        return BookingMailMode.ON
    return BookingMailMode.OFF if text in _NO else text


def checked_pass_certificate(file: Path) -> Path:
    """Return the path of a file that can sign passes for Apple Wallet. Raises ValueError."""
    from holdfast.tickets.wallets.pass_certificate import load_pass_certificate

    load_pass_certificate(file)
    return file


def checked_wallet_account(file: Path) -> Path:
    """Return the path of a file of an account of Google. Raises ValueError."""
    from holdfast.tickets.wallets.google_wallet import load_wallet_account

    load_wallet_account(file)
    return file


def check_certificate(certfile: Path | None, keyfile: Path | None) -> None:
    """Check the files of a server that speaks HTTPS by itself. Raises CannotStart."""
    from holdfast.http.server.tls import load_tls

    if certfile is None:
        if keyfile is not None:
            raise CannotStart(
                "HOLDFAST_KEYFILE has no use without HOLDFAST_CERTFILE: name the certificate, too."
            )
        return
    try:
        load_tls(certfile, keyfile)
    except ValueError as error:
        raise CannotStart(f"HOLDFAST_CERTFILE cannot be used: {error}.") from None


def _spoken(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"must be one of {', '.join(LANGUAGES)}")
    return value


def _sender(value: str) -> str:
    try:
        parse_sender(value)
    except ValueError:
        raise ValueError("must be an address, or a name and <an address>") from None
    return value


SpokenLanguage = Annotated[str, AfterValidator(_spoken)]
MailSender = Annotated[str, AfterValidator(_sender)]


def default_data_dir() -> Path:
    """Return `.holdfast` here; for root, `/var/lib/holdfast` if PostgreSQL's own user cannot reach `.holdfast`."""
    here = absolute_path(Path(".holdfast"))
    if os.geteuid() != 0 or can_reach(here / "postgres", server_user()):
        return here
    return Path("/var/lib/holdfast")


def absolute_path(path: Path) -> Path:
    try:
        return path.absolute()
    except FileNotFoundError:
        raise CannotStart(
            "The current folder no longer exists: change to another one, and set HOLDFAST_DATA_DIR to an absolute path."
        ) from None
