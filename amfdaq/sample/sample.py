"""A sample, and what it takes to warm it: the step from a heating rate (K/s) to SAR (W/g).

SAR = C s / m with C = rho c_p V + phi C_vessel + C_probe and m = c V. When a budget is made of C/m, the
volume is in the liquid part of C and in m, so most of its uncertainty cancels; `thermal` gives each input its
true sensitivity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amfdaq.config import check_table, parse_toml, raise_problems, read_toml, to_json
from amfdaq.config.load import TomlFile
from amfdaq.errors import BadInput
from amfdaq.quantity import Quantity
from amfdaq.sample.file import SampleFile, contradictions
from amfdaq.sample.media import MEDIA
from amfdaq.thermal import Term, ThermalMass


@dataclass(frozen=True, slots=True)
class Vessel:
    """The vessel of a sample.

    Attributes:
        heat_capacity: J/K, of all of it that could warm.
        u_heat_capacity: its standard uncertainty, J/K.
        participation: phi, how much of it warms with the sample, between 0 and 1.
    """

    heat_capacity: float
    u_heat_capacity: float
    participation: Quantity


@dataclass(frozen=True, slots=True)
class Sample:
    """What is heated. Every input that the heat capacity needs is there, defaults of the medium included.

    Attributes:
        name: of the sample.
        medium: what the particles are in.
        blank: there are no particles in it.
        volume: m3, or None for a weighed sample.
        mass: kg of the whole sample when weighed, or None.
        concentration: kg of the basis per m3 of sample, or None.
        mass_fraction: kg of the basis per kg of sample, or None.
        basis: ``"Fe"``, ``"Fe3O4"``, ``"Fe2O3"``, ``"total"``, or None for a blank.
        density: kg/m3, or None where it is not needed and not known.
        specific_heat: J/(kg K).
        vessel: or None when nothing is known of it.
        probe: heat capacity of the immersed probe, J/K, or None.
        id: in the lab's register, or "".
        operator: who prepared it, or "".
        notes: or "".
        path: file it came from.
        text: the file as written.
    """

    name: str
    medium: str
    blank: bool
    volume: Quantity | None
    mass: Quantity | None
    concentration: Quantity | None
    mass_fraction: Quantity | None
    basis: str | None
    density: Quantity | None
    specific_heat: Quantity
    vessel: Vessel | None
    probe: Quantity | None
    id: str
    operator: str
    notes: str
    path: Path
    text: str = field(repr=False)

    @property
    def liquid_heat_capacity(self) -> float:
        """Heat capacity of the sample alone, J/K: rho c_p V, or c_p times the weighed mass."""
        return self.specific_heat.value * self._liquid_mass

    @property
    def heat_capacity(self) -> float:
        """Heat capacity of everything that warms with the sample, J/K."""
        vessel = (
            self.vessel.participation.value * self.vessel.heat_capacity if self.vessel is not None else 0.0
        )
        return self.liquid_heat_capacity + vessel + (self.probe.value if self.probe is not None else 0.0)

    @property
    def temperature_range(self) -> tuple[float, float] | None:
        """Between which the medium is liquid, degree Celsius, or None when that is not known."""
        return MEDIA[self.medium].range

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes a SAR of this sample less certain than it looks."""
        return tuple(self._warn())

    def thermal(self) -> ThermalMass:
        """Heat capacity and mass of the basis, with the terms of the uncertainty of their ratio.

        Each term is |d ln(C/m) / d ln x| u(x)/x (JCGM 100:2008, eq. 11), inputs independent:

        - volume V: in C and in m, |C_l/C - 1| = (phi C_v + C_p)/C; so is a weighed mass;
        - concentration, mass fraction: 1;
        - specific heat: C_l/C; density: C_l/C where it turns a volume into C, less what it turns into m;
        - vessel: phi C_v/C; its participation: C_v u(phi)/C; probe: C_p/C.

        Raises:
            BadInput: the sample is a blank.
        """
        if self.blank or self.basis is None:
            raise BadInput(f"{self.path}: {self.name} is a blank: it has no particles and so no SAR")
        return ThermalMass(
            heat_capacity=self.heat_capacity,
            mass=self._basis_mass,
            basis=self.basis,
            terms=tuple(term for term in self._terms() if term.relative > 0),
            volume=self._volume,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for the run file; the text as written is kept beside it."""
        shown = {
            name: to_json(getattr(self, name)) for name in self.__slots__ if name not in {"path", "text"}
        }
        return {**shown, "heat_capacity_J_per_K": self.heat_capacity}

    @property
    def _volume(self) -> float | None:
        if self.volume is not None:
            return self.volume.value
        return (
            self.mass.value / self.density.value
            if self.mass is not None and self.density is not None
            else None
        )

    @property
    def _liquid_mass(self) -> float:
        if self.mass is not None:
            return self.mass.value
        return _need(self.volume).value * _need(self.density).value

    @property
    def _basis_mass(self) -> float:
        if self.mass_fraction is not None:
            return self.mass_fraction.value * self._liquid_mass
        concentration = _need(self.concentration).value
        if self.volume is not None:
            return concentration * self.volume.value
        return concentration * _need(self.mass).value / _need(self.density).value

    def _terms(self) -> Iterator[Term]:
        total, liquid = self.heat_capacity, self.liquid_heat_capacity / self.heat_capacity
        if self.volume is not None:
            yield Term("volume of the sample", abs(liquid - 1) * self.volume.relative)
        if self.mass is not None:
            yield Term("mass of the sample", abs(liquid - 1) * self.mass.relative)
        if self.concentration is not None:
            yield Term(f"concentration of {self.basis}", self.concentration.relative)
        if self.mass_fraction is not None:
            yield Term(f"mass fraction of {self.basis}", self.mass_fraction.relative)
        yield Term("specific heat of the sample", liquid * self.specific_heat.relative)
        if self.density is not None:
            yield Term(
                "density of the sample", abs(self._density_sensitivity(liquid)) * self.density.relative
            )
        if self.vessel is not None:
            vessel = self.vessel
            share = vessel.participation.value / total
            yield Term("heat capacity of the vessel", share * vessel.u_heat_capacity)
            yield Term("participation of the vessel", vessel.heat_capacity * vessel.participation.u / total)
        if self.probe is not None:
            yield Term("heat capacity of the probe", self.probe.u / total)

    def _density_sensitivity(self, liquid: float) -> float:
        """How ln(C/m) changes with ln(rho).

        The density is in C when a volume is given, and in m for a mass fraction of a volume (-1) or a
        concentration in a weighed mass (+1).
        """
        in_heat_capacity = liquid if self.volume is not None else 0.0
        if self.volume is not None:
            return in_heat_capacity - (1.0 if self.mass_fraction is not None else 0.0)
        return 1.0 if self.concentration is not None else 0.0

    def _warn(self) -> Iterator[str]:
        if self.vessel is None:
            yield (
                f"{self.name}: nothing is known of the vessel, so its heat capacity is left out "
                "and SAR comes out too low (by 10 % for a thin glass, up to 45 % for a thick tube): add [vessel]"
            )
        for name in ("volume", "mass", "concentration", "mass_fraction"):
            given: Quantity | None = getattr(self, name)
            if given is not None and given.u == 0 and not self.blank:
                shown = name.replace("_", " ")
                yield f'{self.name}: the {shown} "{given}" has no uncertainty; that of SAR is then too small'


def load_sample(path: Path | str) -> Sample:
    """Read a ``sample.toml``.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _build(read_toml(path))


def parse_sample(text: str, path: Path) -> Sample:
    """The same for a text that came from elsewhere, such as the one a run file carries.

    Args:
        text: TOML.
        path: what messages name.

    Raises:
        ConfigError: with every problem of the text.
    """
    return _build(parse_toml(text, path))


def _build(file: TomlFile) -> Sample:
    content, problems = check_table(file, SampleFile)
    raise_problems([*problems, *(file.problem(loc, message) for loc, message in contradictions(file))])
    if content is None:
        raise AssertionError("a model that could not be built has problems")
    sample, known = content.sample, MEDIA[content.sample.medium]
    return Sample(
        name=sample.name, medium=sample.medium, blank=sample.blank, volume=sample.volume, mass=sample.mass,
        concentration=sample.concentration, mass_fraction=sample.mass_fraction, basis=sample.basis,
        density=sample.density or known.density,
        specific_heat=_need(sample.specific_heat or known.specific_heat),
        vessel=_vessel(content), probe=content.probe.heat_capacity if content.probe is not None else None,
        id=sample.id, operator=sample.operator, notes=sample.notes, path=file.path, text=file.text,
    )  # fmt: skip


def _vessel(content: SampleFile) -> Vessel | None:
    vessel = content.vessel
    if vessel is None:
        return None
    if vessel.heat_capacity is not None:
        return Vessel(vessel.heat_capacity.value, vessel.heat_capacity.u, vessel.participation)
    mass, specific_heat = _need(vessel.mass), _need(vessel.specific_heat)
    value = mass.value * specific_heat.value
    return Vessel(value, value * math.hypot(mass.relative, specific_heat.relative), vessel.participation)


def _need(quantity: Quantity | None) -> Quantity:
    """A quantity that the checks of the file guarantee."""
    if quantity is None:
        raise AssertionError("the checks of the sample file let a gap through")
    return quantity
