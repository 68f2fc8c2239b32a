"""The steps of a recipe, as one writes them and as the engine does them.

In Python, quantities are given as text with a unit (or as a `Quantity`)::

    Recipe("first look", steps=(
        Equilibrate("60 s"),
        Heat("5 min", field="12 kA/m", frequency="265 kHz"),
        Cool("8 min"),
    ))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amfdaq.errors import BadInput, QuantityError
from amfdaq.quantity import Quantity, parse

Written = str | Quantity
StepKind = Literal["equilibrate", "heat", "cool"]

DEFAULT_TIMEOUT = "30 min"  # of an equilibration with a drift limit


class StepError(BadInput):
    """One key of a step is wrong.

    Attributes:
        key: of the step, such as ``"duration"``.
        reason: the sentence without the place.
    """

    def __init__(self, step: str, key: str, reason: str) -> None:
        super().__init__(f"{step} step: {key}: {reason}")
        self.key = key
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step in plain SI numbers: what the engine does.

    Attributes:
        kind: ``"equilibrate"``, ``"heat"`` or ``"cool"``.
        duration: s; the shortest time of an equilibration, the longest of the others.
        field: peak field in A/m of a heat step, else None.
        frequency: Hz of a heat step, else None.
        until: temperature in degree Celsius that ends the step early (reached from below when heating, from
            above when cooling), or None.
        drift: of an equilibration: it ends when the temperature changes by less than this, K/s; or None.
        timeout: of an equilibration with a drift limit: s after which it ends all the same; or None.
    """

    kind: StepKind
    duration: float
    field: float | None = None
    frequency: float | None = None
    until: float | None = None
    drift: float | None = None
    timeout: float | None = None

    @property
    def shortest(self) -> float:
        """The least time the step can take, s: nothing when a temperature may end it at once."""
        return 0.0 if self.until is not None else self.duration

    @property
    def longest(self) -> float:
        """The most time the step can take, s."""
        return self.duration if self.timeout is None else max(self.duration, self.timeout)


@dataclass(frozen=True, slots=True, init=False)
class Equilibrate:
    """Wait with the field off.

    Attributes:
        duration: the shortest time.
        drift: go on only when the temperature changes by less than this, or None.
        timeout: go on all the same after this time; only with a drift limit.
    """

    duration: Quantity
    drift: Quantity | None
    timeout: Quantity | None

    def __init__(
        self, duration: Written, drift: Written | None = None, timeout: Written | None = None
    ) -> None:
        """Read the quantities.

        Raises:
            StepError: a quantity cannot be read, or the values do not fit together.
        """
        read = _Reader("equilibrate")
        object.__setattr__(self, "duration", read.positive("duration", duration, "time"))
        object.__setattr__(self, "drift", None if drift is None else read.positive("drift", drift, "rate"))
        if timeout is not None and drift is None:
            raise StepError(
                "equilibrate", "timeout", 'has a meaning only with a drift limit: add drift = "0.2 mK/s"'
            )
        if timeout is None and drift is not None:
            longer = self.duration.value > parse(DEFAULT_TIMEOUT, "time").value
            timeout = self.duration if longer else DEFAULT_TIMEOUT
        object.__setattr__(
            self, "timeout", None if timeout is None else read.positive("timeout", timeout, "time")
        )
        if self.timeout is not None and self.timeout.value < self.duration.value:
            raise StepError(
                "equilibrate", "timeout", f'"{self.timeout}" is shorter than duration = "{self.duration}"'
            )

    @property
    def kind(self) -> StepKind:
        """Name of the step in ``recipe.toml``."""
        return "equilibrate"

    def plan(self) -> PlannedStep:
        """The step in plain numbers."""
        return PlannedStep(
            "equilibrate", self.duration.value, drift=_si(self.drift), timeout=_si(self.timeout)
        )


@dataclass(frozen=True, slots=True, init=False)
class Heat:
    """Field on.

    Attributes:
        duration: how long (at most, with ``until``).
        field: amplitude, peak; None where the sweep of the recipe gives it.
        frequency: None where the sweep of the recipe gives it.
        until: end early when the core probe reaches this temperature, or None.
    """

    duration: Quantity
    field: Quantity | None
    frequency: Quantity | None
    until: Quantity | None

    def __init__(
        self,
        duration: Written,
        field: Written | None = None,
        frequency: Written | None = None,
        until: Written | None = None,
    ) -> None:
        """Read the quantities.

        Raises:
            StepError: a quantity cannot be read.
        """
        read = _Reader("heat")
        object.__setattr__(self, "duration", read.positive("duration", duration, "time"))
        object.__setattr__(self, "field", None if field is None else read.positive("field", field, "field"))
        object.__setattr__(
            self,
            "frequency",
            None if frequency is None else read.positive("frequency", frequency, "frequency"),
        )
        object.__setattr__(self, "until", None if until is None else read.any("until", until, "temperature"))

    @property
    def kind(self) -> StepKind:
        """Name of the step in ``recipe.toml``."""
        return "heat"

    def plan(self, field: float | None = None, frequency: float | None = None) -> PlannedStep:
        """The step in plain numbers.

        Args:
            field: A/m from the sweep, used where the step has none of its own.
            frequency: Hz from the sweep, idem.
        """
        return PlannedStep(
            "heat",
            self.duration.value,
            field=field if self.field is None else self.field.value,
            frequency=frequency if self.frequency is None else self.frequency.value,
            until=_si(self.until),
        )


@dataclass(frozen=True, slots=True, init=False)
class Cool:
    """Field off, and recording.

    Attributes:
        duration: how long (at most, with ``until``).
        until: end early when the core probe has cooled to this temperature, or None.
    """

    duration: Quantity
    until: Quantity | None

    def __init__(self, duration: Written, until: Written | None = None) -> None:
        """Read the quantities.

        Raises:
            StepError: a quantity cannot be read.
        """
        read = _Reader("cool")
        object.__setattr__(self, "duration", read.positive("duration", duration, "time"))
        object.__setattr__(self, "until", None if until is None else read.any("until", until, "temperature"))

    @property
    def kind(self) -> StepKind:
        """Name of the step in ``recipe.toml``."""
        return "cool"

    def plan(self) -> PlannedStep:
        """The step in plain numbers."""
        return PlannedStep("cool", self.duration.value, until=_si(self.until))


Step = Equilibrate | Heat | Cool


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads quantities and names the step in what it raises."""

    step: str

    def any(self, name: str, written: Written, dimension: str) -> Quantity:
        if isinstance(written, Quantity):
            if written.dimension != dimension:
                raise StepError(
                    self.step, name, f'"{written}" is a {written.dimension}; a {dimension} is needed'
                )
            return written
        try:
            return parse(written, dimension)
        except QuantityError as error:
            raise StepError(self.step, name, str(error)) from error

    def positive(self, name: str, written: Written, dimension: str) -> Quantity:
        quantity = self.any(name, written, dimension)
        if not quantity.value > 0:
            raise StepError(self.step, name, f'"{quantity}" must be above zero')
        return quantity


def _si(quantity: Quantity | None) -> float | None:
    return quantity.value if quantity is not None else None
