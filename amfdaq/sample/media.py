"""What is known of media, so that one need not write it into every ``sample.toml``.

Only numbers with a source are here; the standard uncertainties cover 10 to 45 degC.

- water: density 999.7 kg/m3 at 10 degC, 998.2 at 20, 995.7 at 30, 992.2 at 40; molar heat capacity 75.57
  J/(mol K) at 10 degC, 75.38 at 20, 75.30 at 30, 75.29 at 40, which is 4.195 to 4.179 J/(g K) (M. Chaplin,
  Water Structure and Science, table of physical data). For a ferrofluid of up to 10 mg/mL of oxide, pure
  water by volume is right to better than 0.1 %; at 100 mg/mL to 0.3 %.
- dimethyl sulfoxide: density 1.0955 g/mL at 25 degC, expansion 0.00088 per degree (data sheet of Gaylord
  Chemical, "DMSO Physical Properties"). Published specific heats differ by some per cent, so it has to be
  given.
- toluene: density 0.862 g/mL at 25 degC (Engineering ToolBox, "Toluene - Thermophysical Properties").
  Specific heat 157.0 J/(mol K) at 25 degC, molar mass 92.14 g/mol (NIST Chemistry WebBook, median of the
  values listed there, which lie between 156.0 and 158.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amfdaq.quantity import Quantity, parse

Medium = Literal["water", "dmso", "toluene", "other"]


@dataclass(frozen=True, slots=True)
class MediumData:
    """What is known of a medium.

    Attributes:
        density: kg/m3, or None where the user has to give it.
        specific_heat: J/(kg K), or None where the user has to give it.
        range: degree Celsius between which it is liquid at one atmosphere, or None when unknown.
    """

    density: Quantity | None = None
    specific_heat: Quantity | None = None
    range: tuple[float, float] | None = None


MEDIA: Final[dict[str, MediumData]] = {
    "water": MediumData(
        parse("0.997 g/mL +- 0.5 %", "density"), parse("4.18 J/(g K) +- 0.5 %", "specific heat"), (0.0, 100.0)
    ),
    "dmso": MediumData(parse("1.0955 g/mL +- 1.5 %", "density"), None, (18.5, 189.0)),
    "toluene": MediumData(
        parse("0.862 g/mL +- 2 %", "density"), parse("1.704 J/(g K) +- 3 %", "specific heat"), (-95.0, 110.6)
    ),
    "other": MediumData(),
}
