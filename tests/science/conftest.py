"""The oracle: a simulated calorimeter whose heating rate is known, integrated as differential equations.

It shares nothing with `amfdaq.analysis`: no closed solution, no filter, no fit. Per unit of the sample's heat capacity C

    dT/dt   = s p(T) u(t) - k l(T - T_env) - (c/t_x) (T - T_v)     without vessel: c = 0
    dT_v/dt = (T - T_v)/t_x - (k/c) l(T_v - T_env)                 with vessel: the sample itself loses nothing
    dS/dt   = (T - S)/tau_s

with vessel T_v (c = C_v/C, exchange time t_x), probe S, k = (1 + c)/tau, power p(T) = 1 + slope (T - T_env at the
start) and loss l(x) = x (1 + b x). The sampling, the noise and the thermometer's steps come after.

The collection of figures does not state all choices behind its table. These follow from its numbers: 540 s of cooling (900 s
in all); with a vessel the loss goes through the vessel, and tau is that of both; an environment that the coil or a
drift warms moves only while the field is on and stays warm afterwards; "+50 % at the end" is b = 0.1 per kelvin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from amfdaq.curve import FloatArray, HeatingCurve


@dataclass(frozen=True)
class Truth:
    """One simulated experiment; the defaults are those of the bias study (docs/analysis.md).

    Attributes:
        s: loss-free heating rate P/C, K/s: what an analysis has to find.
        tau: heat capacity of sample and vessel over the loss, s.
        baseline: s before the field.
        heating: s with the field on.
        cooling: s recorded after it.
        rate: readings per second.
        environment: degree Celsius.
        start: sample minus environment at the first reading, K.
        lag: time constant of the probe, s.
        vessel: heat capacity of the vessel relative to C.
        exchange: time constant of the vessel towards the sample, s.
        drift: K/s of the environment, all the time.
        coil: K/s of the environment while the field is on.
        quadratic: b of the loss, 1/K.
        power_slope: relative change of the power per kelvin.
        noise: standard deviation of the noise, K.
        rho: its correlation from one reading to the next.
        resolution: step of the thermometer, K.
        on_error: true minus recorded switch-on, s.
        off_error: true minus recorded switch-off, s.
        seed: of the noise.
    """

    s: float = 0.0239
    tau: float = 300.0
    baseline: float = 60.0
    heating: float = 300.0
    cooling: float = 540.0
    rate: float = 1.0
    environment: float = 25.0
    start: float = 0.0
    lag: float = 0.0
    vessel: float = 0.0
    exchange: float = 30.0
    drift: float = 0.0
    coil: float = 0.0
    quadratic: float = 0.0
    power_slope: float = 0.0
    noise: float = 0.0
    rho: float = 0.0
    resolution: float = 0.0
    on_error: float = 0.0
    off_error: float = 0.0
    seed: int = 0

    @property
    def on(self) -> tuple[float, float]:
        """Recorded field-on interval, s."""
        return (self.baseline, self.baseline + self.heating)

    def times(self) -> FloatArray:
        """Readings, s."""
        last = self.baseline + self.heating + self.cooling
        return np.arange(round(last * self.rate) + 1) / self.rate

    def probe(self) -> FloatArray:
        """What a perfect logger would record from the probe, degree Celsius."""
        t_on, t_off = self.on[0] + self.on_error, self.on[1] + self.off_error
        times = self.times()
        state = np.full(3, self.environment + self.start)
        values = np.empty(times.size)
        edges = [0.0, t_on, t_off, float(times[-1])]
        for i, (begin, end) in enumerate(pairwise(edges)):
            inside = (times >= begin) & (times <= end)
            solution = solve_ivp(
                self._derivative(on=i == 1, t_on=t_on, t_off=t_off), (begin, end), state,
                method="LSODA", t_eval=np.unique([*times[inside], end]), rtol=1e-8, atol=1e-8,
            )  # fmt: skip
            values[inside] = solution.y[2][np.isin(solution.t, times[inside])]
            state = solution.y[:, -1]
        return values

    def _derivative(
        self, *, on: bool, t_on: float, t_off: float
    ) -> Callable[[float, FloatArray], list[float]]:
        k = (1.0 + self.vessel) / self.tau

        def loss(excess: float) -> float:
            return excess * (1.0 + self.quadratic * excess)

        def derivative(t: float, y: FloatArray) -> list[float]:
            sample, vessel, probe = y
            heated = min(max(t - t_on, 0.0), t_off - t_on)
            environment = self.environment + self.drift * t + self.coil * heated
            power = self.s * (1.0 + self.power_slope * (sample - self.environment)) if on else 0.0
            if self.vessel:
                flow = (sample - vessel) / self.exchange
                d_sample = power - self.vessel * flow
                d_vessel = flow - k / self.vessel * loss(vessel - environment)
            else:
                d_sample = power - k * loss(sample - environment)
                d_vessel = 0.0
            d_probe = (sample - probe) / self.lag if self.lag else d_sample
            return [d_sample, d_vessel, d_probe]

        return derivative

    def readings(self) -> FloatArray:
        """The probe with noise, rounded to the thermometer's steps, degree Celsius."""
        values = self.probe()
        if self.noise:
            white = np.random.default_rng(self.seed).normal(0.0, self.noise, values.size)
            noise = np.empty(values.size)
            noise[0] = white[0]
            for i in range(1, values.size):
                noise[i] = self.rho * noise[i - 1] + np.sqrt(1.0 - self.rho**2) * white[i]
            values = values + noise
        if self.resolution:
            values = np.round(values / self.resolution) * self.resolution
        return values


def build(truth: Truth, **known: Any) -> HeatingCurve:
    """The recording of an experiment; ``known`` are further fields of the curve, such as the lag's certificate."""
    curve = HeatingCurve(truth.times(), truth.readings(), on=(truth.on,), resolution=truth.resolution)
    return replace(curve, source="simulated", **known)


@pytest.fixture(scope="session")
def truth() -> type[Truth]:
    """The class `Truth`: tests cannot import from each other."""
    return Truth


@pytest.fixture(scope="session")
def record() -> Callable[..., HeatingCurve]:
    """`build`: from a `Truth` to the curve that the analysis gets."""
    return build
