"""From files to results: run files and tables of any logger, analysed one by one with the same settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as data_field
from pathlib import Path
from typing import Any

import numpy as np

from amfdaq.analysis.pipeline import AnalysisSettings, analyze
from amfdaq.analysis.result import SarResult
from amfdaq.curve import HeatingCurve
from amfdaq.errors import DataFileError
from amfdaq.quantity import Quantity
from amfdaq.sample import Sample
from amfdaq.store.reader import Run

RUN_SUFFIXES = frozenset({".h5", ".hdf5", ".nxs"})


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user says about a file; it goes before what the file says.

    Attributes:
        sample: what was heated.
        field: field amplitude while on.
        frequency: of the field.
        on: when the field went on, s from the start of the file.
        off: when it went off, s.
        channel: which channel to look at.
        reading: how a table is to be read (arguments of `read_table`).
    """

    sample: Sample | None = None
    field: Quantity | None = None
    frequency: Quantity | None = None
    on: float | None = None
    off: float | None = None
    channel: str | None = None
    reading: Mapping[str, Any] = data_field(default_factory=dict)


def find_files(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files to analyse: files as they are, folders searched for run files (sorted).

    Raises:
        DataFileError: a path does not exist, or a folder holds no run file.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in RUN_SUFFIXES and p.is_file())
            if not inside:
                raise DataFileError(
                    f"{path}: no run file (*.h5) in this folder; name the tables (*.csv) themselves"
                )
            found.extend(inside)
        elif path.exists():
            found.append(path)
        else:
            raise DataFileError(f"{path}: no such file or folder")
    return tuple(found)


def load_curve(path: Path, overrides: Overrides) -> tuple[HeatingCurve, Sample | None]:
    """The heating curve of a file, and the sample.

    Raises:
        DataFileError: the file cannot be used, or ``--on`` and ``--off`` do not fit it.
        ConfigError: the sample in the run file cannot be read.
    """
    sample = overrides.sample
    if path.suffix.lower() in RUN_SUFFIXES:
        run = Run.open(path)
        curve = run.heating_curve(overrides.channel)
        if run.status != "finished":
            curve = replace(
                curve, notes=(*curve.notes, f"the run was not finished ({run.status}): {run.reason}")
            )
        sample = sample or sample_of(run)
    else:
        from amfdaq.store.tables import read_table

        curve = read_table(path, channel=overrides.channel, **overrides.reading).heating_curve()
    return _apply(curve, overrides, path), sample


def analyze_file(
    path: Path | str,
    *,
    overrides: Overrides | None = None,
    settings: AnalysisSettings | None = None,
    save: bool = False,
) -> SarResult:
    """Analyse one file.

    Args:
        path: run file or table.
        overrides: what the user says about it.
        settings: of the analysis.
        save: append the analysis to the run file (never overwrites an earlier one).

    Raises:
        DataFileError: the file cannot be used.
    """
    path, overrides, settings = Path(path), overrides or Overrides(), settings or AnalysisSettings()
    curve, sample = load_curve(path, overrides)
    thermal = None if sample is None or sample.blank else sample.thermal()
    result = analyze(curve, thermal, _in_medium(settings, sample))
    if save and path.suffix.lower() in RUN_SUFFIXES:
        _save(path, result)
    return result


def sample_of(run: Run) -> Sample | None:
    """The sample that a run file carries, or None."""
    from amfdaq.sample import parse_sample

    return parse_sample(run.sample_toml, run.path) if run.sample_toml else None


def _in_medium(settings: AnalysisSettings, sample: Sample | None) -> AnalysisSettings:
    """The range in which the medium is liquid, where the sample says which medium it is."""
    known = sample.temperature_range if sample is not None else None
    return settings if known is None else replace(settings, medium_min=known[0], medium_max=known[1])


def _apply(curve: HeatingCurve, overrides: Overrides, path: Path) -> HeatingCurve:
    changes: dict[str, Any] = {"source": str(path)}
    notes = list(curve.notes)
    failed = int(np.count_nonzero(~np.isfinite(curve.temperature)))
    if failed:
        notes.append(f"{failed} of {curve.temperature.size} readings failed and are left out")
    if overrides.field is not None:
        notes = [note for note in notes if not note.startswith("field as stated at import")]
        changes.update(field=overrides.field.value, u_field=overrides.field.u)
        if overrides.field.note:
            notes.append(overrides.field.note)
    if overrides.frequency is not None:
        notes = [note for note in notes if not note.startswith("frequency as stated at import")]
        changes.update(frequency=overrides.frequency.value, u_frequency=overrides.frequency.u)
    if overrides.on is not None or overrides.off is not None:
        changes["on"] = _interval(curve, overrides, path)
        if not curve.on and overrides.off is None:
            notes.append("no --off: the field is taken to be on until the end of the file")
        if not curve.on and overrides.on is None:
            notes.append("no --on: the field is taken to be on from the start of the file")
    return replace(curve, notes=tuple(notes), **changes)


def _interval(curve: HeatingCurve, overrides: Overrides, path: Path) -> tuple[tuple[float, float], ...]:
    first, last = float(curve.time[0]), float(curve.time[-1])
    known = curve.on[0] if curve.on else (first, last)
    on = known[0] if overrides.on is None else overrides.on
    off = known[1] if overrides.off is None else overrides.off
    if on >= off:
        raise DataFileError(
            f"{path}: the field would go off at {off:g} s, before it went on at {on:g} s: exchange --on and --off?"
        )
    if not first <= on < off <= last + 1e-9:
        raise DataFileError(
            f"{path}: field on from {on:g} s to {off:g} s does not fit the file, which runs from {first:g} s to "
            f"{last:g} s: correct --on and --off"
        )
    return ((on, off),)


def _save(path: Path, result: SarResult) -> None:
    from amfdaq.store.reader import add_analysis

    document = result.to_json()
    add_analysis(path, settings=document.get("settings", {}), result=document, arrays=result.arrays())
