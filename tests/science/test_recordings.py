"""Published numbers of real recordings, from the raw files: `read_table`, then the estimators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from amfdaq.analysis import equilibrium_crossing, joint_fit
from amfdaq.analysis.equilibrium_crossing import Variant
from amfdaq.analysis.estimate import Estimate
from amfdaq.store.tables import read_table

DATA = Path(__file__).parents[3] / "shared" / "data"
LAPLATA = DATA / "laplata_250611"
HEATER = DATA / "apmonitor_heater" / "1st_order_SISO_data_step_test.csv"
T_EQ = 24.2  # degC, plateau of the water blank (published)


@pytest.mark.skipif(not LAPLATA.is_dir(), reason=f"the La Plata recordings are not at {LAPLATA}")
@pytest.mark.parametrize(("variant", "published"), [("linear", 0.0392), ("exponential", 0.0381)])
def test_la_plata_rates_at_the_equilibrium_temperature(variant: Variant, published: float) -> None:
    files = sorted(LAPLATA.glob("*FF*.csv"))
    assert len(files) == 4
    curves = [read_table(file).heating_curve() for file in files]
    rates = [equilibrium_crossing.estimate(curve, t_eq=T_EQ, variant=variant).rate for curve in curves]
    assert round(float(np.mean(rates)), 4) == published
    if variant == "linear":  # the four published rates, to the digits given there
        assert sorted(round(rate, 4) for rate in rates) == [0.0363, 0.0366, 0.0417, 0.0423]


@pytest.mark.skipif(not LAPLATA.is_dir(), reason=f"the La Plata recordings are not at {LAPLATA}")
def test_la_plata_water_settles_at_the_equilibrium_temperature() -> None:
    water = read_table(LAPLATA / "250611_104227_agua.csv").heating_curve()
    assert float(np.median(water.temperature[-60:])) == pytest.approx(T_EQ, abs=0.1)


def heater_fit(lag: joint_fit.LagMode) -> Estimate:
    """Joint fit of the heater recording with its own drive, per unit of heater setting.

    The listed figures belong to a fit that starts at the first reading. With the start fitted as well they are
    326 s and 1.28 K without lag (an independent least-squares fit gives the same), 118 s, 17.6 s and 0.31 K with lag.
    """
    table = read_table(HEATER, channel="3", temperature_unit="K")
    level = table.others["column 2"]
    starts = np.flatnonzero(np.diff(level)) + 1
    drive = (
        (float(table.time[0]), float(level[0])),
        *((float(table.time[i]), float(level[i])) for i in starts),
    )
    curve = table.heating_curve()
    start = float(curve.temperature[0])
    return joint_fit.estimate(curve, drive=drive, lag=lag, environment="constant", start=start)


@pytest.mark.skipif(not HEATER.is_file(), reason=f"the heater recording is not at {HEATER}")
def test_the_heater_needs_a_lag() -> None:
    without, with_lag = heater_fit("off"), heater_fit("free")
    assert without.parameters["tau"] == pytest.approx(290.0, abs=5.0)
    assert without.parameters["T_env"] == pytest.approx(0.3, abs=1.0)  # 273.5 K where the room had 300 K
    assert without.parameters["rms"] == pytest.approx(1.30, abs=0.02)
    assert with_lag.parameters["tau"] == pytest.approx(125.0, abs=2.0)
    assert with_lag.parameters["T_env"] == pytest.approx(27.7, abs=0.5)
    assert with_lag.parameters["lag"] == pytest.approx(17.0, abs=1.0)
    assert with_lag.parameters["rms"] == pytest.approx(0.36, abs=0.02)
    assert abs(with_lag.rate / without.rate - 1.0) == pytest.approx(0.07, abs=0.02)
