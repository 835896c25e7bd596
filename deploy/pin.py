"""Pin the base images of the deploy files by digest, or pin them again: a tag moves, and a digest does not.

    python3 deploy/pin.py                              asks Docker (buildx)
    python3 deploy/pin.py --registry https://HOST      asks a registry by its HTTP API; it needs no Docker
    python3 deploy/pin.py --check                      changes nothing; ends with 1 if an image has no digest

The digest is that of the index, so that one line serves every processor. It needs only Python.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

DEPLOY = Path(__file__).parent
FILES = ("Dockerfile", "compose.yaml")
IMAGE = re.compile(
    r"^(?P<before>FROM |\s+image: )(?P<name>[a-z0-9./-]+):(?P<tag>[\w.-]+)(?P<digest>@sha256:[0-9a-f]{64})?",
    re.MULTILINE,
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ACCEPTED = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1")
)
CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
SECONDS = 30


class NoDigest(Exception):
    """Its text says why there is no digest of an image."""


def main(arguments: list[str] | None = None, *, folder: Path = DEPLOY) -> int:
    parser = argparse.ArgumentParser(prog="deploy/pin.py", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--registry", metavar="URL", help="the address of a registry; without it, Docker is asked"
    )
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if an image has no digest")
    given = parser.parse_args(arguments)
    files = [folder / name for name in FILES]
    if given.check:
        loose = [f"{file.name}: {name}" for file in files for name in unpinned(file.read_text())]
        print("\n".join(loose) or "Every image has a digest.")
        return 1 if loose else 0
    registry = given.registry

    def digest_of(name: str, tag: str) -> str:
        return ask_registry(registry, name, tag) if registry else ask_docker(name, tag)

    try:
        pinned = {file: pin(file.read_text(), digest_of) for file in files}
    except NoDigest as error:
        print(f"Nothing was changed: {error}", file=sys.stderr)
        return 1
    for file, text in pinned.items():
        file.write_text(text)
        print(f"{file.name}: {', '.join(found[0].strip() for found in IMAGE.finditer(text))}")
    return 0


def unpinned(text: str) -> list[str]:
    """Return the images without a digest."""
    return [f"{found['name']}:{found['tag']}" for found in IMAGE.finditer(text) if not found["digest"]]


def pin(text: str, digest_of: Callable[[str, str], str]) -> str:
    """Return the text with the present digest of each image. Raises NoDigest."""
    return IMAGE.sub(
        lambda found: (
            f"{found['before']}{found['name']}:{found['tag']}@{digest_of(found['name'], found['tag'])}"
        ),
        text,
    )


def ask_docker(name: str, tag: str) -> str:
    """Return the digest that Docker finds. Raises NoDigest."""
    command = [
        "docker",
        "buildx",
        "imagetools",
        "inspect",
        f"{name}:{tag}",
        "--format",
        "{{json .Manifest.Digest}}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoDigest(f"Docker finds no {name}:{tag} ({error}). Name a registry: --registry URL") from error
    return _checked(done.stdout.strip().strip('"'), name, tag)


def ask_registry(registry: str, name: str, tag: str) -> str:
    """Return the digest that a registry has. Raises NoDigest. It may want a token, which anyone may get."""
    path = name if "/" in name else f"library/{name}"
    url = f"{registry.rstrip('/')}/v2/{path}/manifests/{tag}"
    try:
        try:
            return _checked(_head(url), name, tag)
        except HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate") or ""
            if error.code != 401 or not challenge.startswith("Bearer "):
                raise
            return _checked(_head(url, token=_token(challenge)), name, tag)
    except (URLError, OSError, ValueError) as error:
        raise NoDigest(f"{registry} has no {name}:{tag} ({error}).") from error


def _head(url: str, *, token: str | None = None) -> str:
    headers = {"Accept": ACCEPTED, **({"Authorization": f"Bearer {token}"} if token else {})}
    with urlopen(Request(url, method="HEAD", headers=headers), timeout=SECONDS) as answer:  # noqa: S310 - the user's
        return answer.headers.get("Docker-Content-Digest") or ""


def _token(challenge: str) -> str:
    wanted = dict(CHALLENGE.findall(challenge))
    query = urlencode({name: wanted[name] for name in ("service", "scope") if name in wanted})
    with urlopen(f"{wanted.get('realm', '')}?{query}", timeout=SECONDS) as answer:  # noqa: S310 - the registry's
        found: dict[str, str] = json.load(answer)
    return found.get("token") or found.get("access_token") or ""


def _checked(digest: str, name: str, tag: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise NoDigest(f"{name}:{tag} has no digest, but {digest!r}.")
    return digest


if __name__ == "__main__":
    raise SystemExit(main())
