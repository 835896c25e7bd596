"""`holdfast serve`: check the settings, then become the supervisor."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def serve(  # noqa: PLR0917 - typer passes them by name
    host: Annotated[str | None, typer.Option(help="Address to listen on (HOLDFAST_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (HOLDFAST_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes (HOLDFAST_WORKERS).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Data directory (HOLDFAST_DATA_DIR).")] = None,
    certfile: Annotated[
        Path | None, typer.Option(help="Serve HTTPS with this certificate, in PEM form (HOLDFAST_CERTFILE).")
    ] = None,
    keyfile: Annotated[
        Path | None, typer.Option(help="The certificate's key, if it has a file (HOLDFAST_KEYFILE).")
    ] = None,
) -> None:
    """Start the server, with its own PostgreSQL unless HOLDFAST_DATABASE_URL names another."""
    from holdfast.app.settings import PREFIX, load_settings
    from holdfast.process.supervisor import PLAN_VARIABLE, STOP_SIGNALS, ServePlan

    settings = load_settings(
        host=host, port=port, workers=workers, data_dir=data_dir, certfile=certfile, keyfile=keyfile
    )
    plan = ServePlan(
        host=settings.host,
        port=settings.port,
        public_url=settings.public_url,
        scheme=settings.scheme,
        workers=settings.workers,
        data_dir=str(settings.data_dir),
        postgres_bin=str(settings.postgres_bin) if settings.postgres_bin else None,
        database_url=settings.database_url.get_secret_value() if settings.database_url else None,
        secret_key=settings.secret_key.get_secret_value() if settings.secret_key else None,
        open=settings.open,
        pool_size=settings.pool_size,
        stream_limit=settings.stream_limit,
        drain_seconds=settings.drain_seconds,
        shutdown_seconds=settings.shutdown_seconds,
        log_format=settings.log_format.value,
    )
    chosen = {
        "HOST": settings.host,
        "PORT": settings.port,
        "WORKERS": settings.workers,
        "DATA_DIR": plan.data_dir,
        "CERTFILE": settings.certfile,
        "KEYFILE": settings.keyfile,
    }
    environment = {f"{PREFIX}{name}": str(value) for name, value in chosen.items() if value is not None}
    # Replace this program, because the modules that check the settings cost 25 MB for as long as the server runs.
    sys.stdout.flush()
    sys.stderr.flush()
    # A stop that arrives while the supervisor is imported waits until it can handle it.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    os.execve(  # noqa: S606 - it must not start a shell
        sys.executable,
        [sys.executable, "-m", "holdfast.process.supervisor"],
        {**os.environ, **environment, PLAN_VARIABLE: plan.to_json()},
    )
