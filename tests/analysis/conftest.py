"""Synthetic calorimetry for the tests: integrated with scipy, sharing nothing with the closed solutions under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from amfdaq.curve import FloatArray, HeatingCurve


@dataclass(frozen=True)
class Bench:
    """A sample, its surroundings, its probe and the plan of a run.

    s in K/s of sample and wall together, tau, lag, exchange and times in s, excess (start above the environment) in K,
    wall as a fraction of the sample's heat capacity, drift and coil in K/s of the environment, noise and resolution in K.
    """

    s: float = 0.0239
    tau: float = 300.0
    lag: float = 2.0
    excess: float = 0.0
    wall: float = 0.0
    exchange: float = 4.0
    drift: float = 0.0
    coil: float = 0.0
    quadratic: float = 0.0
    on: tuple[tuple[float, float], ...] = ((60.0, 360.0),)
    end: float = 660.0
    dt: float = 1.0
    noise: float = 0.02
    rho: float = 0.0
    resolution: float = 0.0
    seed: int = 0


def _integrate(b: Bench, t: FloatArray) -> FloatArray:
    """What a perfect thermometer behind the probe's lag would read."""
    capacity = 1.0 + b.wall
    loss = capacity / b.tau
    conductance = b.wall / b.exchange
    edges = sorted({float(t[0]), b.end, *(x for pair in b.on for x in pair if x < b.end)})
    state = np.array([20.0 + b.excess, 20.0 + b.excess, 20.0 + b.excess, 20.0])
    out = np.empty_like(t)
    for start, stop in pairwise(edges):
        power = b.s * capacity if any(on <= start < off for on, off in b.on) else 0.0

        def slope(time: float, y: FloatArray, power: float = power) -> list[float]:
            sample, wall, probe, around = y
            above = sample - around - b.drift * time
            lost = loss * (above + b.quadratic * above * abs(above))
            into_wall = conductance * (sample - wall)
            warming = into_wall / b.wall if b.wall else 0.0
            return [power - lost - into_wall, warming, (sample - probe) / b.lag, b.coil if power else 0.0]

        inside = (t >= start) & (t <= stop)
        grid = np.unique(np.append(t[inside], stop))
        solution = solve_ivp(slope, (start, stop), state, t_eval=grid, method="LSODA", rtol=1e-8, atol=1e-10)
        out[inside] = solution.y[2][: int(inside.sum())]
        state = solution.y[:, -1]
    return out


def _record(b: Bench) -> HeatingCurve:
    t = np.arange(0.0, b.end, b.dt)
    rng = np.random.default_rng(b.seed)
    white = rng.normal(size=t.size)
    error = white.copy()
    for i in range(1, t.size):
        error[i] = b.rho * error[i - 1] + np.sqrt(1.0 - b.rho**2) * white[i]
    y = _integrate(b, t) + b.noise * error
    if b.resolution:
        y = np.round(y / b.resolution) * b.resolution
    return HeatingCurve(t, y, b.on, resolution=b.resolution, source="simulated")


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    """`Bench`: the description of an experiment."""
    return Bench


@pytest.fixture(scope="session")
def record() -> Callable[[Bench], HeatingCurve]:
    """`record`: from a `Bench` to the curve that its thermometer writes down."""
    return _record


@pytest.fixture(scope="session")
def random_bench() -> Callable[[np.random.Generator], Bench]:
    """A good experiment with a sample, a probe and a logger drawn from what laboratories have."""

    def draw(rng: np.random.Generator) -> Bench:
        tau = float(rng.uniform(100.0, 600.0))
        return Bench(
            s=float(10 ** rng.uniform(-2.1, -0.8)),
            tau=tau,
            lag=float(rng.uniform(0.5, 5.0)),
            excess=float(rng.normal(0.0, 0.2)),
            wall=float(rng.uniform(0.0, 0.08)),
            exchange=float(rng.uniform(2.0, 8.0)),
            drift=float(rng.normal(0.0, 3e-5)),
            end=float(360.0 + rng.uniform(150.0, 400.0)),
            dt=float(rng.choice([0.5, 1.0])),
            noise=float(10 ** rng.uniform(-2.3, -1.4)),
            rho=float(rng.choice([0.0, 0.3, 0.6])),
            resolution=float(rng.choice([0.0, 0.01, 0.1])),
            seed=int(rng.integers(1 << 30)),
        )

    return draw
