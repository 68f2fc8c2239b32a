"""Samples: heat capacity, mass of the basis, and the sensitivities of their ratio."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from amfdaq.errors import BadInput
from amfdaq.quantity import Quantity
from amfdaq.sample import Sample, convert_mass, convert_sar, load_sample, mass_ratio, parse_sample

VESSEL = """
[vessel]
heat_capacity = "0.45 J/K +- 10 %"
participation = "0.7 +- 0.1"
[probe]
heat_capacity = "0.02 J/K +- 20 %"
"""
BY_VOLUME = 'volume = "0.8 mL +- 1.5 %"\n'
BY_MASS = 'mass = "0.9 g +- 0.3 %"\n'
BY_CONCENTRATION = 'concentration = "12 mg/mL +- 3 %"\n'
BY_FRACTION = 'mass_fraction = "1.2 % +- 0.05 %"\n'
MEDIUM = 'specific_heat = "4.1 J/(g K) +- 1 %"\ndensity = "1.02 g/mL +- 0.7 %"\n'


def sample(*lines: str, rest: str = VESSEL) -> Sample:
    text = '[sample]\nname = "x"\nbasis = "Fe"\n' + "".join(lines) + rest
    return parse_sample(text, Path("sample.toml"))


def ratio(item: Sample) -> float:
    thermal = item.thermal()
    return thermal.heat_capacity / thermal.mass


def shifted(quantity: Quantity, by: float) -> Quantity:
    return dataclasses.replace(quantity, value=quantity.value + by * quantity.u)


def variants(item: Sample, by: float) -> dict[str, Sample]:
    """The sample with one input at a time moved by a fraction of its uncertainty."""
    change = dataclasses.replace
    vessel, made = item.vessel, {}
    assert vessel is not None
    if item.volume is not None:
        made["volume of the sample"] = change(item, volume=shifted(item.volume, by))
    if item.mass is not None:
        made["mass of the sample"] = change(item, mass=shifted(item.mass, by))
    if item.concentration is not None:
        made["concentration of Fe"] = change(item, concentration=shifted(item.concentration, by))
    if item.mass_fraction is not None:
        made["mass fraction of Fe"] = change(item, mass_fraction=shifted(item.mass_fraction, by))
    if item.density is not None:
        made["density of the sample"] = change(item, density=shifted(item.density, by))
    if item.probe is not None:
        made["heat capacity of the probe"] = change(item, probe=shifted(item.probe, by))
    made["specific heat of the sample"] = change(item, specific_heat=shifted(item.specific_heat, by))
    warmer = change(vessel, heat_capacity=vessel.heat_capacity + by * vessel.u_heat_capacity)
    made["heat capacity of the vessel"] = change(item, vessel=warmer)
    nearer = change(vessel, participation=shifted(vessel.participation, by))
    made["participation of the vessel"] = change(item, vessel=nearer)
    return made


def by_differences(item: Sample) -> dict[str, float]:
    """What each input contributes to the relative uncertainty of C/m."""
    step = 1e-3
    up, down = variants(item, step), variants(item, -step)
    found = {name: abs(ratio(up[name]) - ratio(down[name])) / (2 * step) / ratio(item) for name in up}
    return {name: value for name, value in found.items() if value > 1e-9}


@pytest.mark.parametrize("amount", [BY_VOLUME, BY_MASS])
@pytest.mark.parametrize("particles", [BY_CONCENTRATION, BY_FRACTION])
def test_every_term_is_what_shifting_the_input_gives(amount: str, particles: str) -> None:
    item = sample(amount, particles, MEDIUM)
    terms = {term.source: term.relative for term in item.thermal().terms}
    assert terms == pytest.approx(by_differences(item), rel=1e-4)
    assert len(terms) == (6 if amount == BY_MASS and particles == BY_FRACTION else 7)


def test_the_volume_cancels_in_the_liquid() -> None:
    bare = sample(BY_VOLUME, BY_CONCENTRATION, MEDIUM, rest="")
    assert "volume of the sample" not in {term.source for term in bare.thermal().terms}
    dressed = sample(BY_VOLUME, BY_CONCENTRATION, MEDIUM)
    found = next(t.relative for t in dressed.thermal().terms if t.source == "volume of the sample")
    others = 0.7 * 0.45 + 0.02
    assert found == pytest.approx(0.015 * others / (4100 * 1020 * 0.8e-6 + others))


def test_heat_capacity_and_mass() -> None:
    thermal = sample(BY_VOLUME, BY_CONCENTRATION, MEDIUM).thermal()
    assert thermal.heat_capacity == pytest.approx(4.1 * 1.02 * 0.8 + 0.7 * 0.45 + 0.02)
    assert thermal.mass == pytest.approx(9.6e-6)
    assert thermal.volume == pytest.approx(0.8e-6)
    assert thermal.basis == "Fe"
    weighed = sample(BY_MASS, BY_CONCENTRATION, MEDIUM).thermal()
    assert weighed.mass == pytest.approx(12e-3 / 1.02 * 0.9e-3)
    assert weighed.volume == pytest.approx(0.9e-6 / 1.02)
    assert sample(BY_MASS, BY_FRACTION, MEDIUM).thermal().mass == pytest.approx(0.012 * 0.9e-3)
    assert sample(BY_VOLUME, BY_FRACTION, MEDIUM).thermal().mass == pytest.approx(0.012 * 1.02 * 0.8e-3)


def test_an_unknown_participation_is_a_rectangle() -> None:
    item = sample(
        BY_VOLUME,
        BY_CONCENTRATION,
        rest='[vessel]\nmass = "0.5 g +- 1 %"\nspecific_heat = "0.84 J/(g K) +- 2 %"\n',
    )
    assert item.vessel is not None
    assert item.vessel.participation.u == pytest.approx(1 / math.sqrt(12))
    assert item.vessel.heat_capacity == pytest.approx(0.42)
    assert item.vessel.u_heat_capacity == pytest.approx(0.42 * math.hypot(0.01, 0.02))
    total = item.heat_capacity
    terms = {term.source: term.relative for term in item.thermal().terms}
    assert terms["participation of the vessel"] == pytest.approx(0.42 / math.sqrt(12) / total)


def test_a_vessel_that_takes_no_part_still_has_its_uncertainty() -> None:
    rest = '[vessel]\nheat_capacity = "0.4 J/K +- 10 %"\nparticipation = "0 +- 0.05"\n'
    item = sample(BY_VOLUME, BY_CONCENTRATION, rest=rest)
    terms = {term.source: term.relative for term in item.thermal().terms}
    assert terms["participation of the vessel"] == pytest.approx(0.4 * 0.05 / item.heat_capacity)
    assert "heat capacity of the vessel" not in terms


def test_water_needs_no_numbers() -> None:
    item = sample('volume = "1 mL"\n', 'concentration = "5 mg/mL"\n', rest="")
    assert item.heat_capacity == pytest.approx(4.18, rel=0.005)
    assert item.specific_heat.relative == pytest.approx(0.005)
    assert item.temperature_range == (0.0, 100.0)


def test_what_is_missing_is_said() -> None:
    item = sample('volume = "1 mL"\n', 'concentration = "5 mg/mL"\n', rest="")
    text = "\n".join(item.warnings)
    assert "nothing is known of the vessel" in text
    assert 'the volume "1 mL" has no uncertainty' in text
    assert 'the concentration "5 mg/mL" has no uncertainty' in text
    assert sample(BY_VOLUME, BY_CONCENTRATION).warnings == ()


def test_a_blank_has_no_sar(folder: Path) -> None:
    path = folder / "blank.toml"
    path.write_text('[sample]\nname = "water"\nblank = true\nvolume = "1 mL +- 1 %"\n', encoding="utf-8")
    item = load_sample(path)
    assert item.blank
    assert item.heat_capacity == pytest.approx(4.167, rel=1e-3)
    with pytest.raises(BadInput, match="is a blank"):
        item.thermal()


def test_conversion_of_the_basis() -> None:
    assert mass_ratio("Fe3O4", per="Fe") == pytest.approx(1.3820, abs=5e-5)
    assert mass_ratio("Fe2O3", per="Fe") == pytest.approx(1.4297, abs=5e-5)
    assert convert_mass(1.0, "Fe3O4", "Fe") * mass_ratio("Fe3O4", "Fe") == pytest.approx(1.0)
    assert convert_sar(100.0, "Fe3O4", to="Fe") == pytest.approx(138.20, abs=5e-3)
    assert convert_sar(7.0, "total", to="total") == 7.0
    with pytest.raises(BadInput, match='"total" cannot be converted'):
        convert_sar(100.0, "total", to="Fe")


def test_the_text_of_a_run_file_gives_the_same_sample(folder: Path) -> None:
    path = folder / "sample.toml"
    path.write_text(
        '[sample]\nname = "x"\nbasis = "Fe"\n' + BY_VOLUME + BY_CONCENTRATION + VESSEL, encoding="utf-8"
    )
    first = load_sample(path)
    again = parse_sample(first.text, path)
    assert again == first
    assert first.to_json()["concentration"] == "12 mg/mL +- 3 %"
