"""Supply, tank and field: what the current does, and what the field is worth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from mocks import heating, tank
from mocks.config import BenchTables
from mocks.supply import Supply

Tables = Callable[..., BenchTables]


def supply_at(bench: BenchTables, frequency: float, voltage: float, current: float) -> Supply:
    supply = Supply(bench.supply)
    supply.voltage_V, supply.current_A, supply.commanded = voltage, current, True
    supply.settle(tank.load_resistance(bench.tank, frequency, bench.tank.resonance_Hz, driven=True))
    return supply


def test_tuning_finds_the_resonance(tables: Tables) -> None:
    bench = tables()
    frequencies = np.linspace(260e3, 270e3, 101)
    currents = [supply_at(bench, f, 13.0, 14.1).point.current_A for f in frequencies]
    assert frequencies[int(np.argmax(currents))] == pytest.approx(265e3)
    above_half = frequencies[np.array(currents) > max(currents) / 2.0]
    assert np.ptp(above_half) == pytest.approx(265e3 / 60.0, rel=0.06)  # the width at half power is f0/Q


def test_the_set_point_of_the_table_is_reached(tables: Tables) -> None:
    supply = supply_at(tables(), 265e3, 39.0, 14.1)
    assert supply.point.mode == "cc"
    assert supply.point.current_A == 14.1
    assert supply.point.voltage_V < 39.0
    field = heating.peak_field(tables().tank, supply.point.current_A)
    assert field == pytest.approx(17.0e-3 / (4e-7 * math.pi), rel=1e-4)  # the table's 17.0 mT


def test_detuned_the_voltage_limit_acts(tables: Tables) -> None:
    supply = supply_at(tables(), 270e3, 39.0, 14.1)
    assert supply.point.mode == "cv"
    assert supply.point.voltage_V == 39.0
    assert 0.0 < supply.point.current_A < 14.1


def test_the_power_limit_acts(tables: Tables) -> None:
    supply = supply_at(tables(), 265e3, 60.0, 50.0)
    assert supply.point.mode == "unregulated"
    assert supply.point.voltage_V * supply.point.current_A == pytest.approx(1200.0)


def test_without_drive_there_is_voltage_but_no_current(tables: Tables) -> None:
    supply = Supply(tables().supply)
    supply.voltage_V, supply.commanded = 39.0, True
    point = supply.settle(tank.load_resistance(tables().tank, 265e3, 265e3, driven=False))
    assert (point.voltage_V, point.current_A, point.mode) == (39.0, 0.0, "cv")


def test_protections_open_the_output_until_they_are_reset(tables: Tables) -> None:
    supply = supply_at(tables(), 265e3, 39.0, 14.1)
    supply.ocp_A = 14.0
    assert supply.settle(2.6).mode == "off"
    assert (supply.tripped, supply.closed, "ocp" in supply.events) == ("ocp", False, True)
    supply.commanded = True
    assert supply.settle(2.6).mode == "off"
    supply.tripped, supply.ocp_A = "", 55.0
    assert supply.settle(2.6).current_A == 14.1
    supply.ovp_V = 30.0
    supply.settle(2.6)
    assert supply.tripped == "ovp"


def test_a_stuck_switch_does_not_open(tables: Tables) -> None:
    supply = supply_at(tables(), 265e3, 39.0, 14.1)
    supply.stuck, supply.commanded = True, False
    assert supply.settle(2.6).current_A == 14.1
    supply.stuck = False
    assert supply.settle(2.6).current_A == 0.0


def test_ilp_of_the_science_sheet(tables: Tables) -> None:
    sample = tables(sample={"ilp_nH_m2_per_kg": 1.49}).sample
    assert heating.sar(sample, 27e3, 650e3) == pytest.approx(705.86, rel=3e-4)


def test_quadratic_law_has_one_ilp_at_every_field(tables: Tables) -> None:
    sample = tables().sample
    for field, frequency in ((1e3, 100e3), (13.5e3, 265e3), (40e3, 900e3)):
        ilp = 1e12 * heating.sar(sample, field, frequency) / (field**2 * frequency)
        assert ilp == pytest.approx(2.6)


def test_exponent_and_saturation(tables: Tables) -> None:
    cubic = tables(sample={"exponent": 3.0}).sample
    assert heating.sar(cubic, 20e3, 265e3) == pytest.approx(8.0 * heating.sar(cubic, 10e3, 265e3))
    assert heating.sar(cubic, 10e3, 265e3) == pytest.approx(heating.sar(tables().sample, 10e3, 265e3))
    flat = tables(sample={"saturation_field_A_per_m": 5e3}).sample
    assert heating.sar(flat, 5e3, 265e3) == pytest.approx(heating.sar(tables().sample, 5e3, 265e3) / 2.0)
    assert heating.sar(flat, 200e3, 265e3) == pytest.approx(heating.sar(flat, 100e3, 265e3), rel=0.01)


def test_eddy_heat_goes_with_the_square_of_field_and_frequency(tables: Tables) -> None:
    bench = tables(sample={"direct_heating_W": 0.04})
    assert heating.direct_heating(bench.sample, bench.setpoint, 14.1, 265e3) == pytest.approx(0.04)
    assert heating.direct_heating(bench.sample, bench.setpoint, 7.05, 530e3) == pytest.approx(0.04)
    assert heating.direct_heating(bench.sample, bench.setpoint, 28.2, 265e3) == pytest.approx(0.16)
