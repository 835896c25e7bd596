"""`deploy/nginx.conf` as it is, with TLS, before real servers: limits, streams, and its own problems.

`test_leaving.py` replaces workers behind the same configuration."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scenarios.wire.proxies import DOCUMENTED, NGINX, Proxy, Setup, free_port, program, replaced
from support.fixtures import open_folder
from support.serving import Serving

__all__ = ["open_folder"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program("nginx") is None, reason="nginx is not installed"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of tickets.example, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "made.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=tickets.example", "-addext", "subjectAltName=DNS:tickets.example", "-keyout", key, "-out", made],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return made, key


class _Shop:
    """A closed server behind nginx with TLS."""

    def __init__(self, server: Serving, port: int, certificate: Path) -> None:
        self.server, self.port = server, port
        self.context = ssl.create_default_context(cafile=str(certificate))

    def raw(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send bytes, and return the first answer. nginx must end the connection after it."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=20) as plain,
            self.context.wrap_socket(plain, server_hostname="tickets.example") as tls,
        ):
            tls.sendall(request)
            parts = []
            while part := tls.recv(65_536):
                parts.append(part)
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        return (
            int(line.split()[1]),
            {name.lower(): value for name, value in (one.split(": ", 1) for one in fields)},
            body,
        )


@pytest.fixture(scope="module")
def shop(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Shop]:
    made, key = certificate

    def blocks(port: int, server: int) -> str:
        text = replaced(NGINX.read_text(), r"listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;")
        text = replaced(text, r"listen 80;", f"listen 127.0.0.1:{free_port()};")
        text = replaced(text, r"ssl_certificate [^;]+;", f"ssl_certificate {made};")
        text = replaced(text, r"ssl_certificate_key [^;]+;", f"ssl_certificate_key {key};")
        return replaced(text, r"127\.0\.0\.1:8000", f"127.0.0.1:{server}")

    with tempfile.TemporaryDirectory(prefix="holdfast-nginx-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        with Serving(Path(name) / "data", trusted_proxies="127.0.0.1") as server:
            answer = httpx2.post(
                f"http://127.0.0.1:{server.port}/v1/events", json={"name": "Concert", "capacity": 100}
            )
            assert answer.status_code == 201
            with Proxy(Setup(program="nginx", blocks=blocks), server.port) as proxy:
                yield _Shop(server, proxy.port, made)


CLOSE = b"Host: tickets.example\r\nConnection: close\r\n\r\n"
GET = b"GET /v1/events/1 HTTP/1.1\r\n"


def test_a_buyer_is_served_over_tls(shop: _Shop) -> None:
    status, headers, body = shop.raw(GET + CLOSE)
    assert (status, json.loads(body)["name"]) == (200, "Concert")
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert headers["server"] == "nginx"
    line = json.dumps({"event": 1, "lines": [{"quantity": 1}]}).encode()
    post = b"POST /v1/holds HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(line)
    assert shop.raw(post + CLOSE + line)[0] == 201


def test_nobody_becomes_staff_through_it(shop: _Shop) -> None:
    body = b'{"name":"Mine","capacity":1}'
    post = b"POST /v1/events HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
    for host in (b"tickets.example", b"localhost", b"127.0.0.1:%d" % shop.server.port):
        status, _, answer = shop.raw(post + b"Host: " + host + b"\r\nConnection: close\r\n\r\n" + body)
        assert (status, json.loads(answer)["code"]) == (401, "credentials_required")


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_versions_of_tls_are_refused(shop: _Shop, version: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    with (
        socket.create_connection(("127.0.0.1", shop.port), timeout=20) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="tickets.example")


BIG = b"x" * 70_000
REFUSED: dict[str, tuple[int, bytes]] = {
    "no host": (400, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two hosts": (400, GET + b"Host: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
    "length and chunks": (
        400,
        b"POST /v1/holds HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n" + CLOSE,
    ),
    "two lengths": (400, b"POST /v1/holds HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n" + CLOSE),
    "a negative length": (400, b"POST /v1/holds HTTP/1.1\r\nContent-Length: -5\r\n" + CLOSE),
    "another coding": (400, b"POST /v1/holds HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" + CLOSE),
    "NUL in the path": (400, b"GET /v1/events/%00 HTTP/1.1\r\n" + CLOSE),
    "a raw NUL": (400, b"GET /v1/events/\0 HTTP/1.1\r\n" + CLOSE),
    "above the root": (400, b"GET /../../etc/passwd HTTP/1.1\r\n" + CLOSE),
    "encoded dots above the root": (400, b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + CLOSE),
    "a long path": (414, b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + CLOSE),
    "a long header": (431, GET + b"X-A: " + b"a" * 9_000 + b"\r\n" + CLOSE),
    "too many headers": (431, GET + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 3_000) for n in range(20)) + CLOSE),
    "a long body": (413, b"POST /v1/holds HTTP/1.1\r\nContent-Length: 70000\r\n" + CLOSE + BIG),
    "a line that folds": (400, GET + b"X-A: a\r\n b\r\n" + CLOSE),
    "a bad chunk": (
        400,
        b"POST /v1/holds HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + CLOSE + b"zz\r\n\r\n",
    ),
    "the internal place": (404, b"GET /.nginx/503 HTTP/1.1\r\n" + CLOSE),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_of_nginx_is_a_problem(shop: _Shop, name: str) -> None:
    """The kind is "a page of HTML in an API". The status is nginx's, and the body is ours."""
    wanted, request = REFUSED[name]
    status, headers, body = shop.raw(request)
    assert status == wanted, body
    assert headers["content-type"] == "application/problem+json"
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["code"]


@pytest.mark.parametrize(
    "begun", [b"GET / HTTP/1.1\r\nHost: tick", b"POST /v1/holds HTTP/1.1\r\nContent-Length: 9\r\n" + CLOSE]
)
def test_a_slow_head_and_a_slow_body_are_cut_off(shop: _Shop, begun: bytes) -> None:
    """nginx ends such a connection without an answer, within ten seconds."""
    with (
        socket.create_connection(("127.0.0.1", shop.port), timeout=60) as plain,
        shop.context.wrap_socket(plain, server_hostname="tickets.example") as tls,
    ):
        tls.sendall(begun)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            assert tls.recv(100) == b""


async def test_a_stream_arrives_as_it_is_sent(shop: _Shop) -> None:
    """Each message is there before the next one, so nothing buffers it."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", shop.port, ssl=shop.context, server_hostname="tickets.example"
    )
    try:
        async with asyncio.timeout(20):
            writer.write(b"GET /v1/events/1/stream HTTP/1.1\r\nHost: tickets.example\r\n\r\n")
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            await reader.readuntil(b"event: snapshot")
            place: Any = {"event": 1, "lines": [{"quantity": 1}]}
            async with httpx2.AsyncClient() as client:
                assert (
                    await client.post(f"http://127.0.0.1:{shop.server.port}/v1/holds", json=place)
                ).is_success
            await reader.readuntil(b"event: change")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def test_an_absent_server_is_a_problem_that_asks_for_a_retry(certificate: tuple[Path, Path]) -> None:
    with Proxy(DOCUMENTED["nginx, documented"], free_port()) as proxy:
        answer = httpx2.post(f"http://127.0.0.1:{proxy.port}/v1/holds", json={})
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["content-type"] == "application/problem+json"
