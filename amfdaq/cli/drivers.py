"""``amfdaq drivers``: what can be connected."""

from __future__ import annotations

import click

from amfdaq.cli.options import json_option
from amfdaq.cli.output import print_json


@click.command("drivers")
@json_option
def command(*, as_json: bool) -> None:
    """List the drivers that are installed: instrument family, models, link and how well the protocol is known."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from amfdaq.errors import AmfdaqError
    from amfdaq.instruments import driver_class, driver_names

    rows, broken = [], []
    for name in driver_names():
        try:
            cls = driver_class(name)
            rows.append({"name": name, "kind": cls.kind, **asdict(cls.card)})
        except (AmfdaqError, AttributeError) as error:
            broken.append(f"{name}: {error}")
    if as_json:
        print_json({"drivers": rows, "broken": broken})
    else:
        table = Table("driver", "kind", "family", "models", "link", "evidence", box=None)
        for row in rows:
            table.add_row(
                row["name"],
                row["kind"],
                row["family"],
                ", ".join(row["models"]),
                row["link"],
                row["evidence"],
            )
        Console(highlight=False).print(table)
    for line in broken:
        click.echo(f"amfdaq: driver {line}", err=True)
