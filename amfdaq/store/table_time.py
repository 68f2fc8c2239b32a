"""The time column: numbers with a unit or stamps, made into seconds that strictly increase, or a refusal.

Numbers keep the zero of the file's own clock, because field-on times noted by hand refer to it; stamps count
from the first row. Rows that share a stamp (2 Hz data with stamps of whole seconds) are spread evenly over
the second they were cut to: each stays inside the interval its stamp stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from amfdaq.curve import FloatArray
from amfdaq.errors import DataFileError
from amfdaq.store.table_numbers import read_numbers
from amfdaq.store.table_stamps import (
    DAY,
    UNREADABLE,
    DateOrder,
    possible_orders,
    split_stamps,
    to_microseconds,
)
from amfdaq.store.table_units import TO_SECONDS

IndexArray = npt.NDArray[np.intp]
_EPOCH: Final = 1e8  # s: a larger number of seconds counts from 1970, not from the start of a recording


class Place(NamedTuple):
    """Where rows come from: the file and the line number of each row."""

    path: Path
    lines: IndexArray

    def at(self, row: int) -> str:
        """``file:line`` of a row."""
        return f"{self.path}:{self.lines[row]}"

    def only(self, rows: npt.NDArray[np.bool_]) -> Place:
        """The same file, fewer rows."""
        return Place(self.path, self.lines[rows])


@dataclass(frozen=True, slots=True)
class Times:
    """The time column.

    Attributes:
        seconds: strictly increasing, shape (readable rows,).
        readable: which rows of the table have a readable time, shape (rows,).
        start: wall-clock time of ``seconds == 0``, or None when the file does not tell.
        resolution: step of the stamps in s; 0.0 when unknown.
        notes: what was assumed.
    """

    seconds: FloatArray
    readable: npt.NDArray[np.bool_]
    start: datetime | None
    resolution: float
    notes: tuple[str, ...]


def from_numbers(cells: Sequence[str], unit: str, place: Place) -> Times:
    """Read a column of numbers.

    Args:
        cells: one text per row.
        unit: ``"us"``, ``"ms"``, ``"s"``, ``"min"`` or ``"h"``.
        place: where the rows come from.

    Raises:
        DataFileError: decimal points and commas are mixed, or the times go back or stand still.
    """
    numbers = read_numbers(cells)
    if numbers.mixed is not None:
        raise DataFileError(
            f'{place.at(numbers.mixed)}: the time "{cells[numbers.mixed].strip()}" has a decimal comma '
            "where others have "
            "a point; write all of them the same way"
        )
    readable = np.isfinite(numbers.values)
    factor, divisor = TO_SECONDS[unit]
    seconds = numbers.values[readable] * factor / divisor
    notes: list[str] = []
    start = None
    if seconds.size and seconds[0] > _EPOCH:
        start = _from_epoch(float(seconds[0]))
        seconds = seconds - seconds[0]
        notes.append(f"times are taken as {unit} since 1970 (UTC)")
    seconds, shared = _increasing(seconds, 0.0, place.only(readable))
    return Times(seconds, readable, start, shared.step, (*notes, *shared.notes))


def _from_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None  # not a date of this calendar: the differences are still times


def from_stamps(cells: Sequence[str], place: Place, order: DateOrder | None) -> Times:
    """Read a column of date-time stamps.

    Args:
        cells: one text per row.
        place: where the rows come from.
        order: how dates are written, or None to find out.

    Raises:
        DataFileError: the dates can be read in two ways, or the clock goes back or stands still.
    """
    dates, clocks = split_stamps(cells)
    chosen = _date_order([text for text in dict.fromkeys(dates) if text], order, place)
    instants, offset, digits = to_microseconds(dates, clocks, chosen)
    # An empty date has day number 0: a row like that is damaged, not from the year 1.
    readable = (instants != UNREADABLE) & np.array([bool(text) for text in dates])
    instants = instants[readable]
    start = None
    notes: list[str] = []
    if instants.size:
        zone = None if offset is None else timezone(timedelta(minutes=offset))
        shift = 0 if offset is None else offset * 60_000_000
        ordinal, microseconds = divmod(int(instants[0]) + shift, DAY)
        start = datetime.fromordinal(ordinal).replace(tzinfo=zone) + timedelta(microseconds=microseconds)
        if zone is None:
            notes.append("the stamps do not state a time zone: local time of the logger")
    seconds = _since_first(instants)
    seconds, shared = _increasing(seconds, _stamp_step(digits), place.only(readable))
    return Times(seconds, readable, start, _stamp_step(digits), (*notes, *shared.notes))


def from_clock(cells: Sequence[str], place: Place) -> Times:
    """Read a column of times of day without a date; midnight is where the clock falls from 23 h to 0 h.

    Raises:
        DataFileError: only two parts ("10:42"), or the clock goes back or stands still.
    """
    instants, _, digits = to_microseconds([""] * len(cells), [cell.strip() for cell in cells], "YMD")
    readable = instants != UNREADABLE
    instants = instants[readable]
    if digits < 0:
        raise DataFileError(
            f'{place.at(0)}: the time "{cells[0].strip()}" can mean hours and minutes or minutes and '
            "seconds; "
            "export the time in seconds, or as HH:MM:SS"
        )
    notes = ["the times are times of day without a date"]
    falls = np.flatnonzero(np.diff(instants) < -23 * DAY // 24)
    if falls.size:
        notes.append("the clock passed midnight")
        for fall in falls:
            instants[fall + 1 :] += DAY
    seconds, shared = _increasing(_since_first(instants), _stamp_step(digits), place.only(readable))
    return Times(seconds, readable, None, _stamp_step(digits), (*notes, *shared.notes))


def _since_first(instants: npt.NDArray[np.int64]) -> FloatArray:
    first = instants[0] if instants.size else np.int64(0)
    return (instants - first).astype(np.float64) / 1e6


def _stamp_step(digits: int) -> float:
    return 60.0 if digits < 0 else float(10.0 ** -min(digits, 6))


def _date_order(dates: Sequence[str], order: DateOrder | None, place: Place) -> DateOrder:
    """The one way in which all dates can be read.

    Raises:
        DataFileError: there is no such way, or there are two that differ.
    """
    orders = possible_orders(dates)
    if order is not None:
        if order not in orders:
            raise DataFileError(f'{place.at(0)}: the date "{dates[0]}" is no date in the order {order}')
        return order
    if not orders:
        raise DataFileError(
            f'{place.at(0)}: dates such as "{dates[0]}" and "{dates[-1]}" have no reading in common; is it '
            "one recording?"
        )
    if len(set(orders.values())) > 1:
        ways = " or ".join(f"{days[0]:%d %B %Y} ({name})" for name, days in orders.items())
        raise DataFileError(
            f'{place.at(0)}: the date "{dates[0]}" can be {ways}; say which with the date order, such as '
            'date_order="DMY"'
        )
    return next(iter(orders))


class _Shared(NamedTuple):
    """What spreading shared stamps assumed."""

    step: float
    notes: tuple[str, ...]


def _increasing(seconds: FloatArray, step: float, place: Place) -> tuple[FloatArray, _Shared]:
    """Check that the times go forward; spread rows that share a stamp.

    Args:
        seconds: shape (rows,).
        step: of the stamps in s; 0.0 when unknown: then the smallest distance between two of them.
        place: where the rows come from.

    Raises:
        DataFileError: a time lies before the one above it, or many rows share one stamp.
    """
    steps = np.diff(seconds)
    if steps.size and float(steps.min()) < 0:
        row = int(np.argmax(steps < 0)) + 1
        raise DataFileError(
            f"{place.at(row)}: the clock goes back by {-steps[row - 1]:.6g} s here; split the file at this "
            "line "
            "(two recordings, or a clock that was set), or name the right time column"
        )
    if not steps.size or float(steps.min()) > 0:
        return seconds, _Shared(0.0, _gap_note(seconds))
    starts = np.flatnonzero(np.concatenate(([True], steps > 0)))
    counts = np.diff(np.append(starts, seconds.size))
    usual = int(np.median(counts))
    crowded = np.flatnonzero(counts > 3 * usual + 3)
    if crowded.size or counts.size < 2:
        group = int(crowded[0]) if crowded.size else 0
        raise DataFileError(
            f"{place.at(int(starts[group]))}: {counts[group]} rows have the same time; the clock of the "
            "logger stood still, "
            "or this is not the time column"
        )
    step = step or float(steps[steps > 0].min())
    spread = seconds + _offsets(seconds[starts], counts, usual, step)
    shared = int(counts[counts > 1].sum())
    note = f"{shared} rows share their stamp with others and were spread evenly over its {step:g} s"
    return spread, _Shared(step, (note, *_gap_note(spread)))


def _offsets(stamps: FloatArray, counts: IndexArray, usual: int, step: float) -> FloatArray:
    """How far after its stamp each row is placed, s.

    The first stamp is usually cut short by the start of the recording, so its rows belong to the end of the
    interval; the last one is cut short by the end.
    """
    room = np.append(np.minimum(np.diff(stamps), step), step)
    slots = counts.copy()
    slots[[0, -1]] = np.maximum(counts[[0, -1]], usual)
    rank = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    rank[: counts[0]] += slots[0] - counts[0]
    return np.asarray(rank * np.repeat(room / slots, counts), np.float64)


def _gap_note(seconds: FloatArray) -> tuple[str, ...]:
    """Mention the longest gap where it is much longer than the usual step."""
    steps = np.diff(seconds)
    if steps.size < 3:
        return ()
    usual, row = float(np.median(steps)), int(np.argmax(steps))
    if steps[row] <= 5 * usual:
        return ()
    where = f"{steps[row]:.4g} s, at {seconds[row]:.4g} s (usual step {usual:.4g} s)"
    return (f"the longest gap between two rows is {where}",)
