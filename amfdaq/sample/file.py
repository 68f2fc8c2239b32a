"""The keys of ``sample.toml``, and what must fit together in it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from amfdaq.config import (
    NOT_NEGATIVE,
    POSITIVE,
    Concentration,
    Density,
    Fraction,
    HeatCapacity,
    Key,
    Loc,
    Mass,
    Section,
    SpecificHeat,
    Text,
    TomlFile,
    Volume,
    check_table,
)
from amfdaq.quantity import Quantity
from amfdaq.sample.basis import Basis
from amfdaq.sample.media import MEDIA, Medium

# Unknown until it is measured: rectangular between 0 and 1 (JCGM 100:2008, 4.3.7).
UNKNOWN_PARTICIPATION = Quantity(0.5, 1.0 / math.sqrt(12.0), "fraction", "0.5 +- 0.289")

_DENSITY_RANGE = (300.0, 15000.0)  # kg/m3: anything liquid that one can put into a coil
_SPECIFIC_HEAT_RANGE = (100.0, 10000.0)  # J/(kg K)


class SampleSection(Section):
    """``[sample]``."""

    name: Annotated[Text, Key('"FF-12 batch 3"', "name of the sample, part of the names of run files")]
    id: Annotated[str, Key('"2025-031"', "number in the lab's own register")] = ""
    operator: Annotated[str, Key('"A. Miller"', "who prepared it")] = ""
    notes: Annotated[str, Key('"sonicated 10 min"', "anything worth knowing")] = ""
    medium: Annotated[Medium, Key('"water"', "what the particles are in")] = "water"
    blank: Annotated[bool, Key("true", "no particles in it: gives a background rate, no SAR")] = False
    volume: Annotated[
        Volume | None, Key('"1.00 mL +- 1 %"', "volume of the sample; either this or `mass`")
    ] = None
    mass: Annotated[Mass | None, Key('"0.998 g +- 0.2 %"', "weighed mass of the whole sample")] = None
    concentration: Annotated[
        Concentration | None, Key('"5.0 mg/mL +- 3 %"', "mass of the basis per volume of sample")
    ] = None
    mass_fraction: Annotated[
        Fraction | None,
        Key('"0.50 % +- 0.02 %"', "mass of the basis per mass of sample, instead of `concentration`"),
    ] = None
    basis: Annotated[
        Basis | None,
        Key('"Fe"', "what the concentration is of, and what SAR will be referred to; no default"),
    ] = None
    density: Annotated[Density | None, Key('"1.00 g/mL +- 0.5 %"', "of the sample; default by medium")] = None
    specific_heat: Annotated[
        SpecificHeat | None, Key('"4.18 J/(g K) +- 0.5 %"', "of the sample; default by medium")
    ] = None


class VesselSection(Section):
    """``[vessel]``."""

    heat_capacity: Annotated[
        HeatCapacity | None,
        Key('"0.25 J/K +- 10 %"', "of the vessel; either this or `mass` and `specific_heat`"),
    ] = None
    mass: Annotated[
        Mass | None, Key('"0.52 g +- 0.01 g"', "of the part of the vessel that the sample wets")
    ] = None
    specific_heat: Annotated[SpecificHeat | None, Key('"0.84 J/(g K) +- 3 %"', "of its material")] = None
    participation: Annotated[
        Fraction,
        NOT_NEGATIVE,
        Key('"0.8 +- 0.1"', "how much of it warms with the sample; unknown unless measured"),
    ] = UNKNOWN_PARTICIPATION


class ProbeSection(Section):
    """``[probe]``."""

    heat_capacity: Annotated[
        HeatCapacity, POSITIVE, Key('"0.004 J/K +- 20 %"', "of the immersed end of the probe")
    ]


class SampleFile(Section):
    """The whole of ``sample.toml``."""

    sample: SampleSection
    vessel: VesselSection | None = None
    probe: ProbeSection | None = None


def contradictions(file: TomlFile) -> Iterator[tuple[Loc, str]]:
    """Everything that is right key by key and wrong together, as (key path, sentence)."""
    sample, _ = check_table(file, SampleSection, ("sample",))
    if sample is not None:
        yield from _amount(sample)
        yield from _particles(sample)
        yield from _medium(sample)
    vessel, _ = check_table(file, VesselSection, ("vessel",))
    if vessel is not None and "vessel" in file.data:
        yield from _vessel(vessel)


def _amount(sample: SampleSection) -> Iterator[tuple[Loc, str]]:
    if sample.volume is None and sample.mass is None:
        yield ("sample",), 'missing key: add volume = "1.00 mL +- 1 %", or mass = "1.00 g +- 0.2 %"'
    if sample.volume is not None and sample.mass is not None:
        yield ("sample", "mass"), "give either the volume or the mass; the weighed mass is the better one"
    for name, amount in (("volume", sample.volume), ("mass", sample.mass)):
        if amount is not None:
            if not amount.value > 0:
                yield ("sample", name), f'"{amount}" must be above zero'
            elif amount.value > 1e-3 * (1000 if name == "mass" else 1):
                most = "1 kg" if name == "mass" else "1 L"
                yield ("sample", name), f'"{amount}" is more than {most}: is the unit right?'


def _particles(sample: SampleSection) -> Iterator[tuple[Loc, str]]:
    concentration, fraction = sample.concentration, sample.mass_fraction
    given = "concentration" if concentration is not None else "mass_fraction"
    if sample.blank:
        if concentration is not None or fraction is not None:
            yield ("sample", given), f"a blank has no particles: remove {given}, or blank = true"
        return
    if concentration is None and fraction is None:
        message = (
            'there is no concentration, so there is no SAR: add concentration = "5.0 mg/mL +- 3 %" and '
            'basis = "Fe", or blank = true if there are no particles in it'
        )
        yield ("sample",), message
        return
    if concentration is not None and fraction is not None:
        yield ("sample", "mass_fraction"), "give either the concentration or the mass fraction"
    if sample.basis is None:
        message = (
            'of what? Add basis = "Fe", "Fe3O4", "Fe2O3" or "total": SAR per gram means nothing without it'
        )
        yield ("sample", given), message
    yield from _amount_of_particles(sample)


def _amount_of_particles(sample: SampleSection) -> Iterator[tuple[Loc, str]]:
    concentration, fraction = sample.concentration, sample.mass_fraction
    density = sample.density or MEDIA[sample.medium].density
    if fraction is not None and not 0 < fraction.value < 1:
        yield ("sample", "mass_fraction"), f'"{fraction}" must be above 0 and below 100 %'
    if concentration is not None and not concentration.value > 0:
        yield (
            ("sample", "concentration"),
            f'"{concentration}" must be above zero; for a sample without particles, blank = true',
        )
    elif concentration is not None and density is not None and concentration.value >= density.value:
        message = (
            f'"{concentration}" is more than the density of the whole sample ({density}): is the unit right?'
        )
        yield ("sample", "concentration"), message


def _medium(sample: SampleSection) -> Iterator[tuple[Loc, str]]:
    known = MEDIA[sample.medium]
    place: Loc = ("sample", "medium") if sample.medium != "water" else ("sample",)
    if sample.specific_heat is None and known.specific_heat is None:
        example = 'specific_heat = "2.2 J/(g K) +- 2 %"'
        yield place, f'for the medium "{sample.medium}" the specific heat has to be given: add {example}'
    by_volume_only = sample.volume is not None and sample.density is None and known.density is None
    if by_volume_only:
        yield (
            place,
            f'for the medium "{sample.medium}" the density has to be given: add density = "1.05 g/mL +- 1 %"',
        )
    weighed = sample.mass is not None and sample.concentration is not None
    if weighed and sample.density is None and known.density is None:
        message = (
            "for a concentration in a weighed sample its density is needed: add it, or use mass_fraction"
        )
        yield ("sample", "concentration"), message
    for name, value, (low, high), unit in (
        ("density", sample.density, _DENSITY_RANGE, "g/mL"),
        ("specific_heat", sample.specific_heat, _SPECIFIC_HEAT_RANGE, "J/(g K)"),
    ):
        if value is not None and not low <= value.value <= high:
            shown = f"{low / 1e3:g} and {high / 1e3:g} {unit}"
            yield ("sample", name), f'"{value}" is not between {shown}: is the unit right?'


def _vessel(vessel: VesselSection) -> Iterator[tuple[Loc, str]]:
    parts = (vessel.mass, vessel.specific_heat)
    if vessel.heat_capacity is None and None in parts:
        missing = "mass and specific_heat" if parts == (None, None) else "both mass and specific_heat"
        yield ("vessel",), f'missing key: add heat_capacity = "0.25 J/K +- 10 %", or {missing}'
    if vessel.heat_capacity is not None and parts != (None, None):
        yield ("vessel", "heat_capacity"), "give either the heat capacity, or mass and specific heat"
    if vessel.participation.value > 1:
        yield ("vessel", "participation"), f'"{vessel.participation}" must be between 0 and 1'
