"""Budget, JSON document, headline."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.budget import combined
from amfdaq.analysis.pipeline import AnalysisSettings, analyze, interim
from amfdaq.analysis.result import SarResult, ilp
from amfdaq.curve import HeatingCurve
from amfdaq.thermal import Term, ThermalMass

Record = Callable[[Any], HeatingCurve]
THERMAL = ThermalMass(4.2, 5e-6, "Fe", (Term("vessel", 0.04), Term("concentration", 0.03, "A")), 1e-6)


@pytest.fixture
def curve(bench: Any, record: Record) -> HeatingCurve:
    return replace(
        record(bench()), field=15e3, u_field=300.0, frequency=3e5, u_frequency=30.0, u_gain=0.003, u_switch=0.3, lag=2.0,
        u_lag=0.2, source="run.h5",
    )  # fmt: skip


def document(result: SarResult) -> dict[str, Any]:
    """Through real JSON, which refuses NaN."""
    found: dict[str, Any] = json.loads(json.dumps(result.to_json(), allow_nan=False))
    return found


def test_ilp_of_the_published_record() -> None:
    """705.86 W/g at 27 kA/m and 650 kHz is 1.49 nH m2/kg (docs/analysis.md)."""
    assert ilp(705.86, 27e3, 650e3) == pytest.approx(1.49, abs=0.005)


def test_sar_and_ilp_follow_from_the_rate(curve: HeatingCurve) -> None:
    d = document(analyze(curve, THERMAL))
    rate = d["rate"]["value"]
    assert d["verdict"] == "accepted"
    assert d["reasons"] == []
    assert d["source"] == "run.h5"
    assert d["sar"]["value"] == pytest.approx(rate * 4.2 / 5e-3)
    assert d["volumetric_sar"]["value"] == pytest.approx(rate * 4.2)
    assert d["ilp"]["value"] == pytest.approx(1000 * d["sar"]["value"] / (15.0**2 * 300.0))
    assert d["sar"]["basis"] == "Fe"
    for key in ("sar", "ilp"):
        assert d[key]["k"] == 2
        assert d[key]["U"] == pytest.approx(2 * d[key]["u"])


def test_budget_adds_up_and_the_field_counts_twice(curve: HeatingCurve) -> None:
    result = analyze(curve, THERMAL)
    d = document(result)
    rows = {row["source"]: row for row in d["budget"]}
    assert {"slope, statistical", "slope, model", "probe lag", "thermometer gain", "switching times", "vessel",
            "concentration", "field", "frequency"} == set(rows)  # fmt: skip
    assert rows["field"]["relative"] == pytest.approx(2 * 300 / 15e3)
    assert rows["concentration"]["kind"] == "A"
    relative = d["sar"]["u"] / d["sar"]["value"]
    assert relative**2 == pytest.approx(sum(r["relative"] ** 2 for r in d["budget"] if r["of"] != "ILP"))
    assert (d["ilp"]["u"] / d["ilp"]["value"]) ** 2 == pytest.approx(relative**2 + 0.04**2 + 1e-4**2)
    assert combined(result.budget, "rate") < combined(result.budget, "SAR") < combined(result.budget, "ILP")


def test_a_term_that_grows_makes_the_result_less_certain(curve: HeatingCurve) -> None:
    base = analyze(curve, THERMAL).u_rate
    worse = (analyze(replace(curve, u_gain=0.05)).u_rate, analyze(replace(curve, u_switch=10.0)).u_rate)
    assert base is not None
    assert all(u is not None and u > 1.5 * base for u in worse)


def test_switching_time_sensitivity_is_the_real_one(curve: HeatingCurve) -> None:
    """The budget's shift of the rate is what moving the recorded times does."""
    moved = 0.5
    base = analyze(curve)
    rates = [
        analyze(replace(curve, on=((60.0 + a, 360.0 + b),))).estimators[0].rate - base.estimators[0].rate
        for a, b in ((moved, 0.0), (0.0, moved))
    ]
    row = next(r for r in analyze(replace(curve, u_switch=moved)).budget if r.source == "switching times")
    assert row.relative * base.estimators[0].rate == pytest.approx(math.hypot(*rates), rel=0.3)


def test_without_a_sample_there_is_a_rate_and_a_hint(curve: HeatingCurve) -> None:
    d = document(analyze(curve))
    assert d["verdict"] == "accepted"
    assert d["rate"]["value"] == pytest.approx(0.0239, rel=0.01)
    assert d["sar"] is None
    assert d["ilp"] is None
    assert any("sample.toml" in note for note in d["notes"])


@pytest.mark.parametrize("missing", ["field", "frequency"])
def test_without_field_or_frequency_there_is_no_ilp(curve: HeatingCurve, missing: str) -> None:
    changes: dict[str, Any] = {missing: None}
    d = document(analyze(replace(curve, **changes), THERMAL))
    assert d["sar"] is not None
    assert d["ilp"] is None
    assert any(f"--{missing}" in note for note in d["notes"])


def test_refused_has_no_number_at_all(curve: HeatingCurve) -> None:
    broken = replace(
        curve, temperature=np.where((curve.time > 80) & (curve.time < 200), np.nan, curve.temperature)
    )
    d = document(analyze(broken, THERMAL))
    assert (d["verdict"], d["rate"], d["sar"], d["ilp"]) == ("refused", None, None, None)
    assert d["reasons"]
    assert d["budget"] == []
    assert d["estimators"]
    assert not any(e["accepted"] for e in d["estimators"])


def test_all_readings_failed(curve: HeatingCurve) -> None:
    d = document(analyze(replace(curve, temperature=np.full_like(curve.time, np.nan)), THERMAL))
    assert d["verdict"] == "refused"


def test_headline_is_the_joint_fit_and_legacy_methods_carry_their_bias(curve: HeatingCurve) -> None:
    result = analyze(curve, THERMAL)
    assert result.method.startswith("joint-fit")
    assert result.rate == result.estimators[0].rate
    by_name = {e["name"]: e for e in document(result)["estimators"]}
    assert set(by_name) == {"joint-fit", "corrected-slope", "box-lucas", "initial-slope"}
    for name in ("box-lucas", "initial-slope"):
        e = by_name[name]
        assert e["legacy"]
        assert e["rate"] / 0.0239 - 1 == pytest.approx(e["predicted_bias"], abs=4 * e["u"] / 0.0239 + 0.003)


def test_crossing_is_the_headline_where_only_a_blank_is_known(bench: Any, record: Record) -> None:
    curve = replace(record(bench(excess=-6.0, lag=0.3, s=0.04, end=360.0, resolution=0.1)), on=())
    result = analyze(curve, THERMAL, AnalysisSettings(t_eq=20.0, u_t_eq=0.1))
    assert result.accepted, result.reasons
    assert result.method == "equilibrium-crossing (linear)"
    assert [e.variant for e in result.estimators] == ["linear", "exponential"]
    assert result.rate == pytest.approx(0.04, rel=0.02)
    assert result.temperatures == (19.0, 21.0)
    assert "equilibrium temperature" in {row.source for row in result.budget}
    assert analyze(curve, THERMAL).verdict == "refused"


def test_arrays_are_the_fit_of_the_headline(curve: HeatingCurve) -> None:
    arrays = analyze(curve).arrays()
    assert set(arrays) == {"time", "temperature", "fitted", "residual"}
    assert np.allclose(arrays["temperature"] - arrays["fitted"], arrays["residual"])
    assert float(np.std(arrays["residual"])) == pytest.approx(0.02, rel=0.2)
    assert analyze(replace(curve, on=())).arrays() == {}


def test_settings_go_before_the_certificate_of_the_curve(curve: HeatingCurve) -> None:
    result = analyze(curve, settings=AnalysisSettings(lag=2.5, u_lag=0.0))
    assert result.estimators[0].parameters["lag"] == 2.5
    assert document(result)["settings"]["lag"] == 2.5


def test_interim_converges_on_the_rate_while_heating(bench: Any, record: Record) -> None:
    whole = record(bench(dt=0.1, end=360.0, noise=0.02))
    whole = replace(whole, on=((60.0, math.inf),))
    assert interim(whole.between(0.0, 50.0)) is None
    assert interim(whole.between(0.0, 62.0)) is None
    for until, tolerance in ((120.0, 0.15), (240.0, 0.03), (360.0, 0.02)):
        found = interim(whole.between(0.0, until))
        assert found is not None
        assert found[0] == pytest.approx(0.0239, rel=tolerance)
        assert 0.0 < found[1] < tolerance * 0.0239


def test_interim_says_nothing_without_heating(bench: Any, record: Record) -> None:
    curve = record(bench())
    assert interim(replace(curve, temperature=np.full_like(curve.time, 20.0))) is None
    assert interim(replace(curve, on=())) is None
