"""The program `holdfast`, also as `python -m holdfast`."""

from __future__ import annotations

import signal

__all__ = ["main"]


def main() -> None:
    """Run the command of the command line.

    Its imports take a moment. Until they are done, an interrupt ends the process without a traceback.
    """
    # A background job of a shell ignores interrupts.
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from holdfast.cli.main import main as run

    if is_ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
