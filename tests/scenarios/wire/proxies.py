"""Proxies in front of a server: nginx, haproxy and caddy, each a process of its own on a free port."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["DOCUMENTED", "HIDING", "SETUPS", "Proxy", "Setup", "program"]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "guides" / "production.md"
NGINX = ROOT / "deploy" / "nginx.conf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A configuration. `blocks` returns its text for the ports of the proxy and of the server."""

    program: str
    blocks: Callable[[int, int], str]
    keeps_ids: bool = True
    """Whether a client's X-Request-Id arrives."""


def program(name: str) -> str | None:
    """Return the path of the program, also if only root's search path has it."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


# The configurations of the page, with other ports, another host and no TLS.


def block(sign: str) -> str:
    """Return the only text block of the page that contains this word."""
    page = PAGE.read_text()
    found = [text for text in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if sign in text]
    assert len(found) == 1, f"{len(found)} blocks of {PAGE.name} have {sign!r}"
    return found[0]


def replaced(text: str, pattern: str, by: str) -> str:
    """Replace the pattern. Fails without a match, so that a changed page cannot go untested."""
    made, count = re.subn(pattern, by, text)
    assert count, f"{pattern!r} is not in the documented block"
    return made


def documented_nginx(port: int, server: int) -> str:
    """Return `deploy/nginx.conf` without TLS, and without the server of port 80."""
    text = replaced(NGINX.read_text(), r"(?s)server \{\n    listen 80;.*?\n\}\n", "")
    text = replaced(text, r"listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    text = replaced(text, r"(?m)^    ssl_[^\n]+\n", "")
    # The matrix wants the server's own refusal of a large body; `test_nginx.py` tries nginx's.
    text = replaced(text, r"client_max_body_size 64k;", "client_max_body_size 32m;")
    return replaced(text, r"127\.0\.0\.1:8000", f"127.0.0.1:{server}")


def documented_haproxy(port: int, server: int) -> str:
    text = replaced(block("http-reuse"), r"bind [^\n]+", f"bind 127.0.0.1:{port}")
    return replaced(text, r"127\.0\.0\.1:8000", f"127.0.0.1:{server}")


def documented_caddy(port: int, server: int) -> str:
    site = f"http://:{port} {{\n    bind 127.0.0.1"
    text = replaced(block("reverse_proxy"), r"(?m)^tickets\.example \{", site)
    return replaced(text, r"127\.0\.0\.1:8000", f"127.0.0.1:{server}")


# Configurations that others use.


def kept(server: int) -> str:
    return f"upstream kept {{ server 127.0.0.1:{server}; keepalive 2; }}\n"


def bare_nginx(port: int, server: int) -> str:
    """Return the minimal configuration of a proxy."""
    return f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{server}; }} }}\n"


def nginx(*lines: str) -> Callable[[int, int], str]:
    """Return a setup with kept HTTP/1.1 connections and these lines."""

    def made(port: int, server: int) -> str:
        inside = " ".join(("proxy_pass http://kept;", "proxy_http_version 1.1;", *lines))
        return kept(server) + f"server {{ listen 127.0.0.1:{port}; location / {{ {inside} }} }}\n"

    return made


def haproxy(reuse: str = "") -> Callable[[int, int], str]:
    """Return a setup of a frontend and a backend that add nothing to a request."""

    def made(port: int, server: int) -> str:
        front = f"frontend front\n    bind 127.0.0.1:{port}\n    default_backend back\n"
        return front + f"backend back\n    {reuse}\n    server one 127.0.0.1:{server}\n"

    return made


def bytes_only(port: int, server: int) -> str:
    """Return a setup that forwards bytes, so that nothing in a request can give it away."""
    front = f"frontend front\n    mode tcp\n    bind 127.0.0.1:{port}\n    default_backend back\n"
    return front + f"backend back\n    mode tcp\n    server one 127.0.0.1:{server}\n"


def hiding_nginx(port: int, server: int) -> str:
    """Return a setup that names the server's own address in `Host`, and adds nothing."""
    return nginx(*_NO_CONNECTION, f"proxy_set_header Host localhost:{server};")(port, server)


def hiding_caddy(port: int, server: int) -> str:
    """Return a setup that removes what Caddy adds by itself."""
    removed = "".join(f"        header_up -{name}\n" for name in ("X-Forwarded-*", "Via", "Forwarded"))
    inside = f"        header_up Host localhost:{server}\n{removed}"
    return f"http://:{port} {{\n    bind 127.0.0.1\n    reverse_proxy 127.0.0.1:{server} {{\n{inside}    }}\n}}\n"


def caddy(port: int, server: int) -> str:
    return f"http://:{port} {{\n    bind 127.0.0.1\n    reverse_proxy 127.0.0.1:{server}\n}}\n"


_UPGRADE = ("proxy_set_header Upgrade $http_upgrade;", 'proxy_set_header Connection "upgrade";')
_UNBUFFERED = ("proxy_request_buffering off;",)
_NO_CONNECTION = ('proxy_set_header Connection "";',)

DOCUMENTED = {
    "nginx, documented": Setup(program="nginx", blocks=documented_nginx, keeps_ids=False),
    "haproxy, documented": Setup(program="haproxy", blocks=documented_haproxy),
    "caddy, documented": Setup(program="caddy", blocks=documented_caddy),
}
SETUPS = DOCUMENTED | {
    "nginx, bare": Setup(program="nginx", blocks=bare_nginx),
    "nginx, websocket lines": Setup(program="nginx", blocks=nginx(*_UPGRADE)),
    "nginx, unbuffered": Setup(program="nginx", blocks=nginx(*_UNBUFFERED, *_NO_CONNECTION)),
    "nginx, unbuffered, websocket lines": Setup(program="nginx", blocks=nginx(*_UNBUFFERED, *_UPGRADE)),
    "haproxy, stock": Setup(program="haproxy", blocks=haproxy()),
    "haproxy, shared connections": Setup(program="haproxy", blocks=haproxy("http-reuse always")),
    "caddy, stock": Setup(program="caddy", blocks=caddy),
}


HIDING = {
    "nginx, hiding": Setup(program="nginx", blocks=hiding_nginx),
    "haproxy, bytes only": Setup(program="haproxy", blocks=bytes_only),
    "caddy, hiding": Setup(program="caddy", blocks=hiding_caddy),
}
"""Proxies that leave no trace in a request, whatever `Host` a client sends."""


class Proxy:
    """A proxy in front of the server at a port, up when the block begins. It runs as `user`; None: as the test."""

    def __init__(self, setup: Setup, server: int, *, user: str | None = None) -> None:
        self._setup, self._server, self._user = setup, server, user
        self.port = free_port()

    def __enter__(self) -> Self:
        blocks = self._setup.blocks(self.port, self._server)
        path = program(self._setup.program)
        assert path is not None
        self._folder = tempfile.TemporaryDirectory(prefix="holdfast-proxy-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        file = folder / "configuration"
        file.write_text(_AROUND[self._setup.program](folder, blocks))
        if self._user is not None:
            shutil.chown(folder, self._user, self._user)
            shutil.chown(file, self._user, self._user)
        with (folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [path, *_ARGUMENTS[self._setup.program](folder, file)],
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        try:
            self._wait_until_it_listens(folder / "said")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._folder.cleanup()

    def _wait_until_it_listens(self, said: Path) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=10).close()
            except ConnectionRefusedError:
                try:
                    self._process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                break
            else:
                return
        raise AssertionError(f"{self._setup.program} does not listen: {said.read_text()}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _around_nginx(folder: Path, blocks: str) -> str:
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{ worker_connections 1024; }}\n"
    return f"{main}http {{\naccess_log off;\n{paths}{blocks}}}\n"


def _around_haproxy(folder: Path, blocks: str) -> str:
    """Return the configuration with the defaults of Debian's package."""
    timeouts = "timeout connect 5s\n    timeout client 50s\n    timeout server 50s"
    return f"global\n    maxconn 1000\ndefaults\n    mode http\n    {timeouts}\n{blocks}"


def _around_caddy(folder: Path, blocks: str) -> str:
    return f"{{\n    admin off\n    auto_https off\n}}\n{blocks}"


_AROUND: dict[str, Callable[[Path, str], str]] = {
    "nginx": _around_nginx,
    "haproxy": _around_haproxy,
    "caddy": _around_caddy,
}
_ARGUMENTS: dict[str, Callable[[Path, Path], list[str]]] = {
    "nginx": lambda folder, file: ["-p", str(folder), "-e", "stderr", "-c", str(file)],
    "haproxy": lambda folder, file: ["-db", "-f", str(file)],
    "caddy": lambda folder, file: ["run", "--config", str(file), "--adapter", "caddyfile"],
}
