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
    """

    def __init__(self, dimension: str, bare: str | None = None) -> None:
        self.dimension = dimension
        self.bare = bare
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
            return parse(text, self.dimension)
        except QuantityError as error:
            self.fail(str(error), param, ctx)


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else."
)
out_option = click.option(
    "-o", "--out", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default="this folder",
    help="Folder for the files.",
)  # fmt: skip


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
