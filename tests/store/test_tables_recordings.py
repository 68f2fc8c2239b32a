"""Real recordings of two laboratories, read in place where they are at hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from amfdaq.errors import DataFileError
from amfdaq.reading import Status
from amfdaq.store.tables import read_table

DATA = Path(__file__).parents[3] / "shared" / "data"
LAPLATA = DATA / "laplata_250611"
HEATER = DATA / "apmonitor_heater"
ROWS = {
    "250611_104227_agua.csv": 1284,
    "250611_110618_FF1.csv": 825,
    "250611_112442_FF2.csv": 615,
    "250611_114436_FF3.csv": 465,
    "250611_115754_FF4.csv": 971,
}


@pytest.mark.skipif(not LAPLATA.is_dir(), reason=f"the La Plata recordings are not at {LAPLATA}")
@pytest.mark.parametrize(("name", "rows"), ROWS.items())
def test_fibre_logger_of_la_plata(name: str, rows: int) -> None:
    table = read_table(LAPLATA / name)
    assert table.time.size == rows
    np.testing.assert_array_equal(table.time, np.arange(float(rows)))  # 1 Hz without a gap
    assert list(table.columns) == ["24000732-Channel_01", "24000732-Channel_02"]
    assert table.n_bad == {"24000732-Channel_01": 0, "24000732-Channel_02": rows}
    assert set(table.status["24000732-Channel_02"]) == {Status.PROBE_FAULT}
    curve = table.heating_curve()  # the only channel with data
    assert curve.resolution == pytest.approx(0.1)
    assert 10.0 < curve.temperature.min() < curve.temperature.max() < 35.0
    assert table.start is not None
    assert table.start.date() == datetime(2025, 6, 11).date()  # noqa: DTZ001 - the logger writes no zone


@pytest.mark.skipif(not HEATER.is_dir(), reason=f"the heater recordings are not at {HEATER}")
def test_heater_without_header_in_kelvin() -> None:
    path = HEATER / "1st_order_SISO_data_step_test.csv"
    with pytest.raises(DataFileError, match="kelvin"):
        read_table(path)
    table = read_table(path, channel="3", temperature_unit="K")
    assert table.time.size == 571
    heater = table.others["column 2"]
    switches = np.flatnonzero(np.diff(heater))
    assert [heater[0], *heater[switches + 1]] == [0.0, 150.0, 10.0, 150.0]
    np.testing.assert_allclose(table.time[switches + 1], [11.0, 202.0, 403.0], atol=1.5)
    assert table.resolution["column 3"] == pytest.approx(0.322, abs=0.002)


@pytest.mark.skipif(not HEATER.is_dir(), reason=f"the heater recordings are not at {HEATER}")
def test_heater_with_two_sensors_and_set_points() -> None:
    table = read_table(HEATER / "Energy_balance_MIMO_data.txt")
    assert list(table.columns) == ["Temperature 1", "Temperature 2"]
    assert list(table.others) == ["Heater 1", "Heater 2", "Set Point 1", "Set Point 2"]
    with pytest.raises(DataFileError, match="choose a channel"):
        table.heating_curve()
