"""What a run looks like from outside while it goes on: the stream that viewers subscribe to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from amfdaq.clock import NS
from amfdaq.curve import HeatingCurve
from amfdaq.reading import NAN, Reading, Status
from amfdaq.thermal import ThermalMass

INTERIM_POINTS = 3000  # the live estimate looks at no more than this, so that its cost stays bounded


@dataclass(frozen=True, slots=True)
class Progress:
    """One look at a run.

    Attributes:
        label: of the run within its campaign.
        step: what is being done ("equilibrate", "heat", ...), and its number of ``steps``.
        elapsed: s since the start of the run.
        remaining: real seconds until its planned end (a fast bench needs fewer than the recipe says).
        temperature: last good core temperature in degree Celsius, NaN before the first.
        field: peak field in A/m as last measured, 0 when off.
        field_on: True while the supply is on.
        sar: live estimate (W/g, standard uncertainty), or None.
        rate: live estimate (K/s, standard uncertainty), or None.
        message: something the operator should read once, or "".
    """

    label: str
    step: str
    step_number: int
    steps: int
    elapsed: float
    remaining: float
    temperature: float
    field: float
    field_on: bool
    sar: tuple[float, float] | None = None
    rate: tuple[float, float] | None = None
    message: str = ""


Observer = Callable[[Progress], None]


@dataclass(slots=True)
class LiveCurve:
    """The curve so far, for the recipe's decisions and the live estimate.

    Attributes:
        origin_ns: origin of the run's times.
        channel: the core channel.
    """

    origin_ns: int
    channel: str
    time: list[float] = field(default_factory=list)
    temperature: list[float] = field(default_factory=list)
    on: list[tuple[float, float]] = field(default_factory=list)
    last: float = NAN
    last_field: float = 0.0
    _on_since: float | None = None

    def feed(self, reading: Reading) -> None:
        """Take a reading of any channel."""
        if reading.status is not Status.OK:
            return
        if reading.channel == self.channel:
            t = (reading.time_ns - self.origin_ns) / NS
            if not self.time or t > self.time[-1]:
                self.time.append(t)
                self.temperature.append(reading.value)
            self.last = reading.value
        elif reading.channel == "field":
            self.last_field = reading.value

    def switched(self, time_ns: int, *, on: bool) -> None:
        """The field was switched at this instant."""
        t = (time_ns - self.origin_ns) / NS
        if on:
            self._on_since = t
        elif self._on_since is not None:
            self.on.append((self._on_since, max(t, self._on_since + 1e-3)))
            self._on_since = None
            self.last_field = 0.0

    def drift(self, window: float) -> float | None:
        """Slope of the core temperature over the last ``window`` s in K/s; None until there is as much."""
        if not self.time or self.time[-1] - self.time[0] < window:
            return None
        t = np.asarray(self.time)
        keep = t >= t[-1] - window
        if np.count_nonzero(keep) < 5:
            return None
        return float(np.polyfit(t[keep] - t[-1], np.asarray(self.temperature)[keep], 1)[0])

    def estimate(
        self, thermal: ThermalMass | None
    ) -> tuple[tuple[float, float], tuple[float, float] | None] | None:
        """Live (rate, u) in K/s and (SAR, u) in W/g; None while there is nothing to say."""
        from amfdaq.analysis.interim import interim

        if self._on_since is None and not self.on:
            return None
        on = list(self.on)
        if self._on_since is not None:
            on.append((self._on_since, max(self.time[-1], self._on_since) + 1.0))
        stride = max(1, len(self.time) // INTERIM_POINTS)
        curve = HeatingCurve(
            np.asarray(self.time[::stride]), np.asarray(self.temperature[::stride]), tuple(on)
        )
        rate = interim(curve)
        if rate is None:
            return None
        if thermal is None:
            return rate, None
        scale = thermal.heat_capacity / thermal.mass / 1e3  # J/K per kg -> W/g per K/s
        spread = np.hypot(rate[1] / rate[0], np.sqrt(sum(term.relative**2 for term in thermal.terms)))
        return rate, (rate[0] * scale, float(abs(rate[0] * scale) * spread))
