"""The command ``optframe``: finds the subcommand, prints errors in one line, sets the exit code."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import warnings
from importlib import import_module
from typing import NoReturn, TextIO

import click

from optframe.errors import MOST, OptframeError, nearest, one_line, printable
from optframe.version import __version__

__all__ = ["main"]

COMMANDS = {
    "run": "Run a study, or optimizers on problems named here, and report.",
    "report": "Draw the report of a results folder again.",
    "export": "Write a results folder as CSV and Parquet.",
    "merge": "Join the results of several machines in one folder.",
    "verify": "Run trials of a results folder again, and compare their curves.",
    "compare": "Compare two results, number by number, for CI.",
    "race": "Compare the time of a step of two revisions, with a test.",
    "baseline": "Write a study's counts into a small file, or compare with it.",
    "draw": "Draw one figure of a results folder, or write its numbers.",
    "list": "List the components that are installed.",
    "show": "Show a component's parameters, equation and source.",
    "parity": "Name the convention in which two libraries' optimizers differ.",
    "check": "Check a component, built-in or of a plugin, against its contract.",
    "data": "List, download and check the files of data sets.",
    "plugins": "List the plugins in use, and those left out.",
    "doctor": "Check the installation, or recover a damaged store.",
}


class _Commands(click.Group):
    """Imports a subcommand when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"optframe.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            ctx.fail(f"unknown command {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__)
@click.pass_context
def _optframe(context: click.Context) -> None:
    """Benchmark optimization algorithms: optimizers × problems × samplers × seeds.

    \b
    optframe run quickstart                     a study that comes with optframe
    optframe run STUDY.toml --out results/      a study of your own
    optframe run -o adam -o sgd:lr=0.1 -p rosenbrock --steps 2000

    Exit codes: 0 done; 1 some trials failed; 2 usage error; 4 infrastructure; 130 stopped by
    Ctrl-C. Of a comparison: 0 pass; 1 regression; 3 inconclusive.
    """  # noqa: D301
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    output = sys.stdout
    for stream in (output, sys.stderr):  # redirected on Windows, cp1252 cannot encode Greek
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    for name in ("COLUMNS", "LINES"):  # what else is in them, rich would take for a size, or fail
        if not re.fullmatch("[1-9][0-9]{0,3}", os.environ.get(name, "")):
            os.environ.pop(name, None)
    warnings.showwarning = _Warnings()
    try:
        code = _optframe(prog_name="optframe", standalone_mode=False)
        if output is not None:
            output.flush()  # a full disk may be found here
    except click.ClickException as error:
        _print_lines(error.format_message())
        sys.exit(2)
    except OptframeError as error:
        _print_lines(str(error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _print_lines("stopped")
        sys.exit(130)
    except OSError as error:  # a full disk, a folder that cannot be written to
        where = error.filename
        if where is None:
            where = "the output cannot be written"
            _discard(output)
        _print_lines(f"{where}: {error.strerror or error}")
        sys.exit(4)
    except MemoryError as error:
        _print_lines(f"the memory of this machine is full: {error or 'use less at a time'}")
        sys.exit(4)
    except SystemExit as error:
        # The reader of a pipe has closed it: click then replaces standard output, rich does not.
        gone = sys.stdout is not output or isinstance(error.__context__, BrokenPipeError)
        sys.exit(141 if gone else error.code)
    sys.exit(code if isinstance(code, int) else 0)


def _print_lines(text: str) -> None:
    with contextlib.suppress(OSError):  # the exit code is left to say it
        for line in text.splitlines():
            shown = printable(line)
            if len(shown) > MOST:
                shown = f"{shown[:MOST]}... ({len(shown):,} characters)"
            print(f"optframe: {shown}", file=sys.stderr)


def _discard(output: TextIO | None) -> None:
    """Drop what cannot be written, which Python would try again at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, output.fileno())  # type: ignore[union-attr]


class _Warnings:
    """Prints each warning of a library once, in one line."""

    def __init__(self) -> None:
        self._printed: set[str] = set()

    def __call__(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        text = f"{category.__name__}: {one_line(message)}"
        if text not in self._printed:
            self._printed.add(text)
            _print_lines(text)
