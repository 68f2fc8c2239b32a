"""Broken sample files: every fault at its line, with a sentence that helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.sample import load_sample

Check = Callable[[Callable[[Path], Any], str], None]

CASES = {
    "no concentration": """\
[sample] #! sample: there is no concentration, so there is no SAR: add concentration = "5.0 mg/mL +- 3 %"
name = "x"
volume = "1 mL"
""",
    "no basis": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL" #! sample.concentration: of what? Add basis = "Fe"
""",
    "unknown basis": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "iron" #! sample.basis: must be one of "Fe", "Fe3O4", "Fe2O3", "total"
""",
    "no amount": """\
[sample] #! sample: missing key: add volume = "1.00 mL +- 1 %", or mass
name = "x"
concentration = "5 mg/mL"
basis = "Fe"
""",
    "volume and mass": """\
[sample]
name = "x"
volume = "1 mL"
mass = "1 g" #! sample.mass: give either the volume or the mass
concentration = "5 mg/mL"
basis = "Fe"
""",
    "concentration and mass fraction": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
mass_fraction = "0.5 %" #! sample.mass_fraction: give either
basis = "Fe"
""",
    "more particles than sample": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5000 mg/mL" #! sample.concentration: is more than the density of the whole sample (0.997 g/mL
basis = "Fe"
""",
    "mass fraction of everything": """\
[sample]
name = "x"
volume = "1 mL"
mass_fraction = "1.2" #! sample.mass_fraction: below 100 %
basis = "Fe"
""",
    "concentration of nothing": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "0 mg/mL" #! sample.concentration: blank = true
basis = "Fe"
""",
    "blank with particles": """\
[sample]
name = "x"
volume = "1 mL"
blank = true
concentration = "5 mg/mL" #! sample.concentration: a blank has no particles
basis = "Fe"
""",
    "litres for millilitres": """\
[sample]
name = "x"
volume = "10 L" #! sample.volume: more than 1 L: is the unit right?
concentration = "5 mg/mL"
basis = "Fe"
""",
    "specific heat a thousand times too small": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "Fe"
specific_heat = "4.18 J/(kg K)" #! sample.specific_heat: is not between 0.1 and 10 J/(g K): is the unit right?
density = "20 g/mL" #! sample.density: is not between 0.3 and 15 g/mL: is the unit right?
""",
    "specific heat as a heat capacity": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "Fe"
specific_heat = "4.18 J/K" #! sample.specific_heat: is a heat capacity; a specific heat is needed here
""",
    "medium without numbers": """\
[sample]
name = "x"
medium = "other" #! sample.medium: the specific heat has to be given
volume = "1 mL"
density = "1.05 g/mL"
concentration = "5 mg/mL"
basis = "Fe"
""",
    "unknown medium": """\
[sample]
name = "x"
medium = "wather" #! sample.medium: must be one of "water", "dmso"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "Fe"
""",
    "vessel without numbers": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "Fe"
[vessel] #! vessel: missing key: add heat_capacity = "0.25 J/K +- 10 %", or both mass and specific_heat
mass = "0.5 g"
""",
    "vessel twice": """\
[sample]
name = "x"
volume = "1 mL"
concentration = "5 mg/mL"
basis = "Fe"
[vessel]
heat_capacity = "0.25 J/K" #! vessel.heat_capacity: give either
mass = "0.5 g"
participation = "1.5" #! vessel.participation: must be between 0 and 1
""",
    "comma as a thousands separator": """\
[sample]
name = "x"
volume = "1,000 mL" #! sample.volume: thousands separator
concentration = "5 mg/mL"
basis = "Fe"
""",
    "everything at once": """\
[sample] #! sample.name: missing key: add name = "
volume = 1.0 #! sample.volume: has no unit
concentraton = "5 mg/mL" #! sample.concentraton: did you mean "concentration"?
[vesel] #! vesel: did you mean "vessel"?
heat_capacity = "0.25 J/K"
[probe]
heat_capacity = "-1 J/K" #! probe.heat_capacity: is negative
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_faults_are_reported_at_their_lines(check_broken: Check, text: str) -> None:
    check_broken(load_sample, text)
