"""``amfdaq check``: validate files before they matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.kinds import expect, kind_of
from amfdaq.cli.messages import error_entry, in_words_of_options, lines_of
from amfdaq.cli.options import FileName, json_option
from amfdaq.cli.output import print_json, say, warn
from amfdaq.errors import AmfdaqError, ConfigError

if TYPE_CHECKING:
    from amfdaq.calibrated import Calibrations, CoilSource
    from amfdaq.recipe import Recipe
    from amfdaq.rig import Rig
    from amfdaq.sample import Sample


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a file.

    Attributes:
        problems: what is wrong, one sentence each with its file.
        notes: what the file amounts to.
        warnings: what was converted or will make results less certain.
    """

    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Walk:
    """The rig against which recipes are walked.

    Attributes:
        rig: whose limits count.
        calibrations: its certificates.
    """

    rig: Rig
    calibrations: Calibrations


@click.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", "rig", type=FileName(), metavar="RIG",
              help="Walk each recipe against the limits and the coil of this rig and print its timeline.")  # fmt: skip
@json_option
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], rig: Path | None, *, as_json: bool) -> None:
    """Validate rig, sample, recipe, certificate and run files; what a file is, is seen from what is in it.

    What is good is listed on stdout, what is wrong on stderr. Exit code 0: all good; 2: at least one is not.
    """
    walk = _walk_of(rig) if rig is not None else None
    report: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for path in paths:
        kind, findings = "unknown", Findings()
        try:
            kind = kind_of(path)
            findings = check(path, kind, walk)
        except AmfdaqError as error:
            findings = Findings(problems=tuple(lines_of(error)))
            errors.append(error_entry(path, error))
        else:
            errors += [{"source": str(path), "message": text, "exit_code": 2} for text in findings.problems]
        report.append(
            {"file": str(path), "kind": kind, "problems": list(findings.problems),
             "notes": [*findings.notes, *findings.warnings]}
        )  # fmt: skip
        warn((*findings.problems, *findings.warnings))
        if not as_json and not findings.problems:
            click.echo(f"{path}: {kind}, good")
            for note in findings.notes:
                click.echo(f"  {note}")
    if rig is not None and not any(entry["kind"] == "recipe" for entry in report):
        say("amfdaq: --dry-run walks recipes, and there is none among these files")
    if as_json:
        print_json({"files": report, **({"errors": errors} if errors else {})})
    ctx.exit(2 if errors else 0)


def check(path: Path, kind: str, walk: Walk | None = None) -> Findings:
    """What is to be said of one file.

    Raises:
        AmfdaqError: it cannot be used at all.
    """
    if kind == "run":
        from amfdaq.store.check import check_file

        return Findings(problems=tuple(in_words_of_options(f"{path}: {text}") for text in check_file(path)))
    if kind == "rig":
        return _check_rig(path)
    if kind == "sample":
        return _check_sample(path)
    if kind == "certificate":
        return _check_certificate(path)
    return _check_recipe(path, walk)


def _walk_of(rig: Path) -> Walk:
    from amfdaq.rig import load_rig
    from calibration import load_for

    expect(rig, "rig")
    loaded = load_rig(rig)
    return Walk(loaded, load_for(loaded))


def _check_rig(path: Path) -> Findings:
    from amfdaq.cli.run import remarks
    from amfdaq.rig import load_rig
    from calibration import load_for

    rig = load_rig(path)
    return Findings(warnings=(*remarks(rig=rig), *load_for(rig).warnings))


def _check_certificate(path: Path) -> Findings:
    import datetime as dt

    from amfdaq.config import read_toml
    from calibration import load_coil_certificate, load_thermometer_certificate

    file = read_toml(path)
    head = file.at(("certificate",))
    kind = head.get("kind") if isinstance(head, dict) else None
    if kind not in {"coil", "thermometer"} and isinstance(head, dict):
        said = "missing key: add kind =" if kind is None else "must be one of"
        raise ConfigError([file.problem(("certificate", "kind"), f'{said} "coil" or "thermometer"')])
    load = load_thermometer_certificate if kind == "thermometer" else load_coil_certificate
    expired = load(path).expired(dt.datetime.now().astimezone().date())
    return Findings(warnings=(expired,) if expired else ())


def _check_sample(path: Path) -> Findings:
    from amfdaq.cli.run import remarks
    from amfdaq.sample import load_sample

    sample = load_sample(path)
    return Findings(notes=(_describe_sample(sample),), warnings=tuple(remarks(sample=sample)))


def _describe_sample(sample: Sample) -> str:
    if sample.blank:
        return "a blank: there is no SAR to compute"
    thermal = sample.thermal()
    return (
        f"heat capacity {thermal.heat_capacity:.4g} J/K, {thermal.mass * 1e6:.4g} mg of {thermal.basis}: "
        f"1 mK/s is {thermal.heat_capacity / thermal.mass * 1e-6:.4g} W/g"
    )


def _check_recipe(path: Path, walk: Walk | None) -> Findings:
    from amfdaq.cli.run import fits, remarks
    from amfdaq.recipe import load_recipe

    recipe = load_recipe(path)
    notes = [f"{len(recipe.expand())} run(s), {_span(*recipe.duration().total)} in all"]
    warnings = tuple(remarks(recipe=recipe))
    if walk is None:
        return Findings(notes=tuple(notes), warnings=warnings)
    fits(recipe, path, walk.rig, walk.calibrations)
    return Findings(notes=(*notes, *_timeline(recipe, walk.calibrations.coil)), warnings=warnings)


def _span(shortest: float, longest: float) -> str:
    """A duration in the unit that a person plans with, from s."""
    units = (("min", 60.0, 3 * 3600.0), ("h", 3600.0, 3 * 86400.0), ("days", 86400.0, float("inf")))
    unit, size = next((unit, size) for unit, size, most in units if longest <= most)
    low, high = f"{shortest / size:.4g}", f"{longest / size:.4g}"
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _timeline(recipe: Recipe, coil: CoilSource | None) -> Iterator[str]:
    """The time line of every run, a line per step."""
    from amfdaq.recipe import timeline

    for run in recipe.expand():
        if run.label:
            yield f"{run.label}:"
        for row in timeline(run, coil.line if coil is not None else None):
            field = f"  {row.field / 1e3:.4g} kA/m at {row.frequency / 1e3:.4g} kHz" if row.frequency else ""
            current = f", {row.current:.2f} A" if row.current is not None else ""
            yield f"  {row.t_start:7.0f} s to {row.t_end:5.0f} s  {row.step}{field}{current}"
