"""The exact integration of the thermal system against other ways to solve it."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from mocks import thermal
from mocks.config import BenchTables
from mocks.thermal import ThermalModel, exponential

Tables = Callable[..., BenchTables]

RICH: dict[str, dict[str, Any]] = {
    "environment": {
        "drift_K_per_s": 4e-4,
        "wander_amplitude_K": 0.3,
        "wander_period_s": 170.0,
        "coil_cooling_time_s": 90.0,
        "start_offset_K": -0.7,
    },
    "probe": {"lag_s": 3.0},
    "vessel": {"heat_capacity_J_per_K": 0.9, "exchange_conductance_W_per_K": 0.05},
}
SCHEDULE = [
    (0.0, 40.0, 0.0, 0.0),
    (40.0, 190.0, 0.63, 2e-3),
    (190.0, 260.0, 0.0, 0.0),
    (260.0, 300.0, 0.2, 1e-3),
]


def reference(bench: BenchTables, phase: float) -> NDArray[np.float64]:
    """Sample, vessel, probe, warming, heat in and lost, by a general integrator."""
    env, lag = bench.environment, bench.probe.lag_s
    heat_s = bench.sample.heat_capacity_J_per_K
    heat_v = bench.vessel.heat_capacity_J_per_K * bench.vessel.participation
    exchange = bench.vessel.exchange_conductance_W_per_K
    loss = bench.loss

    def outside(t: float, warming: float) -> float:
        wander = env.wander_amplitude_K * math.sin(2.0 * math.pi * t / env.wander_period_s + phase)
        return env.temperature_C + env.drift_K_per_s * t + wander + warming

    def rate(t: float, x: NDArray[np.float64], power: float, warm: float) -> list[float]:
        sample, vessel, probe, warming = x[:4]
        around = outside(t, warming)
        lost_s, lost_v = loss.sample_W_per_K * (sample - around), loss.vessel_W_per_K * (vessel - around)
        return [
            (power + exchange * (vessel - sample) - lost_s) / heat_s,
            (exchange * (sample - vessel) - lost_v) / heat_v,
            (sample - probe) / lag,
            warm - warming / env.coil_cooling_time_s,
            power,
            lost_s + lost_v,
        ]

    start = outside(0.0, 0.0) + env.start_offset_K
    x = np.array([start, start, start, 0.0, 0.0, 0.0])
    for begin, end, power, warm in SCHEDULE:
        x = solve_ivp(rate, (begin, end), x, "DOP853", args=(power, warm), rtol=1e-10, atol=1e-12).y[:, -1]
    return x


def test_agrees_with_a_general_integrator(tables: Tables) -> None:
    bench, phase = tables(**RICH), 0.9
    model = ThermalModel(bench, phase)
    state = model.start()
    for begin, end, power, warming in SCHEDULE:
        state = model.advance(state, end - begin, power, warming)
    ours = state[
        [thermal.SAMPLE, thermal.VESSEL, thermal.PROBE, thermal.WARMING, thermal.HEAT_IN, thermal.HEAT_LOST]
    ]
    expected = reference(bench, phase)
    assert np.ptp(expected) > 10.0  # something has happened
    np.testing.assert_allclose(ours, expected, rtol=2e-8, atol=1e-9)


def test_one_node_follows_the_textbook(tables: Tables) -> None:
    bench = tables(
        vessel={"exchange_conductance_W_per_K": 0.0},
        loss={"sample_W_per_K": 0.03},
        environment={"drift_K_per_s": 0.0},
        probe={"lag_s": 2.0},
    )
    model = ThermalModel(bench)
    tau, rise = 4.17 / 0.03, 0.63 / 0.03
    for t in (0.1, 1.0, 30.0, 400.0):
        state = model.advance(model.start(), t, 0.63, 0.0)
        assert state[thermal.SAMPLE] == pytest.approx(22.0 + rise * (1.0 - math.exp(-t / tau)), abs=1e-10)
        lag = 2.0
        lagging = rise * (1.0 - (tau * math.exp(-t / tau) - lag * math.exp(-t / lag)) / (tau - lag))
        assert state[thermal.PROBE] == pytest.approx(22.0 + lagging, abs=1e-10)


def test_it_does_not_matter_how_often_one_looks(tables: Tables) -> None:
    model = ThermalModel(tables(**RICH), 0.3)
    once = model.advance(model.start(), 200.0, 0.5, 1e-3)
    often = model.start()
    marks = np.sort(np.random.default_rng(1).uniform(0.0, 200.0, 300))
    for a, b in pairwise([0.0, *marks, 200.0]):
        often = model.advance(often, b - a, 0.5, 1e-3)
    np.testing.assert_allclose(often, once, rtol=1e-10, atol=1e-10)


def test_no_heat_is_made_or_lost(tables: Tables) -> None:
    model = ThermalModel(tables(**RICH), 0.3)
    state = model.advance(model.advance(model.start(), 150.0, 0.6, 2e-3), 70.0, 0.0, 0.0)
    assert state[thermal.HEAT_IN] == pytest.approx(90.0, rel=1e-12)
    assert state[thermal.HEAT_LOST] > 10.0
    assert model.stored_heat(state) + state[thermal.HEAT_LOST] == pytest.approx(90.0, rel=1e-9)


@pytest.mark.parametrize("scale", [0.0, 1e-9, 0.3, 7.0, 900.0])
def test_exponential_agrees_with_scipy(scale: float) -> None:
    random = np.random.default_rng(4).normal(size=(6, 6))
    stable = random - 6.0 * np.eye(6)
    stable[5] = 0.0  # and defective: two coupled integrators
    stable[4] = 0.0
    stable[4, 5] = 1.0
    matrix = stable * scale
    np.testing.assert_allclose(exponential(matrix), expm(matrix), rtol=1e-9, atol=1e-11)
