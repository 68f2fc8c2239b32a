"""Reading configuration files: TOML text to a checked model, or every problem at once with its line."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from amfdaq.config.lines import Loc, key_lines, line_of
from amfdaq.config.sentences import sentences
from amfdaq.config.syntax import explain_syntax
from amfdaq.errors import BadInput, ConfigError, Problem
from amfdaq.quantity import Quantity

M = TypeVar("M", bound=BaseModel)


class Section(BaseModel):
    """Base of the models of configuration files: strict, frozen, without unknown keys and infinities."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


@dataclass(frozen=True)
class TomlFile:
    """A TOML file that could be read.

    Attributes:
        path: where it came from; files named in it are relative to its folder.
        text: as written.
        data: its content.
        lines: line of every key path.
    """

    path: Path
    text: str
    data: dict[str, Any]
    lines: dict[Loc, int]

    def problem(self, loc: Loc, message: str) -> Problem:
        """A problem at a key path of this file."""
        return Problem(self.path, line_of(self.lines, loc), _dotted(loc), message)

    def at(self, loc: Loc) -> Any:
        """What stands at a key path; an empty table when there is nothing."""
        found: Any = self.data
        for part in loc:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return {}
        return found


def read_toml(path: Path | str) -> TomlFile:
    """Read a TOML file.

    Raises:
        ConfigError: it is missing, unreadable, empty, not UTF-8 or not TOML.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError([Problem(path, None, "", f"no such file{_neighbours(path)}")]) from None
    except IsADirectoryError:
        raise ConfigError([Problem(path, None, "", "is a folder; name the .toml file in it")]) from None
    except OSError as error:
        reason = (
            "is a folder; name the .toml file in it" if path.is_dir() else f"cannot be read: {error.strerror}"
        )
        raise ConfigError([Problem(path, None, "", reason)]) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = "the file is not UTF-8 text; save it as UTF-8 (every editor offers that under Save as)"
        raise ConfigError([Problem(path, line, "", message)]) from error
    return parse_toml(text, path)


def parse_toml(text: str, path: Path) -> TomlFile:
    """The same for a text that came from elsewhere (a run file); ``path`` is what messages name.

    Raises:
        ConfigError: it is empty or not TOML.
    """
    text = text.replace("\r\n", "\n")
    if not text.strip():
        raise ConfigError([Problem(path, None, "", "the file is empty")])
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, message = explain_syntax(text, error)
        raise ConfigError([Problem(path, line, "", message)]) from error
    except (ValueError, RecursionError) as error:  # thousands of digits, or of brackets
        message = "a number or a nesting in it is far too long to be meant: is this the right file?"
        raise ConfigError([Problem(path, None, "", message)]) from error
    return TomlFile(path, text, data, key_lines(text))


def check_table(file: TomlFile, model: type[M], at: Loc = ()) -> tuple[M | None, list[Problem]]:
    """Check one table of a file against a model.

    Args:
        file: the file.
        model: what the table must be; any pydantic model, such as the ``Options`` of a driver.
        at: key path of the table; the whole file when empty.

    Returns:
        the model and no problems, or None and every problem.
    """
    try:
        return model.model_validate(file.at(at), context={"folder": file.path.parent}), []
    except ValidationError as error:
        found = sentences(model, error.errors(include_url=False))
        return None, [file.problem((*at, *loc), message) for loc, message in found]
    except BadInput as error:  # a validator of a driver that uses amfdaq.quantity as it is
        return None, [file.problem(at, str(error))]


def load_toml(path: Path | str, model: type[M]) -> M:
    """Read a file and check it against a model.

    Raises:
        ConfigError: with every problem at once.
    """
    loaded, problems = check_table(read_toml(path), model)
    raise_problems(problems)
    if loaded is None:
        raise AssertionError("a model that could not be built has problems")
    return loaded


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise all problems, each once, in the order of their lines; nothing when there are none.

    Raises:
        ConfigError: there is at least one problem.
    """
    unique = dict.fromkeys(problems)
    if unique:
        raise ConfigError(sorted(unique, key=lambda problem: problem.line or 0))


def to_json(value: Any) -> Any:  # noqa: PLR0911 one return per kind of value
    """Plain data for JSON: quantities and paths as text, models as tables, NaN and infinity as null."""
    own = getattr(value, "to_json", None)
    if own is not None and not isinstance(value, type):
        return to_json(own())
    if isinstance(value, BaseModel):
        return {name: to_json(getattr(value, name)) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, (type, Quantity)):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _dotted(loc: Loc) -> str:
    """``thermometer[1].rate``: elements are counted from 1, as a person counts them in the file."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            shown = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"'
            text += f".{shown}" if text else shown
    return text


def _neighbours(path: Path) -> str:
    """What else the folder holds, for a mistyped name."""
    if not path.parent.is_dir():
        return f"; the folder {path.parent} does not exist either"
    names = sorted(item.name for item in path.parent.glob("*.toml"))[:8]
    return (
        f"; {path.parent.resolve()} has {', '.join(names)}"
        if names
        else f"; {path.parent.resolve()} has no .toml file"
    )
