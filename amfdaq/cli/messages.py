"""From errors to sentences for the person at the terminal, in the words of the command line."""

from __future__ import annotations

import re
from typing import Any

import click

from amfdaq.errors import AmfdaqError, ConfigError

LONGEST_QUOTE = 200  # characters of a value that a message repeats; more hides the sentence around it

_ARGUMENT = re.compile(r'\b(?P<name>time_unit|temperature_unit|date_order|channel)="(?P<value>[^"]*)"')
_CHOICE = re.compile(r"\bchoose (?P<which>a|the|another) channel\b(?! with --channel)")
_QUOTED = re.compile(r'"([^"]*)"')


def lines_of(error: AmfdaqError) -> list[str]:
    """An error as it goes to the terminal: one line for each problem."""
    found = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    return [in_words_of_options(line) for line in found]


def in_words_of_options(text: str) -> str:
    """A message that names an argument of a Python call, naming the option instead; long values are cut.

    >>> in_words_of_options('if they are kelvin, say so (temperature_unit="K")')
    'if they are kelvin, say so (--temperature-unit K)'
    """
    text = _ARGUMENT.sub(lambda found: f"--{found['name'].replace('_', '-')} {found['value']}", text)
    text = _CHOICE.sub(r"choose \g<which> channel with --channel", text)
    return _QUOTED.sub(_shortened, text)


def usage_sentence(error: click.ClickException) -> str:
    """What is wrong with a command line, in one sentence that begins with the command and ends with the help.

    Args:
        error: of click, whose own wording spreads over four lines.
    """
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context is not None else "amfdaq"
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        hint = error.param_hint or (error.param.get_error_hint(context) if error.param is not None else "")
        place = hint if isinstance(hint, str) else " / ".join(hint)
        what = f"{place.replace(chr(39), '')}: {error.message}" if place else error.message
    elif isinstance(error, click.NoSuchOption):
        meant = [name for name in error.possibilities or () if name != "--help"]
        what = f'there is no option "{error.option_name}"' + (
            f'; did you mean "{meant[0]}"?' if meant else ""
        )
    else:
        what = error.format_message()
        what = what[:1].lower() + what[1:]
    return in_words_of_options(f"{command}: {what.rstrip('.')}; see {command} --help")


def error_document(message: str, exit_code: int, **more: Any) -> dict[str, Any]:
    """The JSON document of a command that could not begin."""
    return {"runs": [], "error": {"message": message, "exit_code": exit_code, **more}}


def error_entry(source: object, error: AmfdaqError) -> dict[str, Any]:
    """One file of several that could not be used, as the JSON documents list it under ``errors``."""
    return {"source": str(source), "message": "; ".join(lines_of(error)), "exit_code": error.exit_code}


def _shortened(quoted: re.Match[str]) -> str:
    text = quoted[1]
    return quoted[0] if len(text) <= LONGEST_QUOTE else f'"{text[:60]}...{text[-20:]}"'
