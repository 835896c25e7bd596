"""Serve: runs an ASGI application in one process, with the settings of Holdfast's workers.

    python -m benchmarks.serve benchmarks.echo:app --port 8001 [--protocol holdfast]

The baselines run here: uvicorn with uvloop and httptools, no access log, the same backlog, keep-alive and garbage
collection. `--protocol holdfast` uses Holdfast's server in place of uvicorn's.
"""

from __future__ import annotations

import argparse
import socket

import uvicorn
from uvicorn.importer import import_from_string

from holdfast.http.server.limits import ConnectionLimits
from holdfast.http.server.server import Server
from holdfast.process.tuning import tune_garbage_collection

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve", description=__doc__)
    parser.add_argument("app", help="module:name")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--protocol", choices=("httptools", "holdfast"), default="httptools")
    given = parser.parse_args()
    application = import_from_string(given.app)
    tune_garbage_collection()
    if given.protocol == "holdfast":
        with socket.create_server(("127.0.0.1", given.port), backlog=BACKLOG) as listening:
            listening.setblocking(False)
            limits = ConnectionLimits(keep_alive_seconds=KEEP_ALIVE_SECONDS)
            Server(application, limits, shutdown_seconds=1, backlog=BACKLOG).run([listening])
        return
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=given.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
