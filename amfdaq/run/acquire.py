"""Acquire: a recipe on a sample, with a rig, into a folder. One run, or a campaign of runs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from amfdaq.analysis.pipeline import AnalysisSettings
from amfdaq.analysis.result import SarResult
from amfdaq.batch import analyze_file
from amfdaq.calibrated import Calibrations
from amfdaq.clock import make_clock
from amfdaq.errors import AmfdaqError, BadInput, InterlockTripped, RunAborted, StoreError
from amfdaq.recipe import Recipe, dry_run
from amfdaq.rig import Rig
from amfdaq.run.engine import Engine
from amfdaq.run.live import Observer
from amfdaq.run.outcome import RunOutcome
from amfdaq.run.setup import RunSetup, run_file
from amfdaq.run.signals import stop_on_signals
from amfdaq.sample import Sample


@dataclass(frozen=True, slots=True)
class Acquired:
    """What became of one run.

    Attributes:
        outcome: how it ended.
        result: its analysis, or None when there is nothing to analyse.
    """

    outcome: RunOutcome
    result: SarResult | None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What became of a recipe.

    Attributes:
        folder: where the files are.
        runs: in the order they were done; runs that were never begun are not in it.
        planned: how many there should have been.
        index: the campaign's table (CSV), or None for a single run.
    """

    folder: Path
    runs: tuple[Acquired, ...]
    planned: int
    index: Path | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def error(self) -> AmfdaqError | None:
        """What ended the campaign before its time, or None."""
        return self.runs[-1].outcome.error if self.runs else None


def acquire(
    recipe: Recipe,
    *,
    rig: Rig,
    sample: Sample,
    calibrations: Calibrations,
    folder: Path | str,
    observer: Observer | None = None,
    on_run: Callable[[Acquired], None] | None = None,
) -> Campaign:
    """Do every run of a recipe and analyse each as soon as it is finished.

    Args:
        recipe: what to do.
        rig: instruments and limits.
        sample: what is heated.
        calibrations: certificates of the rig (``calibration.load_for(rig)``).
        folder: where the run files go; created when missing.
        observer: called with a `Progress` a few times per second.
        on_run: called after each run.

    Returns:
        all that was done. A run that was aborted or failed ends the campaign; its error is in the result.

    Raises:
        BadInput: the recipe does not fit the limits of the rig or its coil, or the folder cannot be written.
        InstrumentError: an instrument could not be reached; nothing was switched on.
    """
    folder = Path(folder)
    plans = recipe.expand()
    coil = calibrations.coil
    problems = dry_run(recipe, rig.limits, coil.line if coil is not None else None)
    if problems:
        raise BadInput("the recipe does not fit the rig: " + "; ".join(problems))
    _writable(folder)
    started = dt.datetime.now().astimezone()
    index: Path | None = None
    if len(plans) > 1:
        folder = (
            folder
            / f"{started:%Y%m%dT%H%M%S}_{run_file(folder, recipe.name, '', started).stem.partition('_')[2]}"
        )
        _writable(folder)
        index = folder / "campaign.csv"
    clock = make_clock(rig.speed)
    done: list[Acquired] = []
    for plan in plans:
        now = dt.datetime.now().astimezone()
        setup = RunSetup(
            plan=plan, rig=rig, sample=sample, recipe=recipe, calibrations=calibrations, clock=clock,
            origin_ns=clock.now_ns(), file=run_file(folder, sample.name, plan.label, now), started=now,
        )  # fmt: skip
        engine = Engine(setup, observer)
        with stop_on_signals(engine):
            outcome = engine.run()
        acquired = Acquired(outcome, _analyse(outcome))
        done.append(acquired)
        if index is not None:
            _write_index(index, done, len(plans))
        if on_run is not None:
            on_run(acquired)
        if outcome.error is not None:
            break
    return Campaign(folder, tuple(done), len(plans), index)


def _analyse(outcome: RunOutcome) -> SarResult | None:
    if not outcome.file.exists() or (
        outcome.error is not None and not isinstance(outcome.error, (InterlockTripped, RunAborted))
    ):
        return None
    try:
        return analyze_file(outcome.file, settings=AnalysisSettings(), save=True)
    except AmfdaqError:
        return None  # a run that was stopped before it had data; its file and its reason are there


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".amfdaq-{os.getpid()}-{time.monotonic_ns()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            f"cannot write to the folder {folder}: {error.strerror}; choose another with -o"
        ) from error


def _write_index(path: Path, done: list[Acquired], planned: int) -> None:
    """The campaign's table, rewritten whole and swapped in, so that it is never half a table."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(
        ["file", "label", "status", "field_kA_per_m", "frequency_kHz", "verdict",
         "SAR_W_per_g", "u_SAR", "ILP_nHm2_per_kg", "u_ILP", "reasons"]
    )  # fmt: skip
    for item in done:
        result = item.result
        data = result.to_json() if result is not None else {}
        sar, ilp = data.get("sar") or {}, data.get("ilp") or {}
        writer.writerow([
            item.outcome.file.name, item.outcome.label, item.outcome.status,
            _scaled(data.get("field")), _scaled(data.get("frequency")), data.get("verdict", ""),
            sar.get("value", ""), sar.get("u", ""), ilp.get("value", ""), ilp.get("u", ""),
            "; ".join(data.get("reasons", [])) or item.outcome.reason,
        ])  # fmt: skip
    document = {
        "planned": planned,
        "runs": [
            {"file": item.outcome.file.name, "label": item.outcome.label, "status": item.outcome.status}
            for item in done
        ],
    }
    for target, text in (
        (path, buffer.getvalue()),
        (path.with_name("campaign.json"), json.dumps(document, indent=1)),
    ):
        part = target.with_suffix(target.suffix + ".part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(target)
        except OSError as error:
            raise StoreError(f"the campaign index {target} could not be written: {error.strerror}") from error


def _scaled(quantity: object) -> object:
    """kA/m or kHz from a {"value": SI} entry, or empty."""
    return quantity["value"] / 1e3 if isinstance(quantity, dict) and quantity.get("value") is not None else ""
