"""SMTP: one mail server, and what its answers mean for a job.

A connection that breaks after DATA leaves the outcome unknown. The mail is sent again, with the same `Message-ID`.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from holdfast.delivery.jobs import Done, Later, Outcome, Parked

__all__ = ["SmtpServer", "parse_smtp_url"]

_TIMEOUT_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}
_FORM = (
    "must be smtp://host or smtps://host, with user:password@ and :port as needed; in a user and a password, "
    "write @ as %40, / as %2F, : as %3A"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """`tls`: from the first byte (`direct`), by STARTTLS, or none."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None

    async def send(self, message: EmailMessage) -> Outcome:
        """Send a message to its one recipient."""
        import aiosmtplib

        try:
            _, answer = await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                use_tls=self.tls == "direct",
                start_tls=self.tls == "starttls",
                username=self.user,
                password=self.password,
                timeout=_TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            refused = error.recipients[0]
            return _of_code(refused.code, refused.message)
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            return _of_code(error.code, error.message)
        except aiosmtplib.SMTPNotSupported as error:
            return Parked(answer=f"The mail server cannot take it: {error}")
        except (
            aiosmtplib.SMTPResponseException
        ) as error:  # at the greeting, at the sign-in: a setting can fix it
            return Later(answer=f"{error.code} {error.message}", code=error.code)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Later(answer=f"{type(error).__name__}: {error}")
        return Done(answer=answer, code=250)


def _of_code(code: int, text: str) -> Outcome:
    """Return what a refusal means. 4xx is for now (greylisting, a full mailbox), 5xx for good (RFC 5321)."""
    answer = f"{code} {text}"
    return Parked(answer=answer, code=code) if code >= 500 else Later(answer=answer, code=code)


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server of `smtp://user:password@host:port` or `smtps://…`. Raises ValueError, without the password.

    `smtp` needs STARTTLS, except on this machine or with `?tls=off`.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may quote the password
        raise ValueError(_FORM) from None
    query = parse_qs(parts.query)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(_FORM)
    if query not in ({}, {"tls": ["off"]}) or (query and parts.scheme == "smtps"):
        raise ValueError("may end in ?tls=off, only for smtp://")
    tls = "direct" if parts.scheme == "smtps" else "none" if query or _is_here(parts.hostname) else "starttls"
    return SmtpServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=tls,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
