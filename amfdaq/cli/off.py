"""``amfdaq off``: everything off, now."""

from __future__ import annotations

from pathlib import Path

import click

from amfdaq.cli.options import json_option
from amfdaq.cli.output import print_json, say


@click.command("off")
@click.argument("rig", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_context
def command(ctx: click.Context, rig: Path, *, as_json: bool) -> None:
    """Switch everything off that RIG (a rig.toml) can power, and read it back.

    It may be used while a run is going on: the guard of that run then sees the supply off and ends the run. It is no
    substitute for the hardware stop. Exit code 0: the supply confirmed that it is off; 3: it did not.
    """
    from amfdaq.clock import SystemClock
    from amfdaq.instruments import make_driver
    from amfdaq.rig import load_rig

    supply = load_rig(rig).supply
    if supply is None:
        say(f"amfdaq: {rig} has no supply: there is nothing to switch off")
        if as_json:
            print_json({"confirmed": True, "parts": []})
        return
    driver = make_driver(supply.driver, supply.options, SystemClock())
    report = driver.off()
    driver.close()
    if as_json:
        print_json({"confirmed": report.confirmed, "parts": list(report.parts)})
    else:
        for part in report.parts:
            click.echo(f"  {supply.name}: {part}")
    if report.confirmed:
        say("off: the supply has confirmed it")
    else:
        say("amfdaq: THE SUPPLY DID NOT CONFIRM THAT IT IS OFF: use the hardware stop now")
    ctx.exit(0 if report.confirmed else 3)
