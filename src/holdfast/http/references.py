"""References: relative ones, which lead to the right place below any path prefix of a proxy."""

from __future__ import annotations

__all__ = ["problem_pages", "root_from"]

_ROOTS = ("./", *("../" * depth for depth in range(1, 32)))


def root_from(path: bytes) -> str:
    """Return the reference from a path to the server's root: `./`, `../`, `../../` and so on.

    A client resolves it against the address that it used (RFC 3986, 5.2), so a prefix is kept. Deeper paths than any
    route has get `/`.
    """
    depth = path.count(b"/") - 1
    return _ROOTS[depth] if 0 <= depth < len(_ROOTS) else "/"


def problem_pages(public_url: str, path: bytes | None) -> str:
    """Return where the pages of problems are: at the public address, or relative to the path of the request.

    Without both (the request had no readable path), a reference with a full path is the best one.
    """
    if public_url:
        return public_url + "/problems/"
    return ("/" if path is None else root_from(path)) + "problems/"
