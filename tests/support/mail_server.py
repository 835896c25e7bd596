"""A mail server for tests, which may refuse, postpone, or break off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

GREYLISTED = "451 4.7.1 Greylisted, try again later"


@dataclass
class Inbox:
    """`at_recipient` and `at_data` are the answers of the next attempts; then it accepts.

    The next `cuts` connections break off after DATA.
    """

    port: int = 0
    at_recipient: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)
    cuts: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        del server, session, options
        if self.at_recipient:
            return self.at_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        del session
        if self.at_data:
            return self.at_data.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients += envelope.rcpt_tos
        if self.cuts:
            self.cuts -= 1
            assert server.transport is not None
            server.transport.close()
        return "250 Accepted"


@asynccontextmanager
async def mail_server(inbox: Inbox) -> AsyncIterator[Inbox]:
    """Run a mail server on a free port, or on the inbox's former one, in this loop."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(inbox, hostname="mail.test", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", inbox.port
    )
    inbox.port = server.sockets[0].getsockname()[1]
    try:
        yield inbox
    finally:
        server.close()
        await server.wait_closed()
