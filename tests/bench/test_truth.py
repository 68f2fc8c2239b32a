"""True values are drawn as declared, and the truth document says what the physics delivers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mocks.config import BenchTables
from mocks.truth import draw, truth_document

Tables = Callable[..., BenchTables]


def test_seed_zero_is_exactly_nominal(tables: Tables) -> None:
    assert draw(tables(), 0) == tables()


def test_a_seed_is_one_bench(tables: Tables) -> None:
    assert draw(tables(), 5) == draw(tables(), 5)
    assert draw(tables(), 5) != draw(tables(), 6)


def test_draws_have_the_declared_spread(tables: Tables) -> None:
    benches = [draw(tables(), seed) for seed in range(1, 401)]
    for table, key, mean, spread in (
        ("tank", "coil_constant_mT_per_A", 1.205674, 0.02 * 1.205674),
        ("sample", "concentration_mg_per_mL", 5.0, 0.125),
        ("sample", "heat_capacity_J_per_K", 4.17, 0.02085),
        ("sample", "volume_mL", 1.0, 0.005),
        ("vessel", "participation", 1.0, 0.1),
        ("probe", "gain", 1.0, 0.003),
        ("probe", "offset_K", 0.0, 0.2),
    ):
        values = np.array([getattr(getattr(bench, table), key) for bench in benches])
        assert abs(values.mean() - mean) < 4.0 * spread / 20.0, key
        assert values.std(ddof=1) == pytest.approx(spread, rel=0.15), key
    assert len({bench.probe.lag_s for bench in benches}) == 1  # no uncertainty, no spread


def test_draws_are_independent_of_each_other(tables: Tables) -> None:
    wide = tables(tank={"coil_constant_u_rel": 0.1})
    before, after = draw(tables(), 9), draw(wide, 9)
    assert before.sample == after.sample
    assert before.tank.coil_constant_mT_per_A != after.tank.coil_constant_mT_per_A


def test_the_document_is_json_and_consistent(tables: Tables) -> None:
    document = truth_document(draw(tables(), 2), 10.0, 265e3)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    kilo_h, kilo_f = document["field"] / 1e3, document["frequency"] / 1e3
    assert document["ilp"] == pytest.approx(1000.0 * document["sar"] / (kilo_h**2 * kilo_f))
    assert document["parameters"]["sample"]["saturation_field_A_per_m"] is None


@pytest.mark.parametrize("seed", [0, 7])
def test_truth_is_what_the_physics_delivers(laboratory: Callable[..., Any], seed: int) -> None:
    bench = laboratory(seed=seed)
    bench.go_to(20.0)
    bench.field_on()
    truth = bench.lab.truth()
    bench.go_to(20.0 + 120.0)
    bench.field_off()
    bench.go_to(300.0)
    energy = bench.lab.state()["energy_J"]
    true = truth["parameters"]["sample"]
    mass = 1e-3 * true["volume_mL"] * true["concentration_mg_per_mL"]
    assert energy["delivered"] == pytest.approx(truth["sar"] * mass * 120.0, rel=1e-9)
    assert energy["stored"] + energy["lost"] == pytest.approx(energy["delivered"], rel=1e-9)
    assert truth["ilp"] == pytest.approx(2.6)


def test_rate_is_the_loss_free_slope(laboratory: Callable[..., Any]) -> None:
    bench = laboratory(
        loss={"sample_W_per_K": 0.0, "vessel_W_per_K": 0.0}, environment={"drift_K_per_s": 0.0}, seed=4
    )
    bench.field_on()
    truth = bench.lab.truth()
    bench.go_to(0.01)
    early = bench.lab.temperatures()["sample"]
    bench.go_to(100.0)
    first = bench.lab.temperatures()["sample"]
    bench.go_to(200.0)
    assert (early - 22.0) / 0.01 == pytest.approx(truth["rate_sample_only"], rel=1e-3)
    assert (bench.lab.temperatures()["sample"] - first) / 100.0 == pytest.approx(truth["rate"], rel=1e-9)


def test_truth_of_any_working_point_and_of_the_last(laboratory: Callable[..., Any]) -> None:
    bench = laboratory(seed=3)
    assert bench.lab.truth()["current"] == 14.1  # nothing was on yet: the nominal one
    bench.field_on(current=7.0)
    bench.go_to(1.0)
    bench.field_off()
    last, doubled = bench.lab.truth(), bench.lab.truth(14.0, 265e3)
    assert (last["current"], last["frequency"]) == (7.0, 265e3)
    assert doubled["sar"] == pytest.approx(4.0 * last["sar"])
    assert bench.lab.truth(0.0)["ilp"] is None
