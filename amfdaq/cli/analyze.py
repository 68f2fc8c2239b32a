"""``amfdaq analyze``: SAR and ILP from run files and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.kinds import expect
from amfdaq.cli.messages import error_entry, lines_of
from amfdaq.cli.options import (
    QuantityOption,
    experiment_options,
    json_option,
    reading,
    table_options,
)
from amfdaq.cli.output import print_json, show_result, warn
from amfdaq.errors import AmfdaqError
from amfdaq.quantity import Quantity, format_pm

if TYPE_CHECKING:
    from amfdaq.analysis.result import SarResult
    from amfdaq.sample import Sample


@click.command("analyze")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@experiment_options
@table_options
@click.option(
    "--t-eq", type=QuantityOption("temperature"),
    help='Temperature at which a blank stays with the field on, such as "24.2 degC": the rate is read as the sample crosses it.',
)  # fmt: skip
@click.option("--save", is_flag=True, help="Append the analysis to the run file; earlier analyses stay.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    sample: Path | None,
    field: Quantity | None,
    frequency: Quantity | None,
    on: Quantity | None,
    off: Quantity | None,
    channel: str | None,
    time_unit: str | None,
    temperature_unit: str | None,
    date_order: str | None,
    t_eq: Quantity | None,
    *,
    save: bool,
    as_json: bool,
) -> None:
    """SAR and ILP with their uncertainty from run files, folders and tables (CSV, TXT) of any logger.

    Exit code 0: every curve accepted; 1: at least one refused; 2: a file could not be used.
    """
    from amfdaq.analysis.pipeline import AnalysisSettings
    from amfdaq.batch import Overrides, analyze_file

    stated = sample_of(sample)
    overrides = Overrides(
        sample=stated,
        field=field,
        frequency=frequency,
        on=None if on is None else on.value,
        off=None if off is None else off.value,
        channel=channel,
        reading=reading(time_unit, temperature_unit, date_order),
    )
    settings = AnalysisSettings(t_eq=None if t_eq is None else t_eq.value)
    results: list[SarResult] = []
    errors: list[dict[str, Any]] = []
    remarks: list[str] = []
    for path in _files(paths, errors):
        try:
            results.append(analyze_file(path, overrides=overrides, settings=settings, save=save))
            remarks += _remarks(path, stated)
        except AmfdaqError as error:
            _note(path, error, errors)
    warn(remarks)
    document: dict[str, Any] = {"runs": [result.to_json() for result in results]}
    document["summary"] = summarize(results)
    if errors:
        document["errors"] = errors
    if as_json:
        print_json(document)
    else:
        for result in results:
            show_result(result, details=len(results) <= 3)
        _show_summary(document["summary"])
    refused = any(item["verdict"] != "accepted" for item in document["runs"])
    ctx.exit(max((error["exit_code"] for error in errors), default=1 if refused else 0))


def sample_of(path: Path | None) -> Sample | None:
    """The sample that was given with ``--sample``.

    Raises:
        ConfigError: with every problem of its file.
    """
    from amfdaq.sample import load_sample

    if path is None:
        return None
    expect(path, "sample")
    return load_sample(path)


def _files(paths: tuple[Path, ...], errors: list[dict[str, Any]]) -> list[Path]:
    """All files to look at, each once; a path without any is an error that leaves the others alone."""
    from amfdaq.batch import find_files

    found: dict[Path, Path] = {}
    for path in paths:
        try:
            found |= {file.resolve(): file for file in find_files((path,))}
        except AmfdaqError as error:
            _note(path, error, errors)
    return list(found.values())


def _note(path: Path, error: AmfdaqError, errors: list[dict[str, Any]]) -> None:
    errors.append(error_entry(path, error))
    warn(lines_of(error))


def _remarks(path: Path, stated: Sample | None) -> list[str]:
    """What makes a SAR less certain than it looks: of the sample that was given, or of the one in the file."""
    from amfdaq.batch import RUN_SUFFIXES
    from amfdaq.cli.run import remarks
    from amfdaq.sample import parse_sample
    from amfdaq.store.reader import Run

    if stated is not None:
        return remarks(sample=stated)
    text = Run.open(path).sample_toml if path.suffix.lower() in RUN_SUFFIXES else ""
    return remarks(sample=parse_sample(text, path)) if text else []


def summarize(results: list[SarResult]) -> list[dict[str, Any]]:
    """Mean and spread over the runs, for each estimator that has a rate in at least two of them."""
    import numpy as np

    rates: dict[str, list[float]] = {}
    for result in results:
        for item in result.to_json()["estimators"]:
            variant = (item.get("parameters") or {}).get("variant") or item.get("variant") or ""
            if item["rate"] is not None and item["accepted"]:
                rates.setdefault(f"{item['name']} {variant}".strip(), []).append(item["rate"])
    return [
        {
            "estimator": name,
            "n": len(values),
            "mean": float(np.mean(values)),
            "sample_sd": float(np.std(values, ddof=1)),
            "standard_error": float(np.std(values, ddof=1) / np.sqrt(len(values))),
        }
        for name, values in rates.items()
        if len(values) > 1
    ]


def _show_summary(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        mean, error = row["mean"] * 1e3, row["standard_error"] * 1e3
        click.echo(
            f"mean of {row['n']} runs, {row['estimator']}: {format_pm(mean, error, 'mK/s')} "
            f"(standard error; sample SD {row['sample_sd'] * 1e3:.2g} mK/s)"
        )
