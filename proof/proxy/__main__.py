"""The proxy's process: routes of one deployment, controlled by lines of JSON.

    python -m proof.proxy                       controlled through standard input
    python -m proof.proxy --to HOST:PORT …      one route, for tests by hand

Each line is a command such as `{"do": "open", "route": "app", "to": "127.0.0.1:8000", "protocol": "http",
"seed": 1}`, and gets a line as its answer. Others are set (with `rules`), calm, reset, target (with `to`) and
counts. The process ends at the end of its input.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

import uvloop

from proof.proxy.route import Route


async def obey(routes: dict[str, Route], command: dict[str, Any]) -> dict[str, Any]:
    """Execute a command and return its answer. Raises KeyError for an unknown route or rule."""
    do = command["do"]
    if do == "open":
        route = routes[command["route"]] = Route(command["to"], command["protocol"], seed=command["seed"])
        await route.open(command.get("port", 0))
        return {"port": route.port}
    route = routes[command["route"]]
    if do == "set":
        route.set(command["rules"])
    elif do == "calm":
        route.calm()
    elif do == "reset":
        return {"reset": route.reset()}
    elif do == "target":
        route.target = command["to"]
    elif do == "counts":
        return route.counted()
    else:
        raise KeyError(do)
    return {}


async def steer(routes: dict[str, Route]) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        try:
            answer = await obey(routes, json.loads(line))
        except (KeyError, OSError) as error:
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


async def run(to: str | None, protocol: str, port: int, seed: int) -> None:
    routes: dict[str, Route] = {}
    if to is not None:
        reply = await obey(
            routes,
            {"do": "open", "route": "one", "to": to, "protocol": protocol, "port": port, "seed": seed},
        )
        print(json.dumps(reply), flush=True)
    try:
        await steer(routes)
    finally:
        for route in routes.values():
            await route.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m proof.proxy", description=__doc__)
    parser.add_argument("--to", help="HOST:PORT or unix:PATH")
    parser.add_argument("--protocol", choices=("tcp", "postgres", "http"), default="tcp")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    uvloop.run(run(given.to, given.protocol, given.port, given.seed))


if __name__ == "__main__":
    main()
