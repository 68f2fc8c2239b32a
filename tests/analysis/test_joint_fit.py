"""The joint fit finds what went into an independent simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis import joint_fit
from amfdaq.analysis.drive import Drive
from amfdaq.curve import HeatingCurve

Record = Callable[[Any], HeatingCurve]


@pytest.mark.parametrize("tau", [60.0, 300.0, 3000.0])
@pytest.mark.parametrize("lag", [0.2, 3.0, 9.0])
@pytest.mark.parametrize("excess", [0.0, -2.0])
def test_rate_loss_lag_and_surroundings_come_back(
    bench: Any, record: Record, tau: float, lag: float, excess: float
) -> None:
    e = joint_fit.estimate(record(bench(tau=tau, lag=lag, excess=excess, noise=0.0)))
    assert e.accepted
    assert e.rate == pytest.approx(0.0239, rel=2e-4)
    assert e.parameters["tau"] == pytest.approx(tau, rel=2e-3)
    assert e.parameters["lag"] == pytest.approx(lag, abs=0.02)
    assert e.parameters["T_env"] == pytest.approx(20.0, abs=0.01)
    assert e.parameters["T0"] == pytest.approx(20.0 + excess, abs=0.01)


def test_lag_left_out_costs_what_the_literature_table_says(bench: Any, record: Record) -> None:
    curve = record(bench(lag=8.0, noise=0.0, end=900.0))
    without = joint_fit.estimate(curve, lag="off").rate / 0.0239 - 1.0
    assert without == pytest.approx(-0.020, abs=0.003)


@pytest.mark.parametrize("surroundings", ["drift", "coil"])
def test_moving_surroundings_are_found_and_fitted(bench: Any, record: Record, surroundings: str) -> None:
    curve = record(bench(**{surroundings: 2e-3}, end=900.0))
    still = joint_fit.estimate(curve, environment="constant")
    fit = joint_fit.fit_joint(curve)
    assert isinstance(fit, joint_fit.JointFit)
    assert fit.environment == surroundings
    assert abs(still.rate / 0.0239 - 1.0) > 0.03
    assert fit.estimate.rate == pytest.approx(0.0239, rel=0.01)
    assert fit.estimate.parameters["drift"] == pytest.approx(2e-3, rel=0.1)


def test_still_surroundings_are_left_still(bench: Any, record: Record) -> None:
    chosen = [joint_fit.fit_joint(record(bench(seed=seed, rho=0.5, end=900.0))) for seed in range(20)]
    moving = [fit for fit in chosen if isinstance(fit, joint_fit.JointFit) and fit.environment != "constant"]
    assert len(moving) <= 1


def test_pulses_and_a_record_that_ends_while_on(bench: Any, record: Record) -> None:
    pulses = tuple((60.0 + 100.0 * i, 100.0 + 100.0 * i) for i in range(6))
    assert joint_fit.estimate(record(bench(on=pulses, end=800.0))).rate == pytest.approx(0.0239, rel=0.01)
    assert joint_fit.estimate(record(bench(end=340.0))).rate == pytest.approx(0.0239, rel=0.02)


def test_uneven_sampling_and_failed_readings(bench: Any, record: Record) -> None:
    curve = record(bench(dt=0.5))
    rng = np.random.default_rng(3)
    keep = rng.random(curve.time.size) < 0.6
    y = curve.temperature.copy()
    y[rng.integers(0, y.size, 60)] = np.nan
    curve = replace(curve, time=curve.time[keep], temperature=y[keep])
    assert joint_fit.estimate(curve).rate == pytest.approx(0.0239, rel=0.01)


def test_the_certificate_of_the_probe_is_weighed(bench: Any, record: Record) -> None:
    curve = record(bench(lag=3.0, noise=0.1))
    free = joint_fit.estimate(curve)
    tight = joint_fit.estimate(replace(curve, lag=5.0, u_lag=0.01))
    loose = joint_fit.estimate(replace(curve, lag=5.0, u_lag=50.0))
    fixed = joint_fit.estimate(replace(curve, lag=5.0, u_lag=0.0))
    assert tight.parameters["lag"] == pytest.approx(5.0, abs=0.1)
    assert loose.parameters["lag"] == pytest.approx(free.parameters["lag"], abs=0.1)
    assert fixed.parameters["lag"] == 5.0
    assert tight.parameters["u_lag"] < 0.1 * free.parameters["u_lag"]


def test_heater_levels_give_the_rate_per_level(bench: Any, record: Record) -> None:
    curve = record(bench(on=((60.0, 200.0), (300.0, 420.0)), noise=0.005))
    levels = ((0.0, 0.0), (60.0, 150.0), (200.0, 0.0), (300.0, 150.0), (420.0, 0.0))
    e = joint_fit.estimate(replace(curve, on=()), drive=levels)
    assert e.rate * 150.0 == pytest.approx(0.0239, rel=0.005)


def test_the_standard_error_is_the_scatter(bench: Any, record: Record) -> None:
    """Over repeats with white and with correlated noise the reported u is the observed standard deviation."""
    for rho in (0.0, 0.7):
        found = [
            joint_fit.estimate(record(bench(noise=0.05, rho=rho, seed=i)), environment="constant")
            for i in range(60)
        ]
        observed = float(np.std([e.rate for e in found], ddof=1))
        reported = float(np.median([e.u for e in found]))
        assert 0.7 < reported / observed < 1.5


def test_what_cannot_be_fitted_says_why(bench: Any, record: Record) -> None:
    curve = record(bench())
    for wrong, word in (
        (replace(curve, on=()), "not known"),
        (curve.between(0.0, 10.0), "readings"),
        (curve.between(0.0, 64.0), "readings after the field"),
        (replace(curve, temperature=np.full_like(curve.temperature, 21.0)), "never changes"),
    ):
        e = joint_fit.estimate(wrong)
        assert not e.accepted
        assert np.isnan(e.rate)
        assert word in e.reasons[0]


def test_drive_steps() -> None:
    assert Drive.from_levels(((0.0, 0.0), (11.0, 150.0), (202.0, 10.0))).steps == (
        (11.0, 150.0),
        (202.0, -140.0),
    )
    assert Drive.from_levels(((0.0, 1.0), (10.0, 0.0), (30.0, 2.0))).on_time(40.0) == 20.0
    with pytest.raises(ValueError, match="increasing"):
        Drive.from_levels(((5.0, 1.0), (5.0, 0.0)))
