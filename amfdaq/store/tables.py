"""Tables of other loggers: CSV and text files of any laboratory, read into times and temperatures.

Everything that had to be assumed is in ``Table.notes``; what cannot be told without guessing (dates with two
readings, kelvin or Celsius, a comma that separates and marks decimals) is refused in one sentence that says
how to go on. What is read is described in ``docs/import.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from amfdaq.curve import FloatArray, HeatingCurve
from amfdaq.errors import BadInput, DataFileError
from amfdaq.store.table_columns import Grid, TemperatureUnit, find_column, read_channels, read_grid
from amfdaq.store.table_dialect import Dialect, find_dialect
from amfdaq.store.table_numbers import StatusArray, resolution
from amfdaq.store.table_stamps import DateOrder
from amfdaq.store.table_text import read_text
from amfdaq.store.table_time import Times, from_clock, from_numbers, from_stamps
from amfdaq.store.table_units import TO_SECONDS, time_unit

_FEWEST: Final = 3  # rows: fewer are no recording


@dataclass(frozen=True, slots=True)
class Table:
    """A recording read from a table.

    Attributes:
        time: s, shape (n,), strictly increasing; on the clock of the file where it counts in numbers, from
            the first row where it has stamps.
        start: wall-clock time of ``time == 0``; None when the file does not tell; without a zone it is local
            time.
        columns: temperatures in degree Celsius by name, each of shape (n,); NaN where there is no reading.
        units: unit of every column, of ``columns`` ("degC") and of ``others`` (as written, "" if not stated).
        status: why a temperature is NaN: `amfdaq.reading.Status` per row, by name.
        n_bad: number of rows without a reading, by name of the temperature.
        resolution: step of the thermometer in K by name of the temperature; 0.0 when no step shows.
        others: numeric columns that are no temperatures, as written.
        skipped: rows that could not be used at all (damaged or without a time).
        time_resolution: step of the time stamps in s; 0.0 for times written as numbers.
        notes: what was assumed or repaired on the way.
        source: the file.
        sha256: hash of its bytes, hexadecimal.
    """

    time: FloatArray
    start: datetime | None
    columns: Mapping[str, FloatArray]
    units: Mapping[str, str]
    status: Mapping[str, StatusArray]
    n_bad: Mapping[str, int]
    resolution: Mapping[str, float]
    others: Mapping[str, FloatArray]
    skipped: int
    time_resolution: float
    notes: tuple[str, ...]
    source: Path
    sha256: str

    def channel(self, name: str | None = None) -> str:
        """Name of the temperature to use: the given one, or the only one with data.

        Raises:
            DataFileError: there is no such channel, or there are several with data and none was named.
        """
        if name is not None:
            known = tuple(self.columns)
            return known[find_column(name, known, self.source, numbered=False)]
        with_data = [key for key, values in self.columns.items() if bool(np.isfinite(values).any())]
        if len(with_data) > 1:
            names = ", ".join(f'"{key}"' for key in with_data)
            raise DataFileError(
                f"{self.source} has {len(with_data)} temperatures with data: choose a channel, one of {names}"
            )
        return with_data[0]  # read_table refuses files without any

    def heating_curve(
        self,
        channel: str | None = None,
        *,
        on: float | None = None,
        off: float | None = None,
        field: float | None = None,
        u_field: float = 0.0,
        frequency: float | None = None,
        u_frequency: float = 0.0,
        lag: float | None = None,
        u_lag: float = 0.0,
        u_gain: float = 0.0,
        u_switch: float | None = None,
        resolution: float | None = None,
    ) -> HeatingCurve:
        """One temperature as the curve that the estimators take.

        Args:
            channel: name (or number) of the column; may be left out where only one has data.
            on: when the field was switched on, s on the clock of `time`.
            off: when it was switched off, s; on and off go together.
            field: peak amplitude, A/m; the remaining arguments are those of `HeatingCurve`.
            u_field: A/m.
            frequency: Hz.
            u_frequency: Hz.
            lag: probe time constant, s.
            u_lag: s.
            u_gain: relative.
            u_switch: s; left out: stamps cut to steps of w give w/sqrt(12) (rectangular, JCGM 100:2008,
                4.3.7).
            resolution: K; left out: as found in the data.

        Raises:
            DataFileError: the channel has to be chosen, does not exist or has no data, or on and off do not
                fit.
        """
        name = self.channel(channel)
        if not bool(np.isfinite(self.columns[name]).any()):
            raise DataFileError(f'{self.source}: channel "{name}" has no data; choose another one')
        return HeatingCurve(
            time=self.time,
            temperature=self.columns[name],
            on=self._interval(on, off),
            field=field,
            u_field=u_field,
            frequency=frequency,
            u_frequency=u_frequency,
            resolution=self.resolution[name] if resolution is None else resolution,
            lag=lag,
            u_lag=u_lag,
            u_gain=u_gain,
            u_switch=self.time_resolution / math.sqrt(12.0) if u_switch is None else u_switch,
            source=f"{self.source} [{name}]",
            notes=self.notes,
        )

    def _interval(self, on: float | None, off: float | None) -> tuple[tuple[float, float], ...]:
        if on is None and off is None:
            return ()
        first, last = float(self.time[0]), float(self.time[-1])
        span = f"the recording goes from {first:.6g} s to {last:.6g} s"
        if on is None or off is None:
            raise DataFileError(
                f"{self.source}: give both times, when the field went on and when it went off; {span}"
            )
        if not on < off:
            raise DataFileError(
                f"{self.source}: the field goes off at {off:g} s, before it goes on at {on:g} s"
            )
        if not (first <= on < last and off <= last + 1.0):
            raise DataFileError(f"{self.source}: the field is on from {on:g} s to {off:g} s, but {span}")
        return ((float(on), float(off)),)


def read_table(
    path: str | Path,
    *,
    channel: str | None = None,
    time_unit: str | None = None,
    temperature_unit: TemperatureUnit | None = None,
    date_order: DateOrder | None = None,
) -> Table:
    """Read a table of times and temperatures, whatever logger wrote it.

    Args:
        path: the file.
        channel: read only this column as a temperature (heading, or its number in the file from 1).
        time_unit: "s", "ms", "us", "min" or "h" for a numeric time whose heading does not say it.
        temperature_unit: "degC" or "K" where the file does not say it; it overrides the heading.
        date_order: "DMY", "MDY" or "YMD" where dates can be read in more than one way.

    Returns:
        the recording; `Table.notes` says what was assumed.

    Raises:
        DataFileError: the file cannot be read as a table; the sentence names file and line and what to do.
        BadInput: an argument is not one of the words above.
    """
    _check_arguments(time_unit, temperature_unit, date_order)
    text = read_text(Path(path))
    dialect = find_dialect(text)
    grid = read_grid(text, dialect)
    times = _read_times(grid, dialect, time_unit, date_order)
    grid = grid.only(times.readable)
    if times.seconds.size < _FEWEST:
        raise DataFileError(
            f"{text.path}:{dialect.first + 1}: {times.seconds.size} usable rows are no recording; was the "
            "export cut short?"
        )
    channels, others, notes = read_channels(grid, dialect, channel, temperature_unit)
    values = {name: found.values for name, found in channels.items()}
    units = dict.fromkeys(channels, "degC")
    units |= {name: unit for name, unit in zip(grid.names, dialect.units, strict=True) if name in others}
    return Table(
        time=times.seconds,
        start=times.start,
        columns=values,
        units=units,
        status={name: found.status for name, found in channels.items()},
        n_bad={name: int(np.count_nonzero(np.isnan(column))) for name, column in values.items()},
        resolution={name: resolution(column) for name, column in values.items()},
        others=others,
        skipped=grid.skipped,
        time_resolution=times.resolution,
        notes=(*text.notes, *grid.notes, *times.notes, *notes),
        source=text.path,
        sha256=text.sha256,
    )


def _check_arguments(time_unit: str | None, temperature_unit: str | None, date_order: str | None) -> None:
    for value, words, name in (
        (time_unit, tuple(TO_SECONDS), "time_unit"),
        (temperature_unit, ("degC", "K"), "temperature_unit"),
        (date_order, ("DMY", "MDY", "YMD"), "date_order"),
    ):
        if value is not None and value not in words:
            raise BadInput(f'{name} "{value}" is not known: use one of {", ".join(words)}')


def _read_times(grid: Grid, dialect: Dialect, unit: str | None, order: DateOrder | None) -> Times:
    """Read the time column by its kind.

    Raises:
        DataFileError: see `table_time`; also a numeric time whose unit is hinted at but not told.
    """
    cells = grid.columns[dialect.time_column]
    if dialect.time_kind == "stamp":
        return from_stamps(cells, grid.place, order)
    if dialect.time_kind == "clock":
        return from_clock(cells, grid.place)
    if dialect.time_kind == "date+clock":
        clocks = grid.columns[dialect.time_column + 1]
        joined = [f"{day.strip()} {clock.strip()}" for day, clock in zip(cells, clocks, strict=True)]
        return from_stamps(joined, grid.place, order)
    stated = (
        unit
        or time_unit(dialect.units[dialect.time_column])
        or time_unit(dialect.headings[dialect.time_column])
    )
    if stated is None:
        _refuse_hidden_unit(grid, dialect)
    times = from_numbers(cells, stated or "s", grid.place)
    if stated is None:
        return replace(times, notes=(*times.notes, "no unit is stated for the time: taken as seconds"))
    return times


def _refuse_hidden_unit(grid: Grid, dialect: Dialect) -> None:
    """Refuse to take seconds where the header names another unit that cannot be tied to the column."""
    for number, line in enumerate(dialect.header, start=1):
        words = re.findall(r"[^\W\d_]+", line)
        hint = next(
            (word for word in words if time_unit(word) not in {None, "s", "h"} and len(word) > 1), None
        )
        if hint is not None:
            raise DataFileError(
                f'{grid.place.path}:{number}: the header mentions "{hint}" but does not say that it is the '
                "unit of the time; "
                'say which unit the time has, such as time_unit="s"'
            )
