"""Start a deployment, print its addresses and keep it running: `python -m proof.system --setup external
--workers 2`."""

from __future__ import annotations

import argparse
import signal

from proof.system import Deployment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m proof.system", description=__doc__)
    parser.add_argument("--setup", choices=("external", "embedded"), default="external")
    parser.add_argument("--servers", type=int, default=2, help="number of servers (external only)")
    parser.add_argument("--workers", type=int, default=1, help="workers of each server")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clocks", action="store_true", help="make wall clocks settable")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Deployment(
            given.setup, servers=given.servers, workers=given.workers, seed=given.seed, clocks=given.clocks
        ) as deployment:
            for server, url in zip(deployment.servers, deployment.urls, strict=True):
                print(
                    f"{server.name}  {url}  (direct {server.url}, supervisor {server.pid}, workers {server.workers()})"
                )
            print(f"SQL       {deployment.sql_url}  (postmaster {deployment.cluster.postmaster})")
            print(f"folder    {deployment.folder}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
