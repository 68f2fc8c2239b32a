"""The heating curve: what every estimator looks at, wherever the data came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HeatingCurve:
    """Temperature against time of one probe in one run, with what is known of the field.

    Attributes:
        time: s, shape (n,), strictly increasing, from the start of the run.
        temperature: degree Celsius, shape (n,); NaN where the reading failed.
        on: field-on intervals as (t_on, t_off) in s on the same clock; empty when nothing is known of the field.
        field: peak field amplitude while on, A/m, or None when unknown.
        u_field: its standard uncertainty, A/m (from the coil certificate, position and homogeneity).
        frequency: Hz, or None when unknown.
        u_frequency: its standard uncertainty, Hz.
        resolution: step of the thermometer in K; 0.0 when unknown.
        lag: probe time constant in s from the thermometer certificate, or None when unknown.
        u_lag: its standard uncertainty in s.
        u_gain: relative standard uncertainty of the thermometer's gain (temperature differences).
        u_switch: standard uncertainty of the switching times in s.
        source: file (and channel) the curve came from.
        notes: what conversions assumed on the way here.
    """

    time: FloatArray
    temperature: FloatArray
    on: tuple[tuple[float, float], ...] = ()
    field: float | None = None
    u_field: float = 0.0
    frequency: float | None = None
    u_frequency: float = 0.0
    resolution: float = 0.0
    lag: float | None = None
    u_lag: float = 0.0
    u_gain: float = 0.0
    u_switch: float = 0.0
    source: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.time.ndim != 1 or self.time.shape != self.temperature.shape:
            raise ValueError(
                f"time {self.time.shape} and temperature {self.temperature.shape} must be equally long vectors"
            )
        if not np.all(np.isfinite(self.time)) or np.any(np.diff(self.time) <= 0):
            raise ValueError("the times of a heating curve must be finite and strictly increasing")
        if any(not off > on for on, off in self.on):
            raise ValueError("each field-on interval must end after it began")

    def valid(self) -> HeatingCurve:
        """The same curve without the failed readings."""
        keep = np.isfinite(self.temperature)
        if bool(keep.all()):
            return self
        return replace(self, time=self.time[keep], temperature=self.temperature[keep])

    def between(self, start: float, stop: float) -> HeatingCurve:
        """The part with start <= time <= stop (s); the field intervals are kept whole."""
        keep = (self.time >= start) & (self.time <= stop)
        return replace(self, time=self.time[keep], temperature=self.temperature[keep])
