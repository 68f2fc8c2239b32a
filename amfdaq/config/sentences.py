"""From what pydantic found wrong to sentences for the person who wrote the file.

Every kind of error that our models can raise has a sentence here; pydantic's own wording never gets through.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_origin

from pydantic import BaseModel

from amfdaq.config.fields import children, example_line, field_of, holds_tables, key_of, model_of
from amfdaq.config.lines import Loc

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_NUMBER_LIMITS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}
_KINDS = {
    "string_type": "is not text: write it in quotes",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number (write it without quotes and without a unit)",
    "bool_type": "is neither true nor false (write one of them, without quotes)",
    "date_type": "is not a date: write it without quotes, such as 2025-03-31",
    "date_from_datetime_inexact": "has a time of day; a date alone is wanted, such as 2025-03-31",
    "finite_number": "is not a finite number",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "set_type": "is not a list",
    "dict_type": "is not a table",
    "model_type": "is not a table",
    "model_attributes_type": "is not a table",
    "dataclass_type": "is not a table",
}


def sentences(model: type[BaseModel], errors: Sequence[ErrorDetails]) -> list[tuple[Loc, str]]:
    """One (key path, sentence) per problem.

    Args:
        model: the model that was validated against.
        errors: as given by ``ValidationError.errors()``.

    Returns:
        in the order of the errors; a missing key is not listed when an unknown key beside it is clearly meant
        for it.
    """
    found: list[tuple[Loc, str]] = []
    meant: set[Loc] = set()
    for error in errors:
        if error["type"] == "extra_forbidden":
            loc = tuple(error["loc"])
            text, key = _unknown_key(model, loc)
            found.append((loc, text))
            if key is not None:
                meant.add((*loc[:-1], key))
    for error in errors:
        loc = tuple(error["loc"])
        if error["type"] == "extra_forbidden" or (error["type"] == "missing" and loc in meant):
            continue
        found.append((_without_tags(loc), _sentence(model, error)))
    return found


def shown(value: object) -> str:
    """A value as it stands in a TOML file, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple)):
        return "a list"
    return str(value)


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """The known word that was most likely meant, or None."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def _sentence(model: type[BaseModel], error: ErrorDetails) -> str:
    kind, loc, value = error["type"], tuple(error["loc"]), error["input"]
    context: Mapping[str, Any] = error.get("ctx", {})
    special = _SPECIAL.get(kind)
    if special is not None:
        return special(model, loc, context)
    if kind in _NUMBER_LIMITS:
        name, words = _NUMBER_LIMITS[kind]
        return f"{shown(value)} {words} {context[name]}"
    if kind in {"model_type", "model_attributes_type", "dict_type", "list_type"}:
        return _wrong_brackets(model, loc, value)
    if kind in _KINDS:
        return f"{shown(value)} {_KINDS[kind]}{_such_as(model, loc)}"
    return f"{shown(value)} cannot be used here{_such_as(model, loc)}"


def _missing(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    del context
    inner, field = model_of(model, loc), field_of(model, loc)
    name = str(loc[-1])
    tables = _is_list(model, loc)
    if tables and holds_tables(field):
        return f"missing table: add [[{name}]]"
    if inner is None:
        return f"missing key: add {example_line(name, field)}"
    header = f"[[{name}]]" if tables else f"[{name}]"
    needed = [example_line(key, info) for key, info in inner.model_fields.items() if info.is_required()]
    return f"missing table: add {header}" + (f" with {', '.join(needed)}" if needed else "")


def _unknown_key(model: type[BaseModel], loc: Loc) -> tuple[str, str | None]:
    """The sentence for an unknown key, and the key it was probably meant to be."""
    name = str(loc[-1])
    known = sorted(children(model, loc[:-1]))
    meant = did_you_mean(name, known)
    if meant is not None:
        return f'unknown key "{name}"; did you mean "{meant}"?', meant
    for table, info in model.model_fields.items():
        home = model_of(model, (key_of(table, info),))
        if home is not None and name in children(home, ()):
            return f'unknown key "{name}" here; it belongs under [{key_of(table, info)}]', None
    return f'unknown key "{name}"; known keys here: {", ".join(known)}', None


def _wrong_brackets(model: type[BaseModel], loc: Loc, value: object) -> str:
    name = next((str(part) for part in reversed(loc) if isinstance(part, str)), "")
    if isinstance(value, Mapping):
        return f"there can be several of these: write [[{name}]] with double brackets, not [{name}]"
    if isinstance(value, (list, tuple)) and model_of(model, loc) is not None:
        return f"there can be only one of these: write [{name}] with single brackets, and once"
    what = "a list" if _is_list(model, loc) else "a table"
    return f"{shown(value)} is not {what}{_such_as(model, loc)}"


def _is_list(model: type[BaseModel], loc: Loc) -> bool:
    field = field_of(model, loc)
    return field is not None and get_origin(field.annotation) is list


def _one_of(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    del model, loc
    choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    listed = ", ".join(f'"{choice}"' for choice in choices) or str(context.get("expected", ""))
    return f"must be one of {listed}"


def _raised(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    del model, loc
    return str(context.get("error", "is not valid")).strip() or "is not valid"


def _said(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    del model, loc
    return str(context["sentence"])


def _too_short(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    least = int(context.get("min_length", 1))
    return f"needs at least {least} {'entry' if least == 1 else 'entries'}{_such_as(model, loc)}"


def _too_long(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    return f"may have at most {context.get('max_length')} entries{_such_as(model, loc)}"


def _short_text(model: type[BaseModel], loc: Loc, context: Mapping[str, Any]) -> str:
    del context
    return f"must not be empty{_such_as(model, loc)}"


def _such_as(model: type[BaseModel], loc: Loc) -> str:
    field = field_of(model, loc)
    line = example_line(str(loc[-1]), field) if loc and field is not None else ""
    return "" if not line or line.endswith("...") else f"; write it like {line}"


def _without_tags(loc: Loc) -> Loc:
    return tuple(part for part in loc if part != "[key]")


_SPECIAL: dict[str, Callable[[type[BaseModel], Loc, Mapping[str, Any]], str]] = {
    "missing": _missing,
    "literal_error": _one_of,
    "enum": _one_of,
    "value_error": _raised,
    "assertion_error": _raised,
    "amfdaq": _said,
    "too_short": _too_short,
    "too_long": _too_long,
    "string_too_short": _short_text,
}
