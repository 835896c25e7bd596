"""Main: the program `holdfast`. Each module beside this one is a command, imported on demand."""

from __future__ import annotations

import difflib
import errno
import importlib
import pkgutil
import sys
from typing import Annotated, Any

import typer
import typer.core

import holdfast.cli
from holdfast import __version__
from holdfast.cli._streams import drop_output, prepare_streams
from holdfast.cli._usage import usage_text
from holdfast.process.environment import forget_other_programs
from holdfast.process.errors import CannotStart

__all__ = ["app", "main"]

_NOT_COMMANDS = frozenset({"main", "output"})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a full disk answers to the output."""


class _LateCommands(typer.core.TyperGroup):
    """Finds a command by its module's name, so that `serve` does not import what `check` needs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class passes it
        modules = (found.name for found in pkgutil.iter_modules(holdfast.cli.__path__))
        return sorted(name for name in modules if name not in _NOT_COMMANDS and not name.startswith("_"))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"holdfast.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        try:
            return super().resolve_command(ctx, args)
        except typer.TyperException as error:
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if near and "Did you mean" not in error.message:
                error.message += f" Did you mean '{near[0]}'?"
            raise


app = typer.Typer(
    name="holdfast",
    cls=_LateCommands,
    help="Holdfast, a ticket booking engine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Holdfast, a ticket booking engine: scarce admissions, many buyers at once, never one twice."""


def main() -> None:
    """Run the command of the command line. A user's error is one line with exit code 1 or 2."""
    prepare_streams()
    forget_other_programs()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:  # wrong usage
        context = getattr(error, "ctx", None)
        usage = f" See `{context.command_path} --help`." if context is not None else ""
        message = usage_text(error)
        if not message:  # no command was given, and typer has printed the help
            raise SystemExit(error.exit_code) from None
        print(f"holdfast: {message}{usage}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except CannotStart as error:
        print(f"holdfast: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except (KeyboardInterrupt, typer.Abort):
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of the output, for example `head`, has closed it.
        drop_output()
        raise SystemExit(0) from None
    except OSError as error:
        if error.filename is not None or error.errno not in _NO_ROOM:
            raise
        drop_output()
        print(f"holdfast: The output cannot be written: {error.strerror}.", file=sys.stderr)
        raise SystemExit(1) from None
    raise SystemExit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
