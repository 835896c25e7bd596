"""Failures: our error in place of each error of httpx2, in our words.

A text of the library may quote a header, so none is used. What the system says about a connection has no secret.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator

import httpx2

from holdfast_client.errors import BadAnswer, HoldfastError, NoServer, Unreachable


def error_in_place_of(
    error: httpx2.RequestError, url: str, *, was_reached: bool, is_local: bool
) -> HoldfastError:
    """Return the error of a request to `url` that got no answer, or an unreadable one."""
    for kind, text in _UNREADABLE.items():
        if isinstance(error, kind):
            return BadAnswer(f"The answer from {url} {text}.")
    system = next(_system_errors(error), None)
    reason = next(
        (text for kind, text in _IN_OUR_WORDS.items() if isinstance(error, kind)), "the connection failed"
    )
    if system is not None:
        reason = _words_of(system)
    found: HoldfastError
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        found = _not_connected(
            f"Cannot connect to {url}: {reason}.", was_reached=was_reached, is_local=is_local
        )
    else:
        found = Unreachable(f"No answer from {url}: {reason}.")
    found.__cause__ = system
    return found


_UNREADABLE: dict[type[httpx2.RequestError], str] = {
    httpx2.DecodingError: "cannot be decompressed",
    httpx2.TooManyRedirects: "is an endless redirect",
    httpx2.UnsupportedProtocol: "leads to an address that is not http:// or https://",
    httpx2.SSEError: "is not a stream of events",
}
_IN_OUR_WORDS: dict[type[httpx2.RequestError], str] = {
    httpx2.ConnectTimeout: "connecting took too long",
    httpx2.ReadTimeout: "it took too long",
    httpx2.WriteTimeout: "sending took too long",
    httpx2.PoolTimeout: "all connections of this client are in use",
    httpx2.ProxyError: "the proxy of the environment refused the connection",
    httpx2.RemoteProtocolError: "the connection ended early",
    httpx2.LocalProtocolError: "the request breaks the rules of HTTP",
}


def _not_connected(text: str, *, was_reached: bool, is_local: bool) -> Unreachable:
    if was_reached:
        return Unreachable(text)
    advice = (
        "Start a server there (`holdfast serve`), or name another one with HOLDFAST_URL or `url`."
        if is_local
        else "Check the address (HOLDFAST_URL or `url`), and that the server runs."
    )
    return NoServer(f"{text} {advice}")


def _system_errors(error: BaseException | None) -> Iterator[OSError]:
    """Yield the errors of the system behind an error of the library, the outermost first."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _system_errors(inner)
        error = error.__cause__ or error.__context__


def _words_of(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({(error.reason or 'unknown').lower().replace('_', ' ')})"
    if isinstance(error, socket.gaierror):
        return str(error.strerror)
    return os.strerror(error.errno or 0)
