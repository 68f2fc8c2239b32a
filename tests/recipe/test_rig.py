"""A good rig file: what becomes of it, and the examples."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from amfdaq.config import to_json
from amfdaq.instruments import driver_class
from amfdaq.limits import Limits
from amfdaq.recipe import dry_run, load_recipe
from amfdaq.rig import load_rig, parse_rig
from amfdaq.sample import load_sample
from calibration import load_for

EXAMPLES = Path(__file__).parents[2] / "examples" / "rigs" / "magnetherm-osensa"


def test_what_becomes_of_a_rig_file(rig_file: Path) -> None:
    rig = load_rig(rig_file)
    assert (rig.name, rig.speed, rig.simulated) == ("bench 1", 1.0, False)
    assert rig.text == rig_file.read_text(encoding="utf-8")
    thermometer = rig.thermometers[0]
    assert thermometer.rate.value == 5.0
    assert list(thermometer.probes) == ["core", "bath"]
    assert thermometer.probes["core"].certificate == rig_file.parent / "probe.toml"
    assert thermometer.probes["bath"].role == "reference"
    assert rig.core_channel == "core"
    assert rig.supply is not None
    assert (rig.supply.rate.value, rig.supply.settle.value) == (2.0, 0.0)
    assert rig.supply.coil == rig_file.parent / "coil.toml"


def test_the_first_core_probe_is_the_one_that_is_analysed(rig_file: Path, good_rig: str) -> None:
    text = good_rig.replace('certificate = "probe.toml"', 'role = "coil"').replace(
        'role = "reference"', 'role = "core"'
    )
    assert parse_rig(text, rig_file).core_channel == "bath"


def test_a_rig_without_a_supply(rig_file: Path, good_rig: str) -> None:
    text = good_rig[: good_rig.index("[supply]")] + good_rig[good_rig.index("[limits]") :]
    assert parse_rig(text, rig_file).supply is None


def test_limits_and_their_defaults(rig_file: Path, good_rig: str) -> None:
    plain = load_rig(rig_file).limits
    assert plain == Limits(
        temperature_max=70.0, rate_max=3.0, field_max=16e3, field_frequency_max=2e10, time_on_max=900.0,
        stale_after=2.0, heartbeat=1.0, lost_readings=3, temperature_min=None, current_max=None,
    )  # fmt: skip
    more = 'temperature_low = "275.15 K"\ntemperature_rate = "30 K/min"\nfield_frequency = "5e9 A/(m s)"\n'
    more += 'current = "14 A"\nstale = "800 ms"\nheartbeat = "0.5 s"\nlost_readings = 2\n'
    full = parse_rig(good_rig + more, rig_file).limits
    assert full.temperature_min == pytest.approx(2.0)
    assert full.rate_max == pytest.approx(0.5)
    assert (full.field_frequency_max, full.current_max, full.stale_after) == (5e9, 14.0, 0.8)
    assert (full.heartbeat, full.lost_readings) == (0.5, 2)


def test_limits_go_through_json_unchanged(rig_file: Path) -> None:
    limits = load_rig(rig_file).limits
    document = json.loads(json.dumps(limits.to_json(), allow_nan=False))
    assert Limits.from_json(document) == limits
    assert set(document) == {item.name for item in fields(Limits)}
    del document["heartbeat"]
    with pytest.raises(TypeError, match="heartbeat"):
        Limits.from_json(document)


def test_a_field_limit_in_millitesla_leaves_a_note(rig_file: Path, good_rig: str) -> None:
    rig = parse_rig(good_rig.replace('field = "16 kA/m"', 'field = "20 mT"'), rig_file)
    assert rig.limits.field_max == pytest.approx(15915.5, abs=0.1)
    assert len(rig.notes) == 1


def test_options_go_to_another_process_and_back(rig_file: Path) -> None:
    rig = load_rig(rig_file)
    assert rig.supply is not None
    for driver, options in (
        (rig.supply.driver, rig.supply.options),
        (rig.thermometers[0].driver, rig.thermometers[0].options),
    ):
        model: type[BaseModel] = driver_class(driver).Options
        assert model.model_validate_json(options.model_dump_json()) == options
        assert json.loads(options.model_dump_json()) == to_json(options)


def test_json_of_a_rig(rig_file: Path) -> None:
    document = json.loads(json.dumps(load_rig(rig_file).to_json(), allow_nan=False))
    assert document["thermometers"][0]["rate"] == "5 Hz"
    assert document["supply"]["options"]["capacitor"] == "26 nF"
    assert document["core"] == "core"


def test_a_simulated_bench_may_run_faster(rig_file: Path, good_rig: str) -> None:
    rig = parse_rig(good_rig + "[clock]\nspeed = 20\n[bench]\nsimulated = true\n", rig_file)
    assert (rig.speed, rig.simulated) == (20.0, True)


def test_the_examples_fit_together() -> None:
    rig = load_rig(EXAMPLES / "rig.toml")
    calibrations = load_for(rig)
    assert calibrations.coil is not None
    for name in ("recipe.toml", "sweep.toml"):
        assert dry_run(load_recipe(EXAMPLES / name), rig.limits, calibrations.coil.line) == []
    sample = load_sample(EXAMPLES / "sample.toml")
    assert sample.warnings == ()
    assert sample.thermal().heat_capacity == pytest.approx(4.386, abs=1e-3)
