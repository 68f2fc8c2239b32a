"""The biases of the published methods (docs/analysis.md), from the oracle of this folder.

Every method is a function of `amfdaq.analysis`; the oracle shares nothing with it. Each figure must come out within
0.3 percentage points of the listed figures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from amfdaq.analysis import box_lucas, corrected_slope, initial_slope, joint_fit
from amfdaq.analysis.estimate import Estimate
from amfdaq.curve import HeatingCurve

METHODS: dict[str, Callable[[HeatingCurve], Estimate]] = {
    "IS10": lambda curve: initial_slope.estimate(curve, window=10.0),
    "IS30": lambda curve: initial_slope.estimate(curve, window=30.0),
    "IS60": lambda curve: initial_slope.estimate(curve, window=60.0),
    "ISs15": lambda curve: initial_slope.estimate(curve, window=30.0, skip=15.0),
    "BL2": lambda curve: box_lucas.estimate(curve, variant="2 parameters"),
    "BL3": lambda curve: box_lucas.estimate(curve, variant="3 parameters"),
    "CorrS": corrected_slope.estimate,
    "Joint": lambda curve: joint_fit.estimate(curve, lag="off", environment="constant"),
    "Joint+ts": lambda curve: joint_fit.estimate(curve, lag="free", environment="constant"),
}
BATH = {"vessel": 0.2}
# case -> (what is different in the oracle, percent error of s in the order of METHODS, as listed)
CASES: dict[str, tuple[dict[str, float], tuple[float, ...]]] = {
    "tau 100 s": ({"tau": 100.0}, (-4.8, -13.7, -25.2, -25.7, 0, 0, -0.1, 0, 0)),
    "tau 300 s": ({}, (-1.6, -4.9, -9.4, -9.5, 0, 0, 0, 0, 0)),
    "tau 1000 s": ({"tau": 1000.0}, (-0.5, -1.5, -2.9, -3.0, 0, 0, 0, 0, 0)),
    "lag 3 s": ({"lag": 3.0}, (-26.8, -9.3, -10.1, -8.6, -4.1, -4.1, -0.1, -0.7, 0)),
    "lag 8 s": ({"lag": 8.0}, (-56.5, -24.7, -15.3, -10.5, -10.8, -10.8, -1.4, -2.0, 0)),
    "0.5 K cold": ({"start": -0.5}, (4.0, 0.6, -4.3, -4.3, 5.7, 5.7, -0.8, 0, 0)),
    "2 K cold": ({"start": -2.0}, (20.8, 16.9, 11.2, 11.2, 22.8, 22.8, 1.7, 0, 0)),
    "vessel 5 s": (BATH | {"exchange": 5.0}, (-11.0, -17.3, -21.8, -22.2, -13.6, -14.5, -14.4, -14.3, -14.3)),
    "vessel 30 s": (BATH | {"exchange": 30.0}, (-3.0, -7.4, -12.2, -12.6, -5.8, -7.0, -7.2, -7.4, -7.4)),
    "vessel 120 s": (BATH | {"exchange": 120.0}, (-0.8, -2.3, -4.4, -4.4, -1.0, -1.3, -1.6, -1.9, -1.9)),
    "coil 2 mK/s": ({"coil": 2e-3}, (-1.5, -4.4, -8.6, -8.7, -0.5, -0.8, -5.0, -5.1, -4.8)),
    "quadratic loss": ({"quadratic": 0.1}, (-1.7, -5.1, -10.1, -10.1, 4.7, 7.1, -3.4, -0.9, -0.9)),
    "power -1 %/K": ({"power_slope": -0.01}, (-1.8, -5.2, -10.1, -10.1, 0, 0, -2.5, -2.3, -2.3)),
    "all together": (
        BATH | {"lag": 3.0, "exchange": 30.0, "start": -0.5, "coil": 1e-3},
        (-23.3, -7.3, -8.5, -7.5, -5.5, -2.7, -7.8, -9.1, -9.3),
    ),
}
# With a lag the list has the same figure for three as for two parameters. A T0 that is really free goes below the
# first reading (the probe still shows the cold sample) and takes most of the bias away: +0.4 and -0.9 %. The listed
# figure needs T0 >= the first reading, a bound that is not stated there.
BOUNDED_T0 = {("lag 3 s", "BL3"): 0.4, ("lag 8 s", "BL3"): -0.9}
CELLS = [
    (case, method, listed)
    for case, row in CASES.items()
    for method, listed in zip(METHODS, row[1], strict=True)
]


@pytest.mark.parametrize(("case", "method", "listed"), CELLS)
def test_bias_is_the_listed_one(
    case: str, method: str, listed: float, truth: Any, record: Callable[..., HeatingCurve]
) -> None:
    oracle = truth(**CASES[case][0])
    estimate = METHODS[method](record(oracle))
    bias = 100.0 * (estimate.rate / oracle.s - 1.0)
    if (case, method) in BOUNDED_T0:
        assert bias == pytest.approx(BOUNDED_T0[case, method], abs=0.3)
        pytest.xfail(
            f"{bias:+.1f} % with a free T0; the listed {listed:+.1f} % needs a bound that is not stated"
        )
    assert bias == pytest.approx(listed, abs=0.3)


def test_the_oracle_is_exact_where_a_closed_solution_exists(truth: Any) -> None:
    """One node in equilibrium: T = T_env + s tau (1 - exp(-t/tau)), then exponential decay."""
    import numpy as np

    oracle = truth()
    t = oracle.times()
    on, off = oracle.on
    heated = oracle.s * oracle.tau * (1.0 - np.exp(-(np.clip(t, on, off) - on) / oracle.tau))
    expected = oracle.environment + heated * np.exp(-np.maximum(t - off, 0.0) / oracle.tau)
    np.testing.assert_allclose(oracle.probe(), expected, atol=1e-7)


def test_the_oracle_conserves_energy_with_a_vessel(truth: Any) -> None:
    """Without loss all heat stays in sample and vessel: the end temperature is s t/(1 + c)."""
    oracle = truth(tau=1e12, vessel=0.2, exchange=5.0)
    assert oracle.probe()[-1] - oracle.environment == pytest.approx(oracle.s * oracle.heating / 1.2, abs=1e-6)
