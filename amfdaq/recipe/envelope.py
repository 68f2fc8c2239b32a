"""Walking through a recipe before anything is switched on: is every step within limits and calibration?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from amfdaq.errors import BadInput
from amfdaq.field import CoilLine
from amfdaq.limits import Limits
from amfdaq.recipe.recipe import PlannedRun, Recipe
from amfdaq.recipe.steps import PlannedStep

CoilLookup = CoilLine | Callable[[float], CoilLine]  # one line, or what finds the line for a frequency in Hz


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One step of a run on its time line, every step as long as it can take.

    Attributes:
        t_start: s from the start of the run.
        t_end: s, idem.
        step: kind of the step.
        field: peak field in A/m, 0 while it is off.
        frequency: Hz, or None while the field is off.
        current: supply current in A by the coil line, or None without one.
    """

    t_start: float
    t_end: float
    step: str
    field: float
    frequency: float | None
    current: float | None = None


def timeline(run: PlannedRun, coil: CoilLookup | None = None) -> tuple[TimelineRow, ...]:
    """The steps of a run with the latest times at which they begin and end.

    Raises:
        BadInput: the coil certificate does not cover a step (`dry_run` says so without raising).
    """
    rows, now = [], 0.0
    for step in run.steps:
        current = None
        if coil is not None and step.field is not None and step.frequency is not None:
            current = _line(coil, step.frequency).current(step.field)
        end = now + step.longest
        rows.append(TimelineRow(now, end, step.kind, step.field or 0.0, step.frequency, current))
        now = end
    return tuple(rows)


def dry_run(recipe: Recipe, limits: Limits, coil: CoilLookup | None = None) -> list[str]:
    """Check every step of every run against the limits and the certificate of the coil.

    Args:
        recipe: what to do.
        limits: of the rig.
        coil: the line of the coil at the frequency of the recipe, or a function that finds the line for a
            frequency (``certificate.line``), which is what a sweep of the frequency needs; None leaves the
            current unchecked.

    Returns:
        one sentence per problem, each said once however many runs have it; empty when the recipe can be done.
    """
    found: dict[str, None] = {}
    for run in recipe.expand():
        for number, step in enumerate(run.steps, start=1):
            for message in _check(step, limits, coil):
                found.setdefault(f"{_place(number, step)}: {message}")
    return list(found)


def _place(number: int, step: PlannedStep) -> str:
    if step.field is None or step.frequency is None:
        return f"step {number} ({step.kind})"
    return f"step {number} ({step.kind}, {step.field / 1e3:.4g} kA/m, {step.frequency / 1e3:.4g} kHz)"


def _check(step: PlannedStep, limits: Limits, coil: CoilLookup | None) -> Iterator[str]:
    if step.kind == "heat":
        yield from _check_heat(step, limits)
        yield from _check_coil(step, limits, coil)
    elif (
        step.until is not None and limits.temperature_min is not None and step.until <= limits.temperature_min
    ):
        yield f"cooling until {step.until:g} degC is below the lower limit of {limits.temperature_min:g} degC"


def _check_heat(step: PlannedStep, limits: Limits) -> Iterator[str]:
    field, frequency = step.field or 0.0, step.frequency or 0.0
    if field > limits.field_max:
        yield f"the field is above the limit of {limits.field_max / 1e3:.4g} kA/m"
    if field * frequency > limits.field_frequency_max:
        yield (
            f"H x f = {field * frequency:.3g} A/(m s) is above the limit of "
            f"{limits.field_frequency_max:.3g} A/(m s) (limits.field_frequency)"
        )
    if step.duration >= limits.time_on_max:
        yield f"{step.duration:g} s on is not below the limit of {limits.time_on_max:g} s (limits.time_on)"
    if step.until is not None and step.until >= limits.temperature_max:
        yield f"heating until {step.until:g} degC is not below the limit of {limits.temperature_max:g} degC"
    if step.until is not None and limits.temperature_min is not None and step.until <= limits.temperature_min:
        yield f"heating until {step.until:g} degC is below the lower limit of {limits.temperature_min:g} degC"


def _check_coil(step: PlannedStep, limits: Limits, coil: CoilLookup | None) -> Iterator[str]:
    if coil is None or step.field is None or step.frequency is None:
        return
    try:
        line = _line(coil, step.frequency)
        current = line.current(step.field)
    except BadInput as error:
        yield str(error)
        return
    if limits.current_max is not None and current > limits.current_max:
        yield f"it needs {current:.4g} A, above the limit of {limits.current_max:g} A (limits.current)"


def _line(coil: CoilLookup, frequency: float) -> CoilLine:
    """The line for a frequency.

    Raises:
        BadInput: none covers it.
    """
    if not isinstance(coil, CoilLine):
        return coil(frequency)
    if not coil.frequency_min <= frequency <= coil.frequency_max:
        low, high = coil.frequency_min / 1e3, coil.frequency_max / 1e3
        raise BadInput(
            f"{frequency / 1e3:.4g} kHz is not between {low:.4g} and {high:.4g} kHz of the coil certificate"
        )
    return coil
