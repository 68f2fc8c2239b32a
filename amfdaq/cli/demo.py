"""``amfdaq demo``: the whole chain on the simulated bench."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.options import FolderName, json_option
from amfdaq.cli.output import print_json, say
from amfdaq.quantity import format_pm

if TYPE_CHECKING:
    from amfdaq.calibrated import Calibrations
    from amfdaq.cli.bench import Bench
    from amfdaq.recipe import PlannedRun


@click.command("demo")
@click.option("-o", "--out", "folder", type=FolderName(), default=None,
              help="Folder for the files; by default a new one, demo-<time>, in this folder.")  # fmt: skip
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the noise and of the hidden true values of the bench.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 20),
    default=8.0,
    show_default=True,
    help="Bench seconds per real second.",
)
@click.option("--sweep", is_flag=True, help="Four fields: SAR against H and an ILP table (four minutes).")
@json_option
@click.pass_context
def command(
    ctx: click.Context, folder: Path | None, seed: int, speed: float, *, sweep: bool, as_json: bool
) -> None:
    """Simulate a bench, acquire a run on it, store it, analyse it, and compare with the truth that the bench knows.

    The bench is another process that is reached over TCP with the bytes of the real instruments; nothing else is simulated.
    """
    from amfdaq.cli.bench import start_bench, write_rig
    from amfdaq.cli.progress import Terminal
    from amfdaq.cli.run import describe, exit_code, load_all, show
    from amfdaq.report.figure import draw_run
    from amfdaq.run.acquire import acquire
    from calibration import load_for

    folder = folder or Path(f"demo-{dt.datetime.now().astimezone():%Y%m%dT%H%M%S}")
    bench = start_bench(speed=speed, seed=seed)
    try:
        rig_file = write_rig(folder, bench.ready)
        recipe, rig, sample = load_all(
            folder / ("sweep.toml" if sweep else "recipe.toml"), rig_file, folder / "sample.toml"
        )
        calibrations = load_for(rig)
        say(f"simulated bench running at {speed:g} times real speed; files go to {folder}")
        with Terminal() as terminal:
            campaign = acquire(
                recipe, rig=rig, sample=sample, calibrations=calibrations, folder=folder,
                observer=terminal.show, on_run=terminal.finished,
            )  # fmt: skip
        document = describe(campaign)
        for run, plan in zip(document["runs"], recipe.expand(), strict=False):
            run["truth"] = _truth(bench, plan, calibrations)
    finally:
        bench.stop()
    for item, run in zip(campaign.runs, document["runs"], strict=True):
        if item.result is not None:
            run["figure"] = str(draw_run(item.outcome.file, item.outcome.file.with_suffix(".png")))
    if as_json:
        print_json(document)
    else:
        show(campaign, document)
        for run in document["runs"]:
            _compare(run)
    ctx.exit(exit_code(campaign))


def _truth(bench: Bench, plan: PlannedRun, calibrations: Calibrations) -> dict[str, Any]:
    """The truth at the set-point of a run: the bench knows what its hidden parameters make of current and frequency."""
    heat, coil = plan.heat, calibrations.coil
    if heat is None or heat.field is None or heat.frequency is None or coil is None:
        return {}
    current = coil.line(heat.frequency).current(heat.field)
    return bench.ask(cmd="truth", current=current, frequency=heat.frequency)


def _compare(run: dict[str, Any]) -> None:
    truth = run["truth"]
    for key, unit in (("sar", "W/g"), ("ilp", "nH m2/kg")):
        if run.get(key) and truth.get(key) is not None:
            value, big_u = run[key]["value"], run[key]["U"]
            inside = "inside" if abs(value - truth[key]) <= big_u else "OUTSIDE"
            click.echo(
                f"  truth of the bench: {key.upper()} {truth[key]:.4g} {unit}, {inside} the 95 % interval of "
                f"{format_pm(value, run[key]['u'])}"
            )
    if run.get("figure"):
        click.echo(f"  figure {run['figure']}")
