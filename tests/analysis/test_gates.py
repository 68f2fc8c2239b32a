"""Each gate refuses a curve that was made wrong on purpose, and is quiet on good ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.pipeline import AnalysisSettings, analyze
from amfdaq.analysis.result import SarResult
from amfdaq.curve import FloatArray, HeatingCurve

Record = Callable[[Any], HeatingCurve]


def failed(result: SarResult) -> set[str]:
    return {gate.name for gate in result.gates if not gate.passed}


def refuses(curve: HeatingCurve, gate: str) -> None:
    result = analyze(curve)
    assert result.verdict == "refused"
    assert gate in failed(result)
    assert result.rate is None
    assert result.to_json()["rate"] is None
    sentences = [g.sentence for g in result.gates if g.name == gate]
    assert sentences[0] in result.reasons
    assert len(sentences[0]) > 40


def with_temperature(
    curve: HeatingCurve, change: Callable[[FloatArray, FloatArray], FloatArray]
) -> HeatingCurve:
    return replace(curve, temperature=np.asarray(change(curve.time, curve.temperature)))


@pytest.fixture
def good(bench: Any, record: Record) -> HeatingCurve:
    return replace(record(bench()), lag=2.0, u_lag=0.2)


def test_a_good_curve_passes_all(good: HeatingCurve) -> None:
    result = analyze(good)
    assert result.accepted, result.reasons
    assert not failed(result)
    assert all(gate.sentence == "" for gate in result.gates)


def test_failed_readings(good: HeatingCurve) -> None:
    rng = np.random.default_rng(0)
    refuses(
        with_temperature(good, lambda t, y: np.where(rng.random(t.size) < 0.2, np.nan, y)), "failed readings"
    )


def test_gap(good: HeatingCurve) -> None:
    refuses(
        with_temperature(good, lambda t, y: np.where((t > 80) & (t < 120), np.nan, y)), "gap in the heating"
    )


@pytest.mark.parametrize(
    ("medium", "shift"), [((0.0, 100.0), 90.0), ((0.0, 100.0), -25.0), ((30.0, 60.0), 0.0)]
)
def test_impossible_temperature(good: HeatingCurve, medium: tuple[float, float], shift: float) -> None:
    curve = with_temperature(good, lambda _, y: y + shift)
    result = analyze(curve, settings=AnalysisSettings(medium_min=medium[0], medium_max=medium[1]))
    assert failed(result) == {"temperature range"}


def test_jump(good: HeatingCurve) -> None:
    refuses(with_temperature(good, lambda t, y: np.where(t == 200, y + 3.0, y)), "temperature jump")


def test_frozen(good: HeatingCurve) -> None:
    refuses(with_temperature(good, lambda t, y: np.where((t > 150) & (t < 200), y[150], y)), "frozen probe")


def test_steepest_part_late(good: HeatingCurve) -> None:
    """Flat for 100 s, then a runaway of a kelvin per second."""
    refuses(with_temperature(good, lambda t, _: 20 + np.clip(t - 160, 0, 8) * np.exp(-np.clip(t - 360, 0, None) / 300)),
            "steepest at the start")  # fmt: skip


def test_speeding_up(good: HeatingCurve) -> None:
    def accelerating(t: FloatArray, _: FloatArray) -> FloatArray:
        x = np.clip(t - 60, 0, 300) / 300
        return np.asarray(20 + 7 * x**1.6 * np.exp(-np.clip(t - 360, 0, None) / 300))

    refuses(with_temperature(good, accelerating), "speeding up")


def test_peak_after_switch_off(good: HeatingCurve) -> None:
    refuses(replace(good, on=((60.0, 320.0),)), "peak after switch-off")


def test_switch_on_recorded_late_is_not_excused_by_its_own_misfit(good: HeatingCurve) -> None:
    refuses(replace(good, on=((90.0, 390.0),)), "residuals")


def test_structured_residuals(good: HeatingCurve) -> None:
    refuses(with_temperature(good, lambda t, y: y + 0.1 * np.sin(t / 15.0) * (t > 60)), "autocorrelation")


def test_lag_against_its_certificate(bench: Any, record: Record) -> None:
    refuses(replace(record(bench(lag=8.0)), lag=1.0, u_lag=0.3), "probe lag")


def test_lag_too_long_without_a_certificate(bench: Any, record: Record) -> None:
    refuses(record(bench(lag=60.0, tau=150.0)), "probe lag")


def test_no_baseline_and_no_cooling(good: HeatingCurve) -> None:
    refuses(good.between(58.0, 360.0), "baseline")


def test_too_few_readings(good: HeatingCurve) -> None:
    every = slice(None, None, 25)
    refuses(replace(good, time=good.time[every], temperature=good.temperature[every]), "readings while on")


def test_no_heating_to_speak_of(bench: Any, record: Record) -> None:
    refuses(record(bench(s=2e-5)), "temperature rise")


def test_too_short_against_tau(bench: Any, record: Record) -> None:
    refuses(record(bench(on=((60.0, 90.0),), end=90.0, tau=400.0)), "duration")


def test_drifting_surroundings(good: HeatingCurve) -> None:
    refuses(with_temperature(good, lambda t, y: y + 0.02 * np.clip(t, 0, 60)), "baseline drift")


def test_cooling_while_on(good: HeatingCurve) -> None:
    refuses(with_temperature(good, lambda _, y: 40.0 - y), "precision")


def test_estimators_that_disagree(bench: Any, record: Record) -> None:
    """A loss that grows with the square of the excess: joint fit and corrected slope must not both be believed."""
    curve = record(bench(quadratic=0.3, s=0.06, tau=300.0, noise=0.001, end=900.0))
    result = analyze(curve)
    assert not result.accepted
    assert failed(result) & {"agreement", "residuals", "autocorrelation"}


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
def test_rounding_to_a_tenth_is_not_refused(bench: Any, record: Record, noise: float) -> None:
    """Rounded readings of a slow curve are correlated on the best of benches."""
    for s in (0.01, 0.0239, 0.1):
        result = analyze(record(bench(s=s, noise=noise, resolution=0.1, dt=0.2)))
        assert result.accepted, result.reasons
        assert result.rate == pytest.approx(s, rel=0.02)


def test_correlated_noise_of_the_thermometer_is_not_refused(bench: Any, record: Record) -> None:
    verdicts = [analyze(record(bench(noise=0.05, rho=0.8, seed=seed))).accepted for seed in range(20)]
    assert sum(verdicts) >= 18


def test_field_times(good: HeatingCurve) -> None:
    unknown = analyze(replace(good, on=()))
    assert "--on" in unknown.reasons[0]
    assert "--t-eq" in unknown.reasons[0]
    outside = analyze(replace(good, on=((5000.0, 5300.0),)))
    assert "outside the temperature record" in outside.reasons[0]


@pytest.mark.parametrize("size", [0, 1, 4, 12])
def test_hardly_any_readings(good: HeatingCurve, size: int) -> None:
    result = analyze(replace(good, time=good.time[:size], temperature=good.temperature[:size]))
    assert result.verdict == "refused"
    assert result.reasons
