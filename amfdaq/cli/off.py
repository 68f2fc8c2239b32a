"""``amfdaq off``: everything off, now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amfdaq.cli.kinds import expect
from amfdaq.cli.messages import lines_of
from amfdaq.cli.options import FileName, json_option
from amfdaq.cli.output import print_json, say, warn
from amfdaq.errors import AmfdaqError, ConfigError

LAST_RESORT = "use the hardware stop now"


@click.command("off")
@click.argument("rig", type=FileName())
@json_option
@click.pass_context
def command(ctx: click.Context, rig: Path, *, as_json: bool) -> None:
    """Switch everything off that RIG (a rig.toml) can power, and read it back.

    It may be used while a run is going on: the guard of that run is told, switches off and ends, and the run with it. It is no
    substitute for the hardware stop. Exit code 0: the supply confirmed that it is off; 3: it did not.
    """
    from amfdaq.clock import SystemClock
    from amfdaq.config import to_json
    from amfdaq.instruments import make_driver
    from amfdaq.run.guard_registry import tell_guards_of

    try:
        supply = find_supply(rig)
        driver = None if supply is None else make_driver(supply[1], supply[2], SystemClock())
    except AmfdaqError:
        say(f"amfdaq: NOTHING WAS SWITCHED OFF: {LAST_RESORT}")
        raise
    if supply is None or driver is None:
        say(f"amfdaq: {rig} has no supply: there is nothing to switch off")
        if as_json:
            print_json({"confirmed": True, "parts": []})
        return
    told = tell_guards_of(to_json(supply[2]))
    if told:
        say("amfdaq: a run is using this supply; its guard was told to switch off and end")
    report = driver.off()
    driver.close()
    if as_json:
        print_json({"confirmed": report.confirmed, "parts": list(report.parts)})
    else:
        for part in report.parts:
            click.echo(f"  {supply[0]}: {part}")
    if report.confirmed:
        say("off: the supply has confirmed it")
    else:
        say(f"amfdaq: THE SUPPLY DID NOT CONFIRM THAT IT IS OFF: {LAST_RESORT}")
    ctx.exit(0 if report.confirmed else 3)


def find_supply(rig: Path) -> tuple[str, str, Any] | None:
    """Name, driver and options of the supply, or None where the rig has none.

    In an emergency a mistake elsewhere in the file (a limit, a lost certificate) must not keep the supply on: when
    its own table can be read, that is enough, and the mistakes are only told.

    Raises:
        ConfigError: what is needed to reach the supply cannot be read.
    """
    from amfdaq.rig import load_rig

    expect(rig, "rig")
    try:
        supply = load_rig(rig).supply
    except ConfigError as error:
        found = _salvaged(rig)
        if found is None:
            raise
        warn(lines_of(error))
        return found
    return None if supply is None else (supply.name, supply.driver, supply.options)


def _salvaged(rig: Path) -> tuple[str, str, Any] | None:
    """The supply of a rig that is wrong elsewhere; None when the supply itself cannot be read."""
    from amfdaq.config import check_table, read_toml
    from amfdaq.errors import BadInput
    from amfdaq.instruments import driver_class

    file = read_toml(rig)
    name, driver = (file.at(("supply", key)) for key in ("name", "driver"))
    if not isinstance(driver, str) or not isinstance(file.at(("supply", "options")), dict):
        return None
    try:
        cls = driver_class(driver)
    except BadInput:
        return None
    options, _ = check_table(file, cls.Options, ("supply", "options"))
    if cls.kind != "supply" or options is None:
        return None
    return (name if isinstance(name, str) else "supply"), driver, options
