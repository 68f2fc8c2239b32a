"""Real recordings, read in place; skipped where they are not beside the checkout."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from amfdaq.analysis import equilibrium_crossing, joint_fit
from amfdaq.analysis.equilibrium_crossing import Variant
from amfdaq.curve import HeatingCurve

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LA_PLATA = sorted((DATA / "laplata_250611").glob("*FF*.csv"))
HEATER = DATA / "apmonitor_heater" / "1st_order_SISO_data_step_test.csv"


def read_logger(path: Path) -> HeatingCurve:
    rows = [
        line.split(";")
        for line in path.read_text(encoding="latin-1").splitlines()
        if line.startswith("20") and "/" in line
    ]
    stamps = [datetime.strptime(row[0], "%Y/%m/%d %H:%M:%S") for row in rows]  # noqa: DTZ007 - only differences are used
    time = np.array([(stamp - stamps[0]).total_seconds() for stamp in stamps])
    return HeatingCurve(time, np.array([float(row[1]) for row in rows]), resolution=0.1)


@pytest.mark.skipif(len(LA_PLATA) != 4, reason="the La Plata recordings are not beside the checkout")
@pytest.mark.parametrize(("variant", "published"), [("linear", 0.0392), ("exponential", 0.0381)])
def test_published_means_of_four_loads(variant: Variant, published: float) -> None:
    rates = [
        equilibrium_crossing.estimate(read_logger(path), t_eq=24.2, variant=variant).rate for path in LA_PLATA
    ]
    assert round(float(np.mean(rates)), 4) == published


@pytest.mark.skipif(not HEATER.exists(), reason="the heater recording is not beside the checkout")
def test_heater_step_needs_the_lag() -> None:
    t, level, kelvin = np.loadtxt(HEATER, delimiter=",", unpack=True)
    changes = np.flatnonzero(np.diff(level)) + 1
    drive = tuple((float(t[i]), float(level[i])) for i in changes)
    curve = HeatingCurve(t, kelvin - 273.15)
    start = float(curve.temperature[0])
    without = joint_fit.estimate(
        curve, drive=drive, lag="off", environment="constant", start=start
    ).parameters
    assert without["tau"] == pytest.approx(290.0, abs=1.0)
    assert without["rms"] == pytest.approx(1.30, abs=0.01)
    found = joint_fit.estimate(curve, drive=drive, environment="constant", start=start).parameters
    assert found["tau"] == pytest.approx(125.0, abs=1.0)
    assert found["lag"] == pytest.approx(17.0, abs=0.5)
    assert found["T_env"] == pytest.approx(27.8, abs=0.2)
    assert found["rms"] < 0.36
