"""``amfdaq analyze``: SAR and ILP from run files and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from amfdaq.cli.options import QuantityOption, json_option, reading, table_options
from amfdaq.cli.output import print_json, say, show_result
from amfdaq.errors import AmfdaqError
from amfdaq.quantity import Quantity, format_pm

if TYPE_CHECKING:
    from amfdaq.analysis.result import SarResult


@click.command("analyze")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--sample",
    type=click.Path(path_type=Path, dir_okay=False),
    help="sample.toml; goes before the one in the file.",
)
@click.option(
    "--field", type=QuantityOption("field"), help='Field amplitude while on, such as "15 kA/m" or "18.8 mT".'
)
@click.option("--frequency", type=QuantityOption("frequency"), help='Field frequency, such as "300 kHz".')
@click.option(
    "--on",
    type=QuantityOption("time", bare="s"),
    help="When the field went on: s from the start of the file.",
)
@click.option(
    "--off",
    type=QuantityOption("time", bare="s"),
    help="When the field went off: s from the start of the file.",
)
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
    from amfdaq.batch import Overrides, analyze_file, find_files
    from amfdaq.sample import load_sample

    overrides = Overrides(
        sample=load_sample(sample) if sample is not None else None,
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
    for path in find_files(paths):
        try:
            results.append(analyze_file(path, overrides=overrides, settings=settings, save=save))
        except AmfdaqError as error:
            errors.append({"source": str(path), "message": str(error), "exit_code": error.exit_code})
            say(f"amfdaq: {error}")
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
