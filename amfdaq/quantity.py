"""Quantities as people write them: ``"15 kA/m"``, ``"18.8 mT"``, ``"5.0 mg/mL +- 3 %"``, ``"10.6 kA/m rms"``.

A quantity is text outside and an SI float inside. A table of units per dimension replaces a general unit library: it
loads in no time, it knows the habits of the field (flux density and oersted are accepted for H; rms becomes peak, and a
note says so), and it refuses everything else (ADR 0002).

Conversions: B = mu0 H; 1 Oe = 1000/(4 pi) A/m; a sine has peak = sqrt(2) rms.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from amfdaq.errors import QuantityError

MU0: Final = 4e-7 * math.pi  # H/m; CODATA 2018 differs in the tenth digit only
OERSTED: Final = 1000.0 / (4.0 * math.pi)  # A/m

# dimension -> (SI unit, {unit as written: factor to SI}); the first unit listed is the one shown to people.
_UNITS: Final[dict[str, tuple[str, dict[str, float]]]] = {
    "field": (
        "A/m",
        {
            "kA/m": 1e3, "A/m": 1.0, "mT": 1e-3 / MU0, "uT": 1e-6 / MU0, "T": 1.0 / MU0, "G": 1e-4 / MU0,
            "Oe": OERSTED, "kOe": 1e3 * OERSTED,
        },
    ),
    "frequency": ("Hz", {"kHz": 1e3, "Hz": 1.0, "MHz": 1e6, "1/s": 1.0}),
    "time": ("s", {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0}),
    "temperature": ("degC", {"degC": 1.0, "C": 1.0, "°C": 1.0, "K": 1.0}),
    "difference": ("K", {"K": 1.0, "mK": 1e-3, "degC": 1.0, "°C": 1.0, "C": 1.0}),
    "rate": ("K/s", {"K/s": 1.0, "mK/s": 1e-3, "K/min": 1 / 60, "degC/s": 1.0, "degC/min": 1 / 60, "C/s": 1.0}),
    "volume": ("m3", {"mL": 1e-6, "ml": 1e-6, "uL": 1e-9, "L": 1e-3, "cm3": 1e-6, "mm3": 1e-9, "m3": 1.0}),
    "mass": ("kg", {"g": 1e-3, "mg": 1e-6, "ug": 1e-9, "kg": 1.0}),
    "density": ("kg/m3", {"g/mL": 1e3, "g/cm3": 1e3, "kg/L": 1e3, "kg/m3": 1.0, "g/L": 1.0}),
    "concentration": (
        "kg/m3",
        {
            "mg/mL": 1.0, "mg/ml": 1.0, "g/L": 1.0, "ug/mL": 1e-3, "ug/uL": 1.0, "mg/uL": 1e3, "g/mL": 1e3,
            "kg/m3": 1.0, "mg/L": 1e-3,
        },
    ),
    "heat capacity": ("J/K", {"J/K": 1.0, "mJ/K": 1e-3}),
    "specific heat": (
        "J/(kg K)",
        {"J/(g K)": 1e3, "J/g/K": 1e3, "J/(kg K)": 1.0, "J/kg/K": 1.0, "kJ/(kg K)": 1e3, "kJ/kg/K": 1e3},
    ),
    "current": ("A", {"A": 1.0, "mA": 1e-3}),
    "voltage": ("V", {"V": 1.0, "mV": 1e-3, "kV": 1e3}),
    "capacitance": ("F", {"nF": 1e-9, "pF": 1e-12, "uF": 1e-6, "F": 1.0}),
    "length": ("m", {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "um": 1e-6}),
    "field x frequency": (
        "A/(m s)", {"A/(m s)": 1.0, "A/m/s": 1.0, "A m-1 s-1": 1.0, "A/m Hz": 1.0, "kA/m kHz": 1e6},
    ),
    "fraction": ("1", {"%": 1e-2, "": 1.0, "1": 1.0}),
    "coil constant": ("(A/m)/A", {"kA/m/A": 1e3, "(A/m)/A": 1.0, "A/m/A": 1.0, "1/m": 1.0, "mT/A": 1e-3 / MU0}),
    "SAR": ("W/g", {"W/g": 1.0, "kW/kg": 1.0, "W/kg": 1e-3}),
}  # fmt: skip

_EXAMPLE: Final = {
    "field": "15 kA/m", "frequency": "300 kHz", "time": "60 s", "temperature": "45 degC", "difference": "0.5 K",
    "rate": "2 K/s", "volume": "0.5 mL", "mass": "0.5 g", "density": "1.0 g/mL", "concentration": "5 mg/mL",
    "heat capacity": "0.3 J/K", "specific heat": "4.18 J/(g K)", "current": "10 A", "voltage": "30 V",
    "capacitance": "26 nF", "length": "5 mm", "field x frequency": "5e9 A/(m s)", "fraction": "3 %",
    "coil constant": "1.2 mT/A", "SAR": "100 W/g",
}  # fmt: skip

_NUMBER = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_MAY_BE_NEGATIVE: Final = frozenset({"temperature", "difference", "rate", "fraction"})
_PATTERN = re.compile(
    rf"^\s*(?P<value>{_NUMBER})\s*"
    rf"(?:(?:\+-|\+/-|±)\s*(?P<u0>{_NUMBER})\s*)?"
    r"(?P<unit>[^\d+±][^+±]*?|%|)\s*"
    rf"(?:(?:\+-|\+/-|±)\s*(?P<u1>{_NUMBER})\s*(?P<uunit>(?:[^\d+±][^+±]*?)?)\s*)?"
    rf"(?:\(\s*k\s*=\s*(?P<k>{_NUMBER})\s*\))?\s*$"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value in SI units with its standard uncertainty (k = 1).

    Attributes:
        value: in the SI unit of the dimension (temperatures in degree Celsius).
        u: standard uncertainty in the same unit; 0.0 where none was given.
        dimension: such as ``"field"`` or ``"mass"``.
        text: as it was written.
        note: what a conversion assumed ("18.8 mT taken as peak flux density ..."), or "".
    """

    value: float
    u: float
    dimension: str
    text: str
    note: str = ""

    @property
    def unit(self) -> str:
        """SI unit of ``value`` and ``u``."""
        return _UNITS[self.dimension][0]

    @property
    def relative(self) -> float:
        """Relative standard uncertainty u/|value| (0.0 where the value is zero)."""
        return self.u / abs(self.value) if self.value else 0.0

    def __str__(self) -> str:
        return self.text


def dimensions() -> tuple[str, ...]:
    """Names of all dimensions that `parse` knows."""
    return tuple(_UNITS)


def si_unit(dimension: str) -> str:
    """SI unit in which `parse` gives values of this dimension."""
    return _UNITS[dimension][0]


def parse(text: object, dimension: str) -> Quantity:
    """Read a quantity such as ``"15 kA/m"`` or ``"1.00 mL +- 1 %"``.

    Args:
        text: the text; a bare number is refused because it hides its unit.
        dimension: what it must be, one of `dimensions`.

    Returns:
        the quantity in SI units; for fields always the peak value of H, with a note when it was given otherwise.

    Raises:
        QuantityError: no unit, unknown unit, wrong kind, not finite, or negative where that has no meaning.
    """
    units = _UNITS[dimension][1]
    example = _EXAMPLE[dimension]
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise QuantityError(f'expected a {dimension} with its unit in quotes, such as "{example}"')
    if not isinstance(text, str):
        if dimension != "fraction":
            raise QuantityError(f'{text!r} has no unit: write the {dimension} in quotes, such as "{example}"')
        text = str(text)
    if re.search(r"\d,\d{3}(?!\d)", text):
        raise QuantityError(
            f'"{text}": is the comma a decimal sign or a thousands separator? Write a dot, or no comma'
        )
    match = _PATTERN.match(text)
    if match is None:
        raise QuantityError(f'"{text}" is not a {dimension}: write it like "{example}"')
    unit, form = _split_form(match["unit"], dimension)
    if unit not in units:
        raise QuantityError(_unknown_unit(text, unit, dimension))
    factor = units[unit] * (math.sqrt(2.0) if form == "rms" else 1.0)
    value = _number(match["value"]) * factor
    if dimension == "temperature" and unit == "K":
        value -= 273.15
    if not math.isfinite(value):
        raise QuantityError(f'"{text}" is not a finite {dimension}')
    if value < 0 and dimension not in _MAY_BE_NEGATIVE:
        raise QuantityError(f'"{text}" is negative; a {dimension} cannot be')
    if dimension == "temperature" and value < -273.15:
        raise QuantityError(f'"{text}" is below absolute zero')
    u = _uncertainty(match, text, dimension, value, factor)
    return Quantity(value, u, dimension, text.strip(), _note(text.strip(), dimension, unit, form, value))


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _split_form(unit: str, dimension: str) -> tuple[str, str]:
    """Split ``"kA/m rms"`` into unit and wave form word; normalise spaces and micro signs."""
    unit = (
        re.sub(r"\s+", " ", unit.strip())
        .replace("µ", "u")
        .replace("μ", "u")
        .replace("³", "3")
        .replace("·", " ")
    )
    form = "peak"
    if dimension == "field":
        words = [word for word in unit.split(" ") if word]
        for word in [w for w in words if w.lower() in {"rms", "peak", "pk", "amplitude"}]:
            form = "rms" if word.lower() == "rms" else "peak"
            words.remove(word)
        unit = " ".join(words)
    return unit, form


def _uncertainty(match: re.Match[str], text: str, dimension: str, value: float, factor: float) -> float:
    given = match["u0"] or match["u1"]
    if given is None:
        if match["k"] is not None:
            raise QuantityError(
                f'"{text}" has a coverage factor but no uncertainty: write "... +- 2 % (k=2)"'
            )
        return 0.0
    units = _UNITS[dimension][1]
    u = _number(given)
    written = (match["uunit"] or "").strip()
    if written == "%" and dimension != "fraction":
        u = u / 100.0 * abs(value)
    elif written:
        unit, form = _split_form(written, dimension)
        if unit not in units:
            raise QuantityError(_unknown_unit(text, unit, dimension))
        u *= units[unit] * (math.sqrt(2.0) if form == "rms" else 1.0)
    else:
        u *= factor
    k = _number(match["k"]) if match["k"] else 1.0
    if not (math.isfinite(u) and u >= 0 and k > 0):
        raise QuantityError(f'"{text}" has an uncertainty that is not a positive number')
    return u / k


def _unknown_unit(text: str, unit: str, dimension: str) -> str:
    allowed = ", ".join(u for u in _UNITS[dimension][1] if u)
    if not unit:
        return f'"{text}" has no unit: a {dimension} is written like "{_EXAMPLE[dimension]}"'
    for other, (_, units) in _UNITS.items():
        if unit in units and other != dimension:
            return f'"{text}" is a {other}; a {dimension} is needed here, such as "{_EXAMPLE[dimension]}"'
    return f'"{text}": unknown unit "{unit}"; a {dimension} takes one of {allowed}'


def _note(text: str, dimension: str, unit: str, form: str, value: float) -> str:
    if dimension != "field":
        return ""
    shown = f"{value / 1e3:.4g} kA/m peak"
    if form == "rms":
        return f'field "{text}" is rms: taken as a sine, H = {shown}'
    if unit not in {"kA/m", "A/m"}:
        return f'field "{text}" converted to H = {shown} (read as a peak value)'
    return ""


def format_pm(value: float, u: float, unit: str = "") -> str:
    """Write ``114.5 ± 3.2 W/g``: the uncertainty with two significant digits, the value to the same decimal place."""
    tail = f" {unit}" if unit else ""
    if not (math.isfinite(value) and math.isfinite(u)) or u <= 0:
        return f"{value:.4g}{tail}"
    decimals = max(0, 1 - math.floor(math.log10(u)))
    return f"{value:.{decimals}f} ± {u:.{decimals}f}{tail}"
