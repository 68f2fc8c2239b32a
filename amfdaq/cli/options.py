"""Options that several commands share, read with units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amfdaq.errors import QuantityError
from amfdaq.quantity import Quantity, parse


class QuantityOption(click.ParamType):
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
            try:
                text = f"{float(text)!r} {self.bare}"
            except ValueError:
                pass  # it has a unit of its own
        try:
            return parse(text, self.dimension)
        except QuantityError as error:
            self.fail(str(error), param, ctx)


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
out_option = click.option(
    "-o", "--out", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default="this folder",
    help="Folder for the files.",
)  # fmt: skip
