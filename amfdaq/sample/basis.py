"""The mass a SAR is referred to: iron, an oxide, or everything that is solid.

SAR per gram means nothing without it: 1 g of iron is 1.3820 g of magnetite, so a SAR per gram of iron is
1.382 times the SAR per gram of magnetite.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from amfdaq.errors import BadInput

Basis = Literal["Fe", "Fe3O4", "Fe2O3", "total"]
BASES: Final[tuple[str, ...]] = get_args(Basis)

# Standard atomic weights (IUPAC 2021, conventional values), g/mol.
_FE: Final = 55.845
_O: Final = 15.999
# Mass that goes with one mole of iron, g/mol.
_PER_MOLE_OF_IRON: Final = {"Fe": _FE, "Fe3O4": _FE + 4 / 3 * _O, "Fe2O3": _FE + 3 / 2 * _O}


def mass_ratio(of: str, per: str) -> float:
    """Mass of one basis that holds as much iron as unit mass of another (1.3820 g of Fe3O4 per g of Fe).

    Args:
        of: ``"Fe"``, ``"Fe3O4"`` or ``"Fe2O3"``.
        per: idem.

    Raises:
        BadInput: an unknown basis, or ``"total"``, whose iron content nobody can know from here.
    """
    for basis in (of, per):
        if basis not in _PER_MOLE_OF_IRON:
            known = ", ".join(_PER_MOLE_OF_IRON)
            raise BadInput(f'a mass on the basis "{basis}" cannot be converted; the known ones are {known}')
    return _PER_MOLE_OF_IRON[of] / _PER_MOLE_OF_IRON[per]


def convert_mass(mass: float, basis: str, to: str) -> float:
    """Mass (or concentration) on another basis, with the same amount of iron.

    Raises:
        BadInput: as for `mass_ratio`.
    """
    return mass if basis == to else mass * mass_ratio(to, basis)


def convert_sar(sar: float, basis: str, to: str) -> float:
    """SAR per unit mass of another basis: the power is the same, the mass is not.

    Raises:
        BadInput: as for `mass_ratio`.
    """
    return sar if basis == to else sar / mass_ratio(to, basis)
