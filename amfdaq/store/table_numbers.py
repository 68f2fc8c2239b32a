"""Columns of text to columns of numbers: decimal dot or comma, codes for "no probe", and unreadable cells.

The common case runs in C (``map(float, ...)``); otherwise each *distinct* text is read once, which for a
thermometer of 0.1 K resolution is some hundred texts whatever the number of rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from amfdaq.curve import FloatArray
from amfdaq.reading import Status

StatusArray = npt.NDArray[np.uint16]

NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WITH_UNIT: Final = re.compile(r"\s*(?:°|º|deg)\s?C$")  # "24.3 °C" in the cell itself
# Words that loggers write where there is no reading.
_NO_READING: Final = frozenset(
    {
        "open", "opened", "short", "nan", "na", "n/a", "#n/a", "#value!", "null", "none", "nil", "err",
        "error", "fault", "fail", "no probe", "noprobe", "no sensor", "no signal", "nc", "off", "-", "--",
        "---", "----", "-----", "*", "***", "****", "*****", "?", "x",
    }
)  # fmt: skip
_OVER_RANGE: Final = frozenset({"ol", "o.l", "o.l.", "over", "overflow", "overrange", "inf", "-inf", "+inf"})

# Codes for "no probe" and "error" in degree Celsius: -303 (fibre logger of the La Plata recordings), -274
# and -273.1. All lie where no sample can be, so one physical rule covers them and their relatives (-999,
# -300, ...).
COLDEST: Final = -273.05  # degC


@dataclass(frozen=True, slots=True)
class Numbers:
    """One column.

    Attributes:
        values: shape (rows,), NaN where the status is not OK.
        status: `amfdaq.reading.Status` of each cell.
        mixed: row of the first cell whose decimal sign differs from the others', or None.
    """

    values: FloatArray
    status: StatusArray
    mixed: int | None

    def unreadable(self) -> npt.NDArray[np.intp]:
        """Rows whose text is neither a number nor a known word for "no reading"."""
        return np.flatnonzero(self.status == Status.BAD_REPLY)


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a word for "no reading"."""
    cell = cell.strip()
    return NUMBER.fullmatch(cell) is not None or is_no_reading(cell)


def is_no_reading(cell: str) -> bool:
    """Whether a cell is empty or a word that loggers write where there is no reading."""
    word = cell.strip().lower()
    return not word or word in _NO_READING or word in _OVER_RANGE


def read_numbers(cells: Sequence[str]) -> Numbers:
    """Read a column of text.

    Args:
        cells: the texts; blanks around them do not matter.

    Returns:
        the numbers with one status per cell; nothing is raised, the caller decides what is too much.
    """
    plain = _read_plain(cells)
    if plain is not None:
        return Numbers(plain, np.zeros(len(cells), np.uint16), None)
    readings = {text: _read_cell(text) for text in set(cells)}
    values = np.array([readings[text][0] for text in cells])
    status = np.array([readings[text][1] for text in cells], np.uint16)
    return Numbers(values, status, _mixed_decimals(cells, readings))


def _read_plain(cells: Sequence[str]) -> FloatArray | None:
    """The quick way, for columns of ordinary numbers only; None where a cell needs a closer look."""
    joined = "\n".join(cells)
    if "_" in joined or not joined.isascii():  # float() takes "1_000" and Arabic digits; a table must not
        return None
    if "," in joined:
        if "." in joined:
            return None
        joined = joined.replace(",", ".")
    try:
        values = np.fromiter(map(float, joined.split("\n")), np.float64, len(cells))
    except ValueError:
        return None
    return values if bool(np.all(np.isfinite(values))) else None


def _read_cell(text: str) -> tuple[float, Status]:
    cell = text.strip().replace("\u2212", "-")
    if not cell:
        return math.nan, Status.MISSED
    cell = _WITH_UNIT.sub("", cell)
    if NUMBER.fullmatch(cell):
        value = float(cell.replace(",", "."))
        return (value, Status.OK) if math.isfinite(value) else (math.nan, Status.OUT_OF_RANGE)
    word = cell.lower()
    if word in _NO_READING:
        return math.nan, Status.PROBE_FAULT
    if word in _OVER_RANGE:
        return math.nan, Status.OUT_OF_RANGE
    return math.nan, Status.BAD_REPLY


def _mixed_decimals(cells: Sequence[str], readings: dict[str, tuple[float, Status]]) -> int | None:
    """Find the first comma in a column that also has points: "1,234" among "20.5" may be a thousand.

    The codes for "no probe" are left out: some loggers write ``-303,0`` among values with a point.
    """
    ordinary = {text for text, (value, status) in readings.items() if status is Status.OK and value > COLDEST}
    commas = {text for text in ordinary if "," in text}
    if not commas or not any("." in text for text in ordinary):
        return None
    return next(row for row, text in enumerate(cells) if text in commas)


def resolution(values: FloatArray) -> float:
    """Step of the thermometer in K, from the values themselves; 0.0 when no step shows.

    A quantised recording repeats its values, and the distances between neighbouring distinct values are
    multiples of one step. A recording stored with rounded decimals (0.32 K steps written with two digits)
    passes with a tenth of a step of tolerance.
    """
    finite = values[np.isfinite(values)]
    distinct = np.unique(finite)
    if distinct.size < 4 or distinct.size > 0.9 * finite.size:
        return 0.0
    distances = np.diff(distinct)
    multiples = distances / distances.min()
    single = distances[np.round(multiples) == 1]
    step = float(single.mean())
    off = np.abs(distances / step - np.round(distances / step))
    if step < 1e-4 or float(np.quantile(off, 0.95)) > 0.1:
        return 0.0
    return float(f"{step:.3g}")
