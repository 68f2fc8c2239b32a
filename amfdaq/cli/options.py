"""Options that several commands share, read with units."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from amfdaq.errors import QuantityError
from amfdaq.quantity import Quantity, parse


class QuantityOption(click.ParamType[Quantity]):
    """A quantity with its unit, such as ``"15 kA/m"``.

    Args:
        dimension: what it must be.
        bare: unit that a bare number takes, or None where a unit is required.
        positive: zero is refused.
    """

    def __init__(self, dimension: str, bare: str | None = None, *, positive: bool = False) -> None:
        self.dimension = dimension
        self.bare = bare
        self.positive = positive
        self.name = dimension

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Quantity:
        """Parse, or fail with the sentence of the quantity."""
        if isinstance(value, Quantity):
            return value
        text = str(value)
        if self.bare is not None:
            with contextlib.suppress(ValueError):  # it has a unit of its own
                text = f"{float(text)!r} {self.bare}"
        try:
            quantity = parse(text, self.dimension)
        except QuantityError as error:
            lost = "; keep the quotes, or the shell splits it at the space" if _is_number(text) else ""
            self.fail(f"{error}{lost}", param, ctx)
        if self.positive and not quantity.value > 0:
            self.fail(f'"{text}" must be above zero', param, ctx)
        return quantity


class FileName(click.ParamType[Path]):
    """The name of a file; whoever reads it says more when it is not there."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """A path that is not a folder."""
        path = Path(value)
        if path.is_dir():
            self.fail(f'"{path}" is a folder: name the file in it', param, ctx)
        return path


class FolderName(click.ParamType[Path]):
    """The name of a folder.

    Args:
        exists: it must be there; otherwise it is made when it is needed.
    """

    name = "folder"

    def __init__(self, *, exists: bool = False) -> None:
        self.exists = exists

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """A path that is not a file."""
        path = Path(value)
        if path.exists() and not path.is_dir():
            self.fail(f'"{path}" is a file: name a folder', param, ctx)
        if self.exists and not path.exists():
            self.fail(f'there is no folder "{path}": check the name', param, ctx)
        return path


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."
)
out_option = click.option(
    "-o", "--out", "folder", type=FolderName(), default=Path(), show_default="this folder",
    help="Folder for the files.",
)  # fmt: skip


def experiment_options(function: Any) -> Any:
    """Options that say what was heated, in which field, and when it was on."""
    for option in (
        click.option(
            "--off",
            type=QuantityOption("time", bare="s"),
            help="When the field went off: s on the clock of the file.",
        ),
        click.option(
            "--on",
            type=QuantityOption("time", bare="s"),
            help="When the field went on: s on the clock of the file.",
        ),
        click.option(
            "--frequency",
            type=QuantityOption("frequency", positive=True),
            help='Field frequency, such as "300 kHz".',
        ),
        click.option(
            "--field",
            type=QuantityOption("field", positive=True),
            help='Field amplitude while on, such as "15 kA/m" or "18.8 mT".',
        ),
        click.option(
            "--sample", type=FileName(), help="sample.toml; goes before one that the file has already."
        ),
    ):
        function = option(function)
    return function


def table_options(function: Any) -> Any:
    """Options about how a table is to be read; `reading` collects them."""
    for option in (
        click.option(
            "--date-order",
            type=click.Choice(["DMY", "MDY", "YMD"]),
            help="How dates in a table are to be read.",
        ),
        click.option(
            "--temperature-unit",
            type=click.Choice(["degC", "K"]),
            help="Unit of the temperatures in a table.",
        ),
        click.option(
            "--time-unit",
            type=click.Choice(["s", "ms", "us", "min", "h"]),
            help="Unit of the times in a table.",
        ),
        click.option(
            "--channel", help="Which temperature, where a file has several: its heading or its number."
        ),
    ):
        function = option(function)
    return function


def reading(time_unit: str | None, temperature_unit: str | None, date_order: str | None) -> dict[str, str]:
    """What was given of `table_options`, as arguments for `read_table`."""
    given = {"time_unit": time_unit, "temperature_unit": temperature_unit, "date_order": date_order}
    return {key: value for key, value in given.items() if value is not None}
