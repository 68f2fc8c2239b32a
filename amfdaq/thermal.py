"""What turns a heating rate into SAR: heat capacity and mass of the stated basis, with their uncertainties.

SAR = C s / m, with C = rho c_p V + phi C_vessel + C_probe and m = c V (or a weighed mass times a mass fraction).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One input of the uncertainty budget of C/m.

    Attributes:
        source: name shown in the budget, such as ``"heat capacity of the vessel"``.
        relative: relative standard uncertainty it gives to C/m (sensitivity already applied).
        kind: GUM evaluation, ``"A"`` or ``"B"``.
    """

    source: str
    relative: float
    kind: str = "B"


@dataclass(frozen=True, slots=True)
class ThermalMass:
    """Heat capacity per mass of the stated basis.

    Attributes:
        heat_capacity: J/K, everything that warms with the sample.
        mass: kg of the stated basis (for example iron) in the sample.
        basis: ``"Fe"``, ``"Fe3O4"``, ``"Fe2O3"`` or ``"total"``.
        terms: independent contributions to the relative uncertainty of heat_capacity/mass.
        volume: m3 of sample, or None when unknown (then there is no volumetric SAR).
    """

    heat_capacity: float
    mass: float
    basis: str
    terms: tuple[Term, ...]
    volume: float | None = None
