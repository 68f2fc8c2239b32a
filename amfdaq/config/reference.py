"""The reference table of a configuration file, made from its model: what `docs/configuration.md` shows.

Run ``python -m amfdaq.config.reference MODULE:MODEL[:ABOVE]`` to print one, for example ``amfdaq.rig:RigFile`` or
``amfdaq.recipe.file:HeatSection:step``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from amfdaq.config.fields import walk
from amfdaq.config.quantities import Key, Reads
from amfdaq.quantity import Quantity, si_unit


@dataclass(frozen=True, slots=True)
class Row:
    """One key of a configuration file.

    Attributes:
        key: path such as ``limits.temperature``; ``NAME`` stands for a name of one's own choice.
        kind: what it holds: ``temperature (degC)``, ``text``, ``whole number``, ``"core" or "reference"``...
        default: as written in TOML, ``required``, or ``-`` when it may be left out and has no default.
        example: as written in TOML.
        says: what it means.
    """

    key: str
    kind: str
    default: str
    example: str
    says: str

    def markdown(self) -> str:
        """The row of a Markdown table."""
        default = self.default if self.default in {"required", "-"} else f"`{self.default}`"
        return f"| `{self.key}` | {self.kind} | {default} | `{self.example}` | {self.says} |"


def rows(model: type[BaseModel], above: str = "") -> Iterator[Row]:
    """A row for every key of a model that is not itself a table; ``above`` is where the model stands in its file."""
    for path, field, inner in walk(model, (above,) if above else ()):
        if inner is not None:
            continue
        key = _metadata(field, Key)
        yield Row(
            ".".join(path),
            _kind(field),
            "required" if field.is_required() else _toml(field.get_default(call_default_factory=True)),
            key.example if key is not None else "",
            key.says if key is not None else "",
        )


def table(model: type[BaseModel], above: str = "") -> str:
    """The whole Markdown table of a model."""
    head = ["| key | holds | default | example | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row.markdown() for row in rows(model, above))])


def _metadata(field: FieldInfo, kind: type[Any]) -> Any:
    return next((item for item in field.metadata if isinstance(item, kind)), None)


def _kind(field: FieldInfo) -> str:
    reads = _metadata(field, Reads)
    if reads is not None:
        return f"{reads.dimension} ({si_unit(reads.dimension)})"
    return _type_words(field.annotation)


def _type_words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        reads = next((item for item in arguments if isinstance(item, Reads)), None)
        return (
            f"{reads.dimension} ({si_unit(reads.dimension)})"
            if reads is not None
            else _type_words(arguments[0])
        )
    if origin is Literal:
        return " or ".join(f'"{choice}"' for choice in arguments)
    if origin is list:
        return f"list of {_type_words(arguments[0])}"
    if origin is dict:
        return "table"
    if origin is Union or type(annotation).__name__ == "UnionType":
        return " or ".join(_type_words(item) for item in arguments if item is not type(None))
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "Path": "file"}
    return names.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation)))


def _toml(value: Any) -> str:
    if value is None or value in ({}, [], ""):
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, (str, Quantity)) else str(value)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        module, attribute, *above = name.split(":")
        sys.stdout.write(f"{table(getattr(importlib.import_module(module), attribute), *above)}\n\n")
