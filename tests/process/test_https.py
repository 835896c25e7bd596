"""`holdfast serve --certfile`: HTTPS by the server itself, and a clear end for what is not HTTPS."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from pathlib import Path

import httpx2
import pytest

from support.certificates import ServerChain, server_chain
from support.serving import PROGRAM, Serving, environment, run_holdfast


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> ServerChain:
    return server_chain(tmp_path_factory.mktemp("chain"))


def test_a_server_with_a_certificate_speaks_https(open_folder: Path, chain: ServerChain) -> None:
    """Its workers all do. Cookies are for HTTPS alone, commands find it, and a request without TLS gets a reason."""
    settings = {"certfile": str(chain.certfile), "keyfile": str(chain.keyfile), "workers": "2"}
    with Serving(open_folder / "data", **settings) as server:
        url = f"https://127.0.0.1:{server.port}"
        assert any(f"serves at {url} (2 workers)" in line for line in server.said)
        for _ in range(8):
            with httpx2.Client(base_url=url, verify=chain.client_context()) as client:
                page = client.get("/whats-on?lang=de")
                assert page.status_code == 200
                assert page.headers["strict-transport-security"] == "max-age=31536000"
                assert "; Secure" in page.headers["set-cookie"]
        with httpx2.Client(verify=chain.client_context()) as client:
            made = client.post(f"{url}/v1/events", json={"name": "Organ night", "capacity": 10})
            assert made.status_code == 201, made.text
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            answer = b"".join(iter(lambda: plain.recv(65_536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert "https://" in json.loads(body)["detail"]
        listed = subprocess.run(
            [*PROGRAM, "event", "list"],
            env=environment(data_dir=str(server.data_dir)) | {"SSL_CERT_FILE": str(chain.root)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Organ night" in listed.stdout, listed


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (("server.pem", "other.pem"), "does not belong to the first certificate"),
        (("missing.pem", "key.pem"), "missing.pem cannot be read: no such file or directory"),
        (("server.pem", "missing.pem"), "missing.pem cannot be read: no such file or directory"),
        (("key.pem", "key.pem"), "key.pem has no certificate in PEM form"),
        (("server.pem", None), "server.pem has no private key in PEM form"),
        (("server.pem", "secret.pem"), "has a password"),
        ((None, "key.pem"), "HOLDFAST_KEYFILE has no use without HOLDFAST_CERTFILE"),
        (("broken.pem", "key.pem"), "broken.pem and its key cannot be used"),
    ],
)
def test_a_wrong_pair_is_refused(
    chain: ServerChain, tmp_path: Path, files: tuple[str | None, str | None], reason: str
) -> None:
    for source, name in ((chain.certfile, "server.pem"), (chain.keyfile, "key.pem")):
        shutil.copy(source, tmp_path / name)
    shutil.copy(server_chain(tmp_path / "other").keyfile, tmp_path / "other.pem")
    shutil.copy(server_chain(tmp_path / "secret", password=b"a secret").keyfile, tmp_path / "secret.pem")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    options = [
        part
        for option, name in zip(("--certfile", "--keyfile"), files, strict=True)
        if name is not None
        for part in (option, str(tmp_path / name))
    ]
    done = run_holdfast("serve", "--port", "0", *options, data_dir=str(tmp_path / "data"))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("holdfast: ")
    assert reason in line
