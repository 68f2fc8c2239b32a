"""What a column's heading says: its name, its unit, and whether the column is a temperature at all.

Headings come as ``Temperature (°C)``, ``T [K]``, ``t/min``, ``time_ms``, ``Zeit, s`` or with a line of units
below.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Kind = Literal["time", "temperature", "other", "unknown"]

# unit as written (lower case) -> unit
_TIME_UNITS: Final = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "seg": "s", "segundo": "s", "segundos":
    "s", "sek": "s", "sekunde": "s", "sekunden": "s", "seconde": "s", "secondes": "s",
    "ms": "ms", "msec": "ms", "msecs": "ms", "millisecond": "ms", "milliseconds": "ms",
    "us": "us", "µs": "us", "μs": "us", "microseconds": "us",
    "min": "min", "mins": "min", "minute": "min", "minutes": "min", "minuten": "min", "minuto": "min",
    "minutos": "min",
    "h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "stunden": "h", "horas": "h",
}  # fmt: skip
# Numerator and denominator are kept apart: 61060 ms / 1000 is exact where 61060 * 0.001 is not.
TO_SECONDS: Final = {
    "us": (1.0, 1e6),
    "ms": (1.0, 1e3),
    "s": (1.0, 1.0),
    "min": (60.0, 1.0),
    "h": (3600.0, 1.0),
}

_CELSIUS: Final = frozenset(
    {"c", "degc", "deg c", "deg. c", "celsius", "oc", "gradc", "grad c", "centigrade"}
)
_KELVIN: Final = frozenset({"k", "kelvin", "degk"})
_FAHRENHEIT: Final = frozenset({"f", "degf", "deg f", "fahrenheit"})
_OTHER_UNITS: Final = frozenset(
    {
        "%", "a", "ma", "v", "mv", "kv", "w", "kw", "mw", "hz", "khz", "mhz", "mt", "oe", "koe",
        "gauss", "a/m", "ka/m", "bar", "mbar", "pa", "kpa", "l/min", "ml/min", "ohm", "vpp", "arms", "vrms",
        "k/s", "k/min", "°c/s", "°c/min", "c/s", "c/min", "w/g", "rpm",
    }
)  # fmt: skip

_BRACKETED = re.compile(r"(?P<name>.*?)[\s_]*[(\[{](?P<unit>[^()\[\]{}]*)[)\]}]\s*")
_SLASHED = re.compile(r"(?P<name>.*?)\s*/\s*(?P<unit>\S.*?)\s*")
_TAILED = re.compile(r"(?P<name>.*?)(?:\s*,\s*|_+|\s+)(?P<unit>[^\s,_]+)\s*")
_TAKES_LETTER = re.compile(r"t\d*|temp\w*|time|t(empo|iempo)|zeit|elapsed", re.IGNORECASE)

_TIME_WORDS = re.compile(
    r"time|zeit|tiempo|temps|hora|uhrzeit|stamp|elapsed|seconds|minutes|^date|datum|fecha|^t$|^sec|^min$|^ms$|^s$",
    re.IGNORECASE,
)
_INDEX_WORDS = re.compile(
    r"^(#|n|no|nr|num|number|index|idx|row|sample|record|point|scan|unnamed.*|)\.?$", re.IGNORECASE
)
_OTHER_WORDS = re.compile(
    r"heater|power|current|curr\b|volt|set.?point|^sp\d*$|target|field|freq|flow|press|humid|status|state|stage|comment|"
    r"note|event|amplitude|induct|duty|pwm|output|drive|coil.?(i|v)\b|gain|error|rate|slope|dt/dt",
    re.IGNORECASE,
)
_TEMPERATURE_WORDS = re.compile(r"temp|^t\d|^t$|probe|sensor|fib(er|re)|thermo|channel|^ch", re.IGNORECASE)


def split_heading(heading: str) -> tuple[str, str]:
    """Split a heading into name and unit as written; the unit is empty where none is recognised."""
    heading = heading.strip()
    for pattern in (_BRACKETED, _SLASHED, _TAILED):
        match = pattern.fullmatch(heading)
        if match is None or not is_unit(match["unit"]):
            continue
        if pattern is _TAILED and len(match["unit"]) == 1 and not _TAKES_LETTER.fullmatch(match["name"]):
            continue  # "Probe C" is the third probe, "T_C" is in degree Celsius
        return match["name"].strip() or heading, match["unit"].strip()
    return heading, ""


def is_unit(text: str) -> bool:
    """Whether a text is a unit of time, temperature, or a quantity recorded beside them."""
    return (
        time_unit(text) is not None
        or temperature_unit(text) is not None
        or text.strip().lower() in _OTHER_UNITS
    )


def time_unit(text: str) -> str | None:
    """``"us"``, ``"ms"``, ``"s"``, ``"min"``, ``"h"``, or None for any other text."""
    return _TIME_UNITS.get(text.strip().lower().rstrip("."))


def temperature_unit(text: str) -> Literal["degC", "K", "degF"] | None:
    """The temperature unit a text names; its degree sign may be damaged by a wrong code page ("Â°C")."""
    word = text.strip().lower()
    bare = re.sub(r"^[^\x00-\x7f]+\s*", "", word)  # the degree sign, whatever became of it
    if bare in _CELSIUS:
        return "degC"
    if bare in _KELVIN:
        return "K"
    return "degF" if bare in _FAHRENHEIT else None


def kind_of(name: str, unit: str) -> Kind:
    """What a column holds, from its name and unit (not from its values)."""
    if _OTHER_WORDS.search(name):
        return "other"  # before the unit: a set point in degree Celsius is no measurement
    if temperature_unit(unit):
        return "temperature"
    if time_unit(unit) or (_TIME_WORDS.search(name) and name != "T"):
        return "time"
    if unit:
        return "other"
    return "temperature" if _TEMPERATURE_WORDS.search(name) else "unknown"


def is_index(name: str) -> bool:
    """Whether a heading is that of a row counter (also the empty one that some programs write)."""
    return _INDEX_WORDS.match(name.strip()) is not None
