"""``amfdaq``: the commands, loaded when they are called, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys
import tempfile
import traceback

import click
from click.exceptions import NoArgsIsHelpError

from amfdaq.cli.messages import error_document, lines_of, usage_sentence
from amfdaq.cli.output import print_json, say
from amfdaq.errors import AmfdaqError

COMMANDS = {
    "demo": (
        "amfdaq.cli.demo",
        "The whole chain on the simulated bench: simulate, acquire, store, analyse, draw.",
    ),
    "run": ("amfdaq.cli.run", "Do a recipe: acquire with progress and live SAR, then analyse."),
    "analyze": (
        "amfdaq.cli.analyze",
        "SAR and ILP with uncertainty from run files and tables, or a refusal.",
    ),
    "import": ("amfdaq.cli.importing", "Turn tables of any logger (CSV, TXT) into run files."),
    "check": ("amfdaq.cli.check", "Validate rig, sample, recipe, certificate and run files."),
    "recover": ("amfdaq.cli.recover", "Finish the run files of runs that were killed."),
    "off": ("amfdaq.cli.off", "Everything off, now."),
    "sim": ("amfdaq.cli.sim", "Run the simulated bench, reachable over TCP and pseudo-terminals."),
    "drivers": ("amfdaq.cli.drivers", "List the drivers: instruments, links, evidence."),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"the commands are {', '.join(COMMANDS)}"
            ctx.fail(f'there is no command "{name}"; {hint}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="amfdaq")
def main() -> None:
    """Safe control, faithful acquisition and honest SAR and ILP for magnetic hyperthermia.

    Exit codes: 0 done, 1 refused or stopped by an interlock or a person, 2 bad input, 3 an instrument or the system failed.
    """


def entry(arguments: list[str] | None = None) -> None:
    """Entry point of the ``amfdaq`` script."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):  # a sign that the terminal lacks must not end a command
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(arguments))


def run(arguments: list[str]) -> int:
    """Run a command line; returns the exit code and lets no traceback out."""
    as_json = "--json" in arguments
    try:
        code = main.main(arguments, prog_name="amfdaq", standalone_mode=False)
    except NoArgsIsHelpError as error:
        error.show()
        return 2
    except BrokenPipeError:
        return 3  # the reader of our output is gone; there is nobody to tell
    except Exception as error:  # noqa: BLE001 the last line of defence: a person gets a sentence, the details go to a file
        lines, code = _explained(error)
        if as_json:
            print_json(error_document("; ".join(lines), code, problems=lines))
        for line in lines:
            say(line if line.startswith(("amfdaq ", "amfdaq:")) else f"amfdaq: {line}")
    return code if isinstance(code, int) else 0


def _explained(error: Exception) -> tuple[list[str], int]:
    """One line for each problem, and the exit code."""
    if isinstance(error, AmfdaqError):
        return lines_of(error), error.exit_code
    if isinstance(error, click.ClickException):
        return [usage_sentence(error)], 2
    if isinstance(error, click.Abort):
        return ["stopped from the keyboard"], 1
    return [_keep_details(error)], AmfdaqError.exit_code


def _keep_details(error: Exception) -> str:
    if os.environ.get("AMFDAQ_DEBUG"):
        raise error
    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="amfdaq-error-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        place = f"the details are in {file.name}"
    except OSError:
        place = "the details could not be written"
    return f"this is an error in amfdaq itself ({type(error).__name__}: {error}); please report it, {place}"


if __name__ == "__main__":
    entry()
