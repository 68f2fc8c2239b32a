"""``amfdaq check``: validate files before they matter."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.options import json_option
from amfdaq.cli.output import print_json
from amfdaq.errors import AmfdaqError, BadInput, ConfigError

if TYPE_CHECKING:
    from amfdaq.calibrated import CoilSource
    from amfdaq.recipe import Recipe

_KINDS = {
    "recipe": ("recipe", "step", "sweep", "repeat"),
    "rig": ("rig", "thermometer", "supply", "limits"),
    "sample": ("sample", "vessel"),
    "certificate": ("certificate",),
}


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", "rig", type=click.Path(path_type=Path, dir_okay=False), metavar="RIG",
              help="Walk each recipe against the limits and the coil of this rig and print its timeline.")  # fmt: skip
@json_option
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], rig: Path | None, *, as_json: bool) -> None:
    """Validate rig, sample, recipe, certificate and run files; what a file is, is seen from what is in it.

    Exit code 0: all good; 2: at least one is not.
    """
    report: list[dict[str, Any]] = []
    for path in paths:
        entry: dict[str, Any] = {"file": str(path), "kind": "unknown", "problems": [], "notes": []}
        try:
            entry["kind"] = kind_of(path)
            entry["problems"], entry["notes"] = check(path, entry["kind"], rig)
        except ConfigError as error:
            entry["problems"] = [str(problem) for problem in error.problems]
        except AmfdaqError as error:
            entry["problems"] = [str(error)]
        report.append(entry)
    if as_json:
        print_json({"files": report})
    else:
        for entry in report:
            click.echo(f"{entry['file']}: {entry['kind']}, {'not good' if entry['problems'] else 'good'}")
            for line in (*entry["notes"], *entry["problems"]):
                click.echo(f"  {line}")
    ctx.exit(2 if any(entry["problems"] for entry in report) else 0)


def kind_of(path: Path) -> str:
    """What a file is: ``rig``, ``sample``, ``recipe``, ``certificate`` or ``run``.

    Raises:
        BadInput: it cannot be read, or it is none of them.
    """
    if path.suffix.lower() in {".h5", ".hdf5", ".nxs"}:
        return "run"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(
            f"{path}: cannot be read ({error.strerror}); name a .toml or a run file (.h5)"
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}: neither a run file (.h5) nor UTF-8 text; name a .toml or a run file"
        ) from error
    try:
        keys = set(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        keys = {
            line.strip().strip("[]").partition(".")[0] for line in text.splitlines() if line.startswith("[")
        }
    for kind in ("certificate", "rig", "sample", "recipe"):
        if any(key in _KINDS[kind] for key in keys):
            return kind
    raise BadInput(
        f"{path}: neither rig, sample, recipe nor certificate: a [rig], [sample], [recipe] or [certificate] table is missing"
    )


def check(path: Path, kind: str, rig: Path | None) -> tuple[list[str], list[str]]:
    """Problems and notes of one file.

    Raises:
        AmfdaqError: it cannot be used at all.
    """
    if kind == "run":
        from amfdaq.store.check import check_file

        return check_file(path), []
    if kind == "rig":
        return _check_rig(path)
    if kind == "sample":
        from amfdaq.sample import load_sample

        return [], _describe_sample(load_sample(path))
    if kind == "certificate":
        return _check_certificate(path)
    return _check_recipe(path, rig)


def _check_rig(path: Path) -> tuple[list[str], list[str]]:
    from amfdaq.rig import load_rig
    from calibration import load_for

    return [], list(load_for(load_rig(path)).warnings)


def _check_certificate(path: Path) -> tuple[list[str], list[str]]:
    import datetime as dt

    from calibration import load_coil_certificate, load_thermometer_certificate

    kind = tomllib.loads(path.read_text(encoding="utf-8")).get("certificate", {}).get("kind")
    load = load_thermometer_certificate if kind == "thermometer" else load_coil_certificate
    expired = load(path).expired(dt.datetime.now().astimezone().date())
    return [], [expired] if expired else []


def _describe_sample(sample: Any) -> list[str]:
    if sample.blank:
        return ["a blank: there is no SAR to compute"]
    thermal = sample.thermal()
    return [
        (
            f"heat capacity {thermal.heat_capacity:.4g} J/K, {thermal.mass * 1e6:.4g} mg of {thermal.basis}: "
            f"1 mK/s is {thermal.heat_capacity / thermal.mass * 1e-6:.4g} W/g"
        )
    ]


def _check_recipe(path: Path, rig: Path | None) -> tuple[list[str], list[str]]:
    from amfdaq.recipe import dry_run, load_recipe

    recipe = load_recipe(path)
    shortest, longest = recipe.duration().total
    span = f"{shortest / 60:.1f}" if shortest == longest else f"{shortest / 60:.1f} to {longest / 60:.1f}"
    notes = [f"{len(recipe.expand())} run(s), {span} min in all", *recipe.notes]
    if rig is None:
        return [], notes
    from amfdaq.rig import load_rig
    from calibration import load_for

    loaded = load_rig(rig)
    coil = load_for(loaded).coil
    problems = dry_run(recipe, loaded.limits, coil.line if coil is not None else None)
    if not problems:
        notes += list(_walk(recipe, coil))
    return [f"{path}: {problem}" for problem in problems], notes


def _walk(recipe: Recipe, coil: CoilSource | None) -> Iterator[str]:
    """The time line of every run, a line per step."""
    from amfdaq.recipe import timeline

    for run in recipe.expand():
        if run.label:
            yield f"{run.label}:"
        for row in timeline(run, coil.line if coil is not None else None):
            field = f"  {row.field / 1e3:.4g} kA/m at {row.frequency / 1e3:.4g} kHz" if row.frequency else ""
            current = f", {row.current:.2f} A" if row.current is not None else ""
            yield f"  {row.t_start:7.0f} s to {row.t_end:5.0f} s  {row.step}{field}{current}"
