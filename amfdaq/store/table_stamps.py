"""Date-time stamps as loggers write them, to microseconds.

Each distinct date and each distinct time of day is read once. A date such as 05/06/2025 has two readings:
all readings that every date of the file allows are kept, and where they differ the file is refused rather
than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

DateOrder = Literal["YMD", "DMY", "MDY"]
MicrosecondArray = npt.NDArray[np.int64]
UNREADABLE: Final = np.iinfo(np.int64).min
DAY: Final = 86_400_000_000  # microseconds

_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_DAY_MONTH = re.compile(r"(\d{1,2})[-/. ]([A-Za-z]{3,9})[-/. ](\d{4}|\d{2})", re.ASCII)
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})[-. ](\d{1,2})[-, ]\s*(\d{4})", re.ASCII)
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp])?(?:\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_SECONDS = re.compile(r":(?:[0-5]\d|60)(?:[.,]\d{1,9})?", re.ASCII)
_STAMP = re.compile(r"\s*(.*?[\d])(?:\s+|[Tt]|;)(\d{1,2}:\d{2}.*?)\s*")
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day.

    Attributes:
        microseconds: since midnight.
        offset: from UTC in minutes; None when not stated.
        digits: decimals of the seconds; -1 for hours and minutes only.
    """

    microseconds: int
    offset: int | None
    digits: int


def is_date(cell: str) -> bool:
    """Whether a cell is a calendar date in one of the known forms."""
    return bool(date_readings(cell.strip()))


def is_clock(cell: str) -> bool:
    """Whether a cell is a time of day."""
    return read_clock(cell.strip()) is not None


def is_stamp(cell: str) -> bool:
    """Whether a cell is a date and a time of day."""
    match = _STAMP.fullmatch(cell)
    return match is not None and is_date(match[1]) and is_clock(match[2])


def date_readings(text: str) -> dict[DateOrder, date]:
    """All readings of a date by order of its parts; a form with one reading has it under every order.

    Dates with points are day first by convention (11.06.2025); a year of two digits is 20xx.
    """
    if match := _YEAR_FIRST.fullmatch(text):
        return _same(match[1], match[3], match[4])
    if match := _COMPACT.fullmatch(text):
        return _same(match[1], match[2], match[3]) if match[1][:2] in {"19", "20"} else {}
    if match := _DAY_MONTH.fullmatch(text):
        return _same(match[3], str(_MONTHS.get(match[2][:3].lower(), 0)), match[1])
    if match := _MONTH_DAY.fullmatch(text):
        return _same(match[3], str(_MONTHS.get(match[1][:3].lower(), 0)), match[2])
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return {}
    first, second, last = match[1], match[3], match[4]
    orders: dict[DateOrder, tuple[str, str, str]] = {"DMY": (last, second, first)}
    if match[2] != ".":
        orders["MDY"] = (last, first, second)
        if len(last) == 2 and len(first) == 2:
            orders["YMD"] = (first, second, last)
    readings = {order: _date(*parts) for order, parts in orders.items()}
    return {order: day for order, day in readings.items() if day is not None}


def _same(year: str, month: str, day: str) -> dict[DateOrder, date]:
    value = _date(year, month, day)
    return {} if value is None else {"YMD": value, "DMY": value, "MDY": value}


def _date(year: str, month: str, day: str) -> date | None:
    number = int(year) + (2000 if len(year) == 2 else 0)
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def possible_orders(dates: Iterable[str]) -> dict[DateOrder, tuple[date, ...]]:
    """Orders under which every one of the dates is valid, with the dates each order gives.

    Args:
        dates: the distinct dates of a file; texts that are no date in any order are passed over.
    """
    readings = [found for found in map(date_readings, dates) if found]
    if not readings:
        return {}
    orders = [order for order in readings[0] if all(order in found for found in readings)]
    return {order: tuple(found[order] for found in readings) for order in orders}


def read_clock(text: str) -> Clock | None:
    """Read a time of day; None if it is not one. 12 h clocks need AM or PM."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[5]:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if match[5] in "Pp" else 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    fraction = match[4] or ""
    microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int(f"{fraction:0<6}"[:6])
    return Clock(microseconds, _offset(match[6]), len(fraction) if match[3] else -1)


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text in {"Z", "UTC"}:
        return 0
    sign = -1 if text[0] == "-" else 1
    return sign * (int(text[1:3]) * 60 + int(text[-2:]))


def split_stamps(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split date-time stamps into dates and times of day; a cell that is neither gives two empty texts."""
    matches = [_STAMP.fullmatch(cell) for cell in cells]
    return [m[1] if m else "" for m in matches], [m[2] if m else "" for m in matches]


def to_microseconds(
    dates: Sequence[str], clocks: Sequence[str], order: DateOrder
) -> tuple[MicrosecondArray, int | None, int]:
    """Microseconds since 0001-01-01 (UTC where the stamps state an offset, local time otherwise).

    Args:
        dates: date of each row; all empty where the file has times of day only.
        clocks: time of day of each row.
        order: how to read the dates.

    Returns:
        the instants, shape (rows,), `UNREADABLE` where a cell is damaged; the UTC offset of the first stamp
        in minutes or None; and the number of decimals of the seconds (-1: minutes only).
    """
    days = {text: _day_number(text, order) for text in set(dates)}
    heads, rests = _split_seconds(clocks)
    times = {text: read_clock(text) for text in set(heads)}
    instants = {
        text: UNREADABLE if clock is None else clock.microseconds - (clock.offset or 0) * 60_000_000
        for text, clock in times.items()
    }
    day = np.array([days[text] for text in dates], np.int64)
    instant = np.array([instants[text] for text in heads], np.int64)
    damaged = (day < 0) | (instant == UNREADABLE)
    total = np.where(damaged, 0, day) * DAY + np.where(damaged, 0, instant)
    digits = max((clock.digits for clock in times.values() if clock is not None), default=0)
    if rests is not None:
        parts = {text: int(text[1:3]) * 1_000_000 + int(f"{text[4:]:0<6}"[:6]) for text in set(rests)}
        total += np.array([parts[text] for text in rests], np.int64)
        digits = max(len(text[4:]) for text in parts)
    first = next((times[text] for text in heads if times[text] is not None), None)
    return np.where(damaged, UNREADABLE, total), first.offset if first else None, digits


def _split_seconds(clocks: Sequence[str]) -> tuple[Sequence[str], list[str] | None]:
    """Split ``HH:MM:SS.fff`` before the seconds, so that few distinct texts are left to read.

    Only where every row is written so; otherwise the texts stay whole and there are no seconds apart.
    """
    rests = [text[5:] for text in clocks]
    if not all(_SECONDS.fullmatch(rest) for rest in set(rests)):
        return clocks, None
    return [text[:5] for text in clocks], rests


def _day_number(text: str, order: DateOrder) -> int:
    if not text:
        return 0
    day = date_readings(text).get(order)
    return day.toordinal() if day else -1
