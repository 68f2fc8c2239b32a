"""``amfdaq run``: do a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.options import FileName, json_option, out_option
from amfdaq.cli.output import print_json, say, show_result, warn

if TYPE_CHECKING:
    from amfdaq.calibrated import Calibrations
    from amfdaq.recipe import Recipe
    from amfdaq.rig import Rig
    from amfdaq.run.acquire import Acquired, Campaign
    from amfdaq.sample import Sample


@click.command("run")
@click.argument("recipe", type=FileName())
@click.option("--rig", required=True, type=FileName(), help="rig.toml")
@click.option("--sample", required=True, type=FileName(), help="sample.toml")
@out_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, recipe: Path, rig: Path, sample: Path, folder: Path, *, as_json: bool
) -> None:
    """Do RECIPE: acquire into run files, with progress, time left and live SAR, then analyse.

    Ctrl-C switches the field off and closes the file; a second Ctrl-C switches off past everything that waits.
    Exit code 0: done; 1: stopped by an interlock or a person; 2: bad input; 3: an instrument or the system failed.
    """
    from amfdaq.cli.progress import Terminal
    from amfdaq.run.acquire import acquire
    from calibration import load_for

    loaded_recipe, loaded_rig, loaded_sample = load_all(recipe, rig, sample)
    calibrations = load_for(loaded_rig)
    fits(loaded_recipe, recipe, loaded_rig, calibrations)
    warn(remarks(recipe=loaded_recipe, rig=loaded_rig, sample=loaded_sample))
    warn(calibrations.warnings)
    recovered(folder)
    with Terminal(quiet=False) as terminal:
        campaign = acquire(
            loaded_recipe, rig=loaded_rig, sample=loaded_sample, calibrations=calibrations, folder=folder,
            observer=terminal.show, on_run=terminal.finished,
        )  # fmt: skip
    document = describe(campaign)
    if as_json:
        print_json(document)
    else:
        show(campaign, document)
    ctx.exit(exit_code(campaign))


def load_all(recipe: Path, rig: Path, sample: Path) -> tuple[Any, Any, Any]:
    """The three files of a run; the problems of all of them at once.

    Raises:
        ConfigError: with every problem in any of them.
    """
    from amfdaq.cli.kinds import expect
    from amfdaq.errors import ConfigError, Problem
    from amfdaq.recipe import load_recipe
    from amfdaq.rig import load_rig
    from amfdaq.sample import load_sample

    loaded: list[Any] = []
    problems: list[Problem] = []
    for kind, load, path in (
        ("recipe", load_recipe, recipe), ("rig", load_rig, rig), ("sample", load_sample, sample),
    ):  # fmt: skip
        try:
            expect(path, kind)
            loaded.append(load(path))
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return loaded[0], loaded[1], loaded[2]


def fits(recipe: Recipe, path: Path, rig: Rig, calibrations: Calibrations) -> None:
    """Check a recipe against the limits of the rig and its coil, before anything is opened or created.

    Raises:
        ConfigError: with every step that does not fit, in the name of the recipe file.
    """
    from amfdaq.errors import ConfigError, Problem
    from amfdaq.recipe import dry_run

    coil = calibrations.coil
    found = dry_run(recipe, rig.limits, coil.line if coil is not None else None)
    if found:
        advice = f"; change the recipe, or see limits and coil in {rig.path}"
        raise ConfigError([Problem(path, None, "", sentence + advice) for sentence in found])


def remarks(
    *, recipe: Recipe | None = None, rig: Rig | None = None, sample: Sample | None = None
) -> list[str]:
    """What was converted, and what makes a result less certain than it looks, each with its file."""
    found = [(item.path, note) for item in (recipe, rig) if item is not None for note in item.notes]
    if sample is not None:
        found += [(sample.path, warning) for warning in sample.warnings]
    return [f"{path}: {text}" for path, text in found]


def recovered(folder: Path) -> None:
    """Finish what an earlier run that was killed has left in the folder."""
    from amfdaq.store.recovery import recover

    if folder.is_dir():
        for item in recover(folder):
            say(f"amfdaq: recovered {item.file} ({item.rows} rows): {item.reason}")


def describe(campaign: Campaign) -> dict[str, Any]:
    """The JSON document of a campaign."""
    from amfdaq.analysis.campaign import summarize_campaign

    runs = [_describe_run(item) for item in campaign.runs]
    document: dict[str, Any] = {"runs": runs, "planned": campaign.planned, "folder": str(campaign.folder)}
    if campaign.index is not None:
        document["campaign"] = {"index": str(campaign.index)}
        results = [item.result for item in campaign.runs if item.result is not None]
        if results:
            document["campaign"].update(summarize_campaign(results).to_json())
    if campaign.error is not None:
        document["error"] = {"message": str(campaign.error), "exit_code": campaign.error.exit_code}
    return document


def _describe_run(item: Acquired) -> dict[str, Any]:
    outcome = item.outcome
    data: dict[str, Any] = (
        item.result.to_json()
        if item.result is not None
        else {
            "source": str(outcome.file),
            "verdict": "refused",
            "reasons": [outcome.reason or "the run has no analysis"],
            "rate": None,
            "sar": None,
            "ilp": None,
            "estimators": [],
            "budget": [],
        }
    )
    if outcome.status != "finished" and data["verdict"] == "accepted":
        data = {**data, "notes": [*data.get("notes", []), f"the run was {outcome.status}: {outcome.reason}"]}
    return {
        **data,
        "file": str(outcome.file),
        "status": outcome.status,
        "reason": outcome.reason,
        "missed": outcome.missed,
        "off_confirmed": outcome.off_confirmed,
    }


def show(campaign: Campaign, document: dict[str, Any]) -> None:
    """Print a campaign for a person."""
    for item in campaign.runs:
        stopped = item.outcome.status != "finished"
        if stopped:
            head = f"{item.outcome.file}: RUN {item.outcome.status.upper()}: {item.outcome.reason}"
            click.secho(head, fg="red", bold=True)
            said = "the field is off: the supply has confirmed it"
            click.secho(
                said if item.outcome.off_confirmed else "THE SUPPLY HAS NOT CONFIRMED THAT IT IS OFF",
                bold=True,
            )
        if item.result is not None:
            if stopped:
                click.echo("what was recorded until then gives:")
            show_result(item.result, details=len(campaign.runs) == 1)
    table = document.get("campaign", {})
    if table.get("rows"):
        _show_campaign(table)


def _show_campaign(table: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from amfdaq.quantity import format_pm

    grid = Table("H kA/m", "f kHz", "SAR W/g", "ILP nH m2/kg", "verdict", box=None)
    for row in table["rows"]:
        cells = ["-" if row.get(key) is None else f"{row[key] / 1e3:.4g}" for key in ("field", "frequency")]
        for key in ("sar", "ilp"):
            value = row.get(key)
            cells.append("-" if not value else format_pm(value["value"], value["u"]))
        grid.add_row(*cells, row.get("verdict", ""))
    Console(highlight=False, soft_wrap=True).print(grid)
    exponent = table.get("exponent")
    if exponent:
        click.echo(
            f"SAR ~ H^n with n = {format_pm(exponent['value'], exponent['u'])}; {table.get('remark', '')}"
        )
    click.echo(f"table: {table['index']}")


def exit_code(campaign: Campaign) -> int:
    """0 when every planned run was done, else the code of what ended it."""
    if campaign.error is not None:
        return campaign.error.exit_code
    return 0 if len(campaign.runs) == campaign.planned else 3
