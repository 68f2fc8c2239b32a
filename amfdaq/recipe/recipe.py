"""A recipe: steps, how often they are done, and what is swept; and the runs it comes to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amfdaq.config import to_json
from amfdaq.errors import BadInput, QuantityError
from amfdaq.quantity import Quantity, parse
from amfdaq.recipe.steps import Heat, PlannedStep, Step, Written

IN_PYTHON = Path("recipe.py")  # stands for the file of a recipe that was made in Python


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run of a recipe, one run file.

    Attributes:
        index: from 1, in the order in which the runs are done.
        label: unique within the recipe, fit for a file name: ``12.0kApm_265kHz_r1``.
        repeat: from 1.
        steps: what to do, in plain numbers.
    """

    index: int
    label: str
    repeat: int
    steps: tuple[PlannedStep, ...]

    @property
    def heat(self) -> PlannedStep | None:
        """The first heat step, or None."""
        return next((step for step in self.steps if step.kind == "heat"), None)


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a recipe takes: the least and the most, s.

    Attributes:
        run: of one run.
        total: of all runs.
    """

    run: tuple[float, float]
    total: tuple[float, float]


@dataclass(frozen=True, slots=True, init=False)
class Recipe:
    """What to do with a sample.

    Attributes:
        name: of the recipe.
        steps: of every run.
        repeat: how often each setting is measured.
        fields: swept field amplitudes; empty when the field is not swept.
        frequencies: swept frequencies; empty when the frequency is not swept.
        description: or "".
        path: file it came from.
        text: the file as written, "" when it was made in Python.
    """

    name: str
    steps: tuple[Step, ...]
    repeat: int
    fields: tuple[Quantity, ...]
    frequencies: tuple[Quantity, ...]
    description: str
    path: Path
    text: str = field(repr=False)

    def __init__(
        self,
        name: str,
        steps: Iterable[Step],
        *,
        repeat: int = 1,
        fields: Iterable[Written] = (),
        frequencies: Iterable[Written] = (),
        description: str = "",
        path: Path = IN_PYTHON,
        text: str = "",
    ) -> None:
        """Put a recipe together.

        Raises:
            BadInput: something is missing or does not fit together; all of it in one message.
        """
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "steps", tuple(steps))
        object.__setattr__(self, "repeat", repeat)
        object.__setattr__(self, "fields", _swept("field", fields))
        object.__setattr__(self, "frequencies", _swept("frequency", frequencies))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "text", text)
        found = contradictions(self.steps, self.repeat, self.fields, self.frequencies)
        wrong = [message for _, message in found]
        if not name.strip():
            wrong.insert(0, "it needs a name")
        if wrong:
            raise BadInput(f"recipe {name}: " + "; ".join(wrong))

    @property
    def notes(self) -> tuple[str, ...]:
        """What conversions of fields assumed (flux density, oersted, rms)."""
        heats = (step.field for step in self.steps if isinstance(step, Heat))
        written = itertools.chain(heats, self.fields)
        return tuple(dict.fromkeys(item.note for item in written if item is not None and item.note))

    def expand(self) -> tuple[PlannedRun, ...]:
        """All runs in the order in which they are done.

        The frequency changes last, because on most benches a person has to change the capacitor for it.
        Within one frequency a whole field sweep is done before it is repeated, so that a slow change of the
        sample (sedimentation, evaporation) shows as a difference between repeats and not as a field law.
        """
        settings = [
            (frequency, number, amplitude)
            for frequency in self.frequencies or (None,)
            for number in range(1, self.repeat + 1)
            for amplitude in self.fields or (None,)
        ]
        runs = []
        for frequency, number, amplitude in settings:
            f, h = frequency.value if frequency else None, amplitude.value if amplitude else None
            steps = tuple(s.plan(h, f) if isinstance(s, Heat) else s.plan() for s in self.steps)
            runs.append((number, steps))
        labels = _labels(runs)
        return tuple(
            PlannedRun(index, label, number, steps)
            for index, (label, (number, steps)) in enumerate(zip(labels, runs, strict=True), start=1)
        )

    def duration(self) -> Duration:
        """How long it takes: all runs of a recipe take the same time."""
        runs = self.expand()
        least, most = sum(s.shortest for s in runs[0].steps), sum(s.longest for s in runs[0].steps)
        return Duration((least, most), (least * len(runs), most * len(runs)))

    def to_json(self) -> dict[str, Any]:
        """Plain data for the run file; the text as written is kept beside it."""
        steps = [{"kind": step.kind, **to_json(step)} for step in self.steps]
        return {
            "name": self.name,
            "description": self.description,
            "steps": steps,
            "repeat": self.repeat,
            "sweep": {"field": to_json(self.fields), "frequency": to_json(self.frequencies)},
        }


def contradictions(
    steps: Sequence[Step], repeat: int, fields: Sequence[Quantity], frequencies: Sequence[Quantity]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Everything in a recipe that does not fit together, as (key path in ``recipe.toml``, sentence)."""
    if not steps:
        yield (), 'a recipe needs at least one step: add [[step]] with kind = "heat"'
    if repeat < 1:
        yield ("repeat", "count"), f"{repeat} must be at least 1"
    heats = [(index, step) for index, step in enumerate(steps) if isinstance(step, Heat)]
    for name, swept, example in (("field", fields, "15 kA/m"), ("frequency", frequencies, "300 kHz")):
        without = [index for index, step in heats if getattr(step, name) is None]
        if swept and not without:
            why = (
                "no step heats" if not heats else f"every heat step has a {name} of its own; remove it there"
            )
            yield ("sweep", name), f"the sweep has nothing to act on: {why}"
        if not swept:
            for index in without:
                yield ("step", index), f'missing key: add {name} = "{example}" (or a [sweep] of {name})'
        values = [quantity.value for quantity in swept]
        if len(set(values)) < len(values):
            yield ("sweep", name), f"a {name} is there twice; use repeat to measure it again"


def _swept(dimension: str, written: Iterable[Written]) -> tuple[Quantity, ...]:
    found = []
    for item in written:
        try:
            quantity = item if isinstance(item, Quantity) else parse(item, dimension)
        except QuantityError as error:
            raise BadInput(f"sweep of {dimension}: {error}") from error
        if quantity.dimension != dimension or not quantity.value > 0:
            raise BadInput(f'sweep of {dimension}: "{quantity}" is not a {dimension} above zero')
        found.append(quantity)
    return tuple(found)


def _labels(runs: list[tuple[int, tuple[PlannedStep, ...]]]) -> list[str]:
    """Labels with as many decimals as it takes to tell the runs apart."""
    for decimals in range(4):
        labels = [_label(number, steps, decimals) for number, steps in runs]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{_label(number, steps, 4)}_{index}" for index, (number, steps) in enumerate(runs, start=1)]


def _label(number: int, steps: tuple[PlannedStep, ...], decimals: int) -> str:
    heat = next((step for step in steps if step.kind == "heat"), None)
    words = []
    if heat is not None and heat.field is not None and heat.frequency is not None:
        words = [f"{heat.field / 1e3:.{decimals + 1}f}kApm", f"{heat.frequency / 1e3:.{decimals}f}kHz"]
    return "_".join([*words, f"r{number}"])
