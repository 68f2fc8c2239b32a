"""The coupled laboratory: exact switching, readings that depend on the seed only, probe errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mocks.clock import LabClock

Build = Callable[..., Any]

QUIET = {"noise_white_K": 0.0, "noise_ar1_K": 0.0}


def test_lab_time_runs_faster_by_the_speed() -> None:
    now = 5_000_000_000
    clock = LabClock(60.0, lambda: now)
    now += 1_500_000_000
    assert clock.lab_seconds(now) == pytest.approx(90.0)
    assert clock.start_ns == 5_000_000_000


def test_the_field_switches_when_it_is_commanded(laboratory: Build) -> None:
    bench = laboratory(probe=QUIET)
    bench.go_to(10.0)
    bench.field_on()
    on = bench.lab.state()
    assert (on["output_on"], on["last_on_ns"], on["last_off_ns"], on["on_count"]) == (
        True,
        10 * 10**9,
        None,
        1,
    )
    assert on["field_A_per_m"] == pytest.approx(13528.0, rel=1e-4)
    bench.go_to(12.5)
    bench.field_off()
    off = bench.lab.state()
    assert (off["output_on"], off["last_off_ns"], off["field_A_per_m"]) == (False, 12_500_000_000, 0.0)
    bench.go_to(50.0)
    assert bench.lab.state()["energy_J"]["delivered"] == pytest.approx(2.5 * bench.lab.truth()["power"])


def test_generator_alone_and_supply_alone_make_no_field(laboratory: Build) -> None:
    bench = laboratory()
    bench.lab.change_supply(voltage_V=39.0, current_A=14.1, commanded=True)
    assert not bench.lab.state()["output_on"]
    assert bench.lab.state()["psu_on"]
    bench.field_on()
    assert bench.lab.state()["output_on"]
    bench.field_off()
    state = bench.lab.state()
    assert (state["output_on"], state["psu_on"], state["generator_on"]) == (False, False, True)


def test_it_starts_in_equilibrium_and_follows_the_drift(laboratory: Build) -> None:
    bench = laboratory(probe=QUIET)
    assert set(bench.lab.temperatures().values()) == {22.0}
    bench.go_to(2000.0)
    assert bench.lab.temperatures()["environment"] == pytest.approx(22.1)
    assert bench.lab.temperatures()["sample"] == pytest.approx(22.1, abs=0.01)


def test_the_loss_time_of_the_demonstration(laboratory: Build) -> None:
    bench = laboratory(probe=QUIET, environment={"drift_K_per_s": 0.0, "start_offset_K": 10.0})
    bench.go_to(100.0)
    first = bench.lab.temperatures()["sample"] - 22.0
    bench.go_to(200.0)
    second = bench.lab.temperatures()["sample"] - 22.0
    assert 100.0 / np.log(first / second) == pytest.approx(150.0, rel=0.03)


def test_readings_depend_on_the_seed_and_not_on_who_asks(laboratory: Build) -> None:
    calm, busy, other = laboratory(seed=8), laboratory(seed=8), laboratory(seed=9)
    for bench in (calm, busy, other):
        bench.go_to(5.0)
        bench.field_on()
    for moment in np.random.default_rng(2).uniform(5.0, 60.0, 80).cumsum() % 55.0:
        busy.go_to(max(5.0 + moment, busy.lab.state()["lab_time_s"]))
    for bench in (calm, busy, other):
        bench.go_to(60.05)
    assert calm.lab.readings() == pytest.approx(busy.lab.readings(), abs=1e-9)
    assert calm.lab.readings()["A"] != pytest.approx(other.lab.readings()["A"], abs=1e-6)


def test_a_reading_is_the_last_conversion(laboratory: Build) -> None:
    bench = laboratory(probe={**QUIET, "update_interval_s": 2.0})
    bench.field_on()
    bench.go_to(4.0)
    at_conversion = bench.lab.temperatures()["probe"]
    bench.go_to(5.9)
    assert bench.lab.readings()["A"] == pytest.approx(at_conversion, abs=1e-9)
    assert bench.lab.temperatures()["probe"] > at_conversion + 0.1


def test_probe_gain_offset_resolution(laboratory: Build) -> None:
    bench = laboratory(probe={**QUIET, "gain": 1.01, "offset_K": 0.3})
    assert bench.lab.readings()["A"] == pytest.approx(1.01 * 22.0 + 0.3)
    bench = laboratory(probe={**QUIET, "offset_K": 0.26, "resolution_K": 0.1})
    assert bench.lab.readings()["A"] == pytest.approx(22.3)


def test_noise_has_the_stated_size_and_memory(laboratory: Build) -> None:
    def series(**noise: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        bench = laboratory(probe={**QUIET, **noise, "update_interval_s": 1.0}, seed=1)
        values = []
        for second in range(2000):
            bench.go_to(second + 0.5)
            values.append(bench.lab.readings()["B"])
        residual = np.array(values)
        return residual - np.polyval(np.polyfit(np.arange(2000.0), residual, 1), np.arange(2000.0))

    white = series(noise_white_K=0.02)
    assert white.std() == pytest.approx(0.02, rel=0.1)
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.08
    red = series(noise_ar1_K=0.05, noise_ar1_time_s=5.0)
    assert red.std() == pytest.approx(0.05, rel=0.2)
    assert np.corrcoef(red[1:], red[:-1])[0, 1] == pytest.approx(np.exp(-0.2), abs=0.05)


def test_a_drifting_resonance_takes_the_current_away(laboratory: Build) -> None:
    bench = laboratory(tank={"resonance_drift_Hz_per_s": -20.0})
    bench.field_on()
    bench.go_to(1.0)
    start = bench.lab.state()["current_A"]
    bench.go_to(200.0)
    later = bench.lab.state()
    assert later["resonance_Hz"] == pytest.approx(265e3 - 4000.0)
    assert later["current_A"] < 0.6 * start
    bench.field_off()
    bench.go_to(300.0)
    assert bench.lab.state()["resonance_Hz"] == pytest.approx(265e3 - 4000.0)


def test_a_drifting_resonance_does_not_depend_on_who_asks(laboratory: Build) -> None:
    once, often = (laboratory(tank={"resonance_drift_Hz_per_s": -20.0}) for _ in range(2))
    for bench in (once, often):
        bench.field_on()
    for moment in np.arange(0.037, 100.0, 0.37):
        often.go_to(moment)
    for bench in (once, often):
        bench.go_to(100.0)
    delivered = [bench.lab.state()["energy_J"]["delivered"] for bench in (once, often)]
    assert delivered[0] == pytest.approx(delivered[1], rel=1e-9)


def test_the_coil_warms_the_environment_while_on(laboratory: Build) -> None:
    bench = laboratory(
        environment={"coil_warming_K_per_s": 2e-3, "coil_cooling_time_s": 1e9, "drift_K_per_s": 0.0}
    )
    bench.go_to(10.0)
    bench.field_on()
    bench.go_to(60.0)
    bench.field_off()
    bench.go_to(100.0)
    assert bench.lab.temperatures()["environment"] == pytest.approx(22.1, abs=1e-6)
