"""``amfdaq drivers``: what can be connected."""

from __future__ import annotations

import click

from amfdaq.cli.options import json_option
from amfdaq.cli.output import print_json, warn


@click.command("drivers")
@json_option
def command(*, as_json: bool) -> None:
    """List the drivers that are installed: instrument family, models, link and how well the protocol is known."""
    from dataclasses import asdict

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
        for row in rows:
            click.echo(f"{row['name']}: {row['kind']}, {row['family']}")
            click.echo(f"    models    {', '.join(row['models'])}")
            click.echo(f"    link      {row['link']}")
            click.echo(f"    evidence  {row['evidence']}")
    warn(f"driver {line}" for line in broken)
