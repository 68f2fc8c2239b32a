"""Sweeps: the exponent of SAR against H, and whether ILP holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.campaign import power_law, summarize_campaign
from amfdaq.analysis.pipeline import analyze
from amfdaq.analysis.result import SarResult
from amfdaq.curve import HeatingCurve
from amfdaq.thermal import Term, ThermalMass

THERMAL = ThermalMass(4.2, 5e-6, "Fe", (Term("concentration", 0.03),))


@pytest.fixture
def sweep(bench: Any, record: Callable[[Any], HeatingCurve]) -> Callable[..., list[SarResult]]:
    def run(exponent: float, fields: tuple[float, ...], frequency: float = 3e5) -> list[SarResult]:
        results = []
        for i, field in enumerate(fields):
            curve = record(bench(s=0.03 * (field / 15e3) ** exponent, seed=i))
            results.append(
                analyze(replace(curve, field=field, u_field=0.02 * field, frequency=frequency), THERMAL)
            )
        return results

    return run


def test_power_law_of_exact_points() -> None:
    h = np.array([5e3, 10e3, 20e3, 30e3])
    law = power_law(h, 3.0 * (h / 1e4) ** 2.4, np.full(4, 0.02))
    assert law.exponent == pytest.approx(2.4)
    assert law.fields == 4
    assert law.reference_sar == pytest.approx(3.0 * (law.reference_field / 1e4) ** 2.4)


def test_exponent_interval_holds_the_truth() -> None:
    rng = np.random.default_rng(4)
    h = np.geomspace(5e3, 30e3, 6)
    laws = [power_law(h, h**2 * np.exp(0.03 * rng.normal(size=6)), np.full(6, 0.03)) for _ in range(300)]
    assert np.mean([law.quadratic for law in laws]) > 0.92


def test_power_law_needs_different_fields() -> None:
    with pytest.raises(ValueError, match="three points"):
        power_law(np.full(5, 1e4), np.ones(5), np.full(5, 0.02))


def test_linear_response_keeps_its_ilp(sweep: Callable[..., list[SarResult]]) -> None:
    summary = summarize_campaign(sweep(2.0, (8e3, 12e3, 16e3, 20e3)))
    assert summary.law is not None
    assert summary.law.exponent == pytest.approx(2.0, abs=0.1)
    assert summary.ilp_valid is True
    assert all(row.ilp is not None for row in summary.rows)


def test_another_exponent_takes_the_ilp_away(sweep: Callable[..., list[SarResult]]) -> None:
    document = summarize_campaign(sweep(3.0, (8e3, 12e3, 16e3, 20e3))).to_json()
    assert document["exponent"]["value"] == pytest.approx(3.0, abs=0.1)
    assert document["ilp_valid"] is False
    assert [row["ilp"] for row in document["rows"]] == [None] * 4
    assert all(row["sar"]["value"] > 0 for row in document["rows"])
    assert "H^3.0" in document["remark"]


@pytest.mark.parametrize("fields", [(15e3,), (15e3, 15e3, 15e3, 15.1e3), (10e3, 20e3)])
def test_too_few_fields_say_so(sweep: Callable[..., list[SarResult]], fields: tuple[float, ...]) -> None:
    summary = summarize_campaign(sweep(2.0, fields))
    assert summary.law is None
    assert summary.ilp_valid is None
    assert "three are needed" in summary.remark


def test_frequencies_are_not_mixed_and_refused_runs_do_not_count(
    sweep: Callable[..., list[SarResult]],
) -> None:
    mixed = [*sweep(2.0, (8e3, 12e3)), *sweep(2.0, (16e3, 20e3), frequency=1e5)]
    assert "different frequencies" in summarize_campaign(mixed).remark
    good = sweep(2.0, (8e3, 12e3, 16e3))
    refused = replace(good[2], verdict="refused", sar=None, ilp=None)
    summary = summarize_campaign([*good[:2], refused])
    assert summary.law is None
    assert [row.verdict for row in summary.rows] == ["accepted", "accepted", "refused"]
    assert summarize_campaign([]).rows == ()
