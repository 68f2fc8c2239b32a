"""The body of a table: rows of the right shape, and columns sorted into temperatures and others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from amfdaq.curve import FloatArray
from amfdaq.errors import DataFileError
from amfdaq.reading import Status
from amfdaq.store.table_dialect import Dialect, split_lines
from amfdaq.store.table_numbers import COLDEST, Numbers, StatusArray, read_numbers
from amfdaq.store.table_text import TextFile
from amfdaq.store.table_time import Place
from amfdaq.store.table_units import is_index, kind_of, temperature_unit

TemperatureUnit = Literal["degC", "K"]
ZERO_CELSIUS: Final = 273.15  # K
TOO_MANY: Final = 0.1  # part of unreadable rows or cells above which a file is refused
_KELVIN_ABOVE: Final = 200.0  # a median above it is no sample in degree Celsius
_NEVER_BELOW: Final = -210.0  # degC: liquid nitrogen is at -196; a median below it has the wrong unit


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of the rows that have the right shape.

    Attributes:
        place: file and line number of each row.
        columns: texts by column, each with one per row.
        names: name of each column, all different.
        skipped: lines within the data that are no rows.
        first_skipped: number of the first such line, or None.
        notes: what was assumed.
    """

    place: Place
    columns: tuple[Sequence[str], ...]
    names: tuple[str, ...]
    skipped: int
    first_skipped: int | None
    notes: tuple[str, ...]

    def only(self, rows: npt.NDArray[np.bool_]) -> Grid:
        """Leave out rows (those without a readable time).

        Raises:
            DataFileError: too many rows have been left out by now.
        """
        if bool(rows.all()) and not self.skipped:
            return self
        dropped = np.flatnonzero(~rows)
        lines = [int(self.place.lines[dropped[0]])] if dropped.size else []
        lines += [] if self.first_skipped is None else [self.first_skipped]
        skipped, first = self.skipped + dropped.size, min(lines)
        if skipped > max(2.0, TOO_MANY * (rows.size + self.skipped)):
            raise DataFileError(
                f"{self.place.path}:{first}: {skipped} of {rows.size + self.skipped} lines cannot be read "
                "as rows, this one "
                "first; is the file damaged, or are there several tables in it?"
            )
        keep = rows.tolist()
        columns = tuple(
            [cell for cell, kept in zip(column, keep, strict=True) if kept] for column in self.columns
        )
        lines_were = "line was" if skipped == 1 else "lines were"
        note = f"{skipped} unreadable {lines_were} left out, first line {first}"
        return replace(
            self,
            place=self.place.only(rows),
            columns=columns,
            skipped=skipped,
            first_skipped=first,
            notes=(*self.notes, note),
        )


@dataclass(frozen=True, slots=True)
class Channel:
    """One temperature: degree Celsius, NaN where the status is not OK."""

    values: FloatArray
    status: StatusArray


def read_grid(text: TextFile, dialect: Dialect) -> Grid:
    """Cut the body of a table into columns.

    Blank lines are passed over, short rows are filled up (a channel that was not there), a short last line
    is dropped (the recording was cut off while it was written), other lines are counted as skipped.
    """
    body = text.lines[dialect.first :]
    rows = split_lines(body, dialect.separator, quoted=dialect.quoted)
    width, notes = dialect.width, []
    numbers = np.arange(dialect.first + 1, dialect.first + 1 + len(body))
    if any(len(row) != width for row in rows):
        while rows and not body[len(rows) - 1].strip():
            rows.pop()
        usual = Counter(map(len, rows)).most_common(1)[0][0]
        if len(rows) > 1 and len(rows[-1]) < usual:
            notes.append(f'the last line "{body[len(rows) - 1].strip()[:40]}" is cut off and was left out')
            rows.pop()
        shaped = [_shaped(row, width) for row in rows]
        lines = [
            n for n, row, line in zip(numbers, shaped, body, strict=False) if row is None and line.strip()
        ]
        keep = np.array([row is not None for row in shaped], bool)
        rows, numbers = [row for row in shaped if row is not None], numbers[: len(shaped)][keep]
    else:
        lines = []
    columns = tuple(zip(*rows, strict=True)) if rows else ((),) * width
    first_skipped = int(lines[0]) if lines else None
    return Grid(Place(text.path, numbers), columns, _names(dialect), len(lines), first_skipped, tuple(notes))


def _shaped(row: list[str], width: int) -> list[str] | None:
    """Bring a row to the width of the table; None where it is no row."""
    if len(row) > width:
        return None if any(cell.strip() for cell in row[width:]) else row[:width]
    return None if len(row) < 2 else row + [""] * (width - len(row))


def _names(dialect: Dialect) -> tuple[str, ...]:
    """Names of the columns, made different where headings repeat, ``column N`` where there is none."""
    names: list[str] = []
    for index, heading in enumerate(dialect.headings):
        name = re.sub(r"\s+", " ", heading.strip()) or f"column {index + 1}"
        names.append(name if name not in names else f"{name} ({index + 1})")
    return tuple(names)


def find_column(wanted: str, names: Sequence[str], path: Path, *, numbered: bool) -> int:
    """Index of the column a person means: its name, a part of it that no other has, or its number from 1.

    Raises:
        DataFileError: there is none, or several fit.
    """
    for fits in (
        [i for i, name in enumerate(names) if name == wanted],
        [i for i, name in enumerate(names) if name.lower() == wanted.strip().lower()],
        [int(wanted) - 1] if numbered and wanted.isdecimal() and 0 < int(wanted) <= len(names) else [],
        [i for i, name in enumerate(names) if wanted.strip() and wanted.strip().lower() in name.lower()],
    ):
        if len(fits) == 1:
            return fits[0]
    known = ", ".join(f'"{name}"' for name in names)
    raise DataFileError(f'{path} has no single channel "{wanted}": choose one of {known}')


def read_channels(
    grid: Grid, dialect: Dialect, wanted: str | None, unit: TemperatureUnit | None
) -> tuple[dict[str, Channel], dict[str, FloatArray], tuple[str, ...]]:
    """Sort the columns into temperatures and others, and convert them.

    Args:
        grid: the cells.
        dialect: how the table is written.
        wanted: the only column to take as a temperature, or None for all that can be one.
        unit: unit of the temperatures, overriding what the file says; None to go by the file.

    Returns:
        the temperatures, the other numeric columns, and notes.

    Raises:
        DataFileError: no column is a temperature with data, a unit is unclear, or too many cells are
            unreadable.
    """
    data, target = _data_columns(grid, dialect, wanted)
    notes: list[str] = []
    channels: dict[str, Channel] = {}
    others: dict[str, FloatArray] = {}
    assumed = []
    for index in data:
        name, numbers = grid.names[index], read_numbers(grid.columns[index])
        kind = kind_of(dialect.headings[index], dialect.units[index])
        is_target = index == target or (target is None and kind in {"temperature", "unknown"})
        if numbers.unreadable().size > 0.5 * numbers.values.size and index != target:
            notes.append(f'column "{name}" holds text and was left out')
            continue
        if not is_target:
            others[name] = numbers.values
            continue
        if not bool(np.isfinite(numbers.values).any()) and kind == "unknown" and target is None:
            continue  # an empty column without a heading, as a separator at the end of each line makes
        _check_cells(numbers, grid, index)
        stated = unit or _stated_unit(dialect, index, grid)
        channels[name] = _to_celsius(numbers, stated, grid, index)
        if stated is None:
            assumed.append(name)
        elif stated == "K":
            notes.append(f'"{name}" was converted from kelvin')
    _require_data(channels, grid)
    if assumed:
        notes.append(f"no unit is stated for {', '.join(assumed)}: taken as degree Celsius")
    return channels, others, tuple(notes)


def _data_columns(grid: Grid, dialect: Dialect, wanted: str | None) -> tuple[list[int], int | None]:
    """Columns that are neither time nor row counter, and the one that a person named.

    Raises:
        DataFileError: the named one does not exist or is the time.
    """
    times = {dialect.time_column}
    if dialect.time_kind == "date+clock":
        times.add(dialect.time_column + 1)
    data = [
        index
        for index in range(dialect.width)
        if index not in times and not (index < dialect.time_column and is_index(dialect.headings[index]))
    ]
    if not data:
        raise DataFileError(
            f"{grid.place.at(0)}: the table has times but no temperatures; export the channels as well"
        )
    if wanted is None:
        return data, None
    target = find_column(wanted, grid.names, grid.place.path, numbered=True)
    if target not in data:
        raise DataFileError(
            f'{grid.place.path}: "{wanted}" is the time, not a temperature; choose another channel'
        )
    return data, target


def _check_cells(numbers: Numbers, grid: Grid, index: int) -> None:
    name, cells = grid.names[index], grid.columns[index]
    if numbers.mixed is not None:
        raise DataFileError(
            f'{grid.place.at(numbers.mixed)}: "{cells[numbers.mixed].strip()}" in column "{name}" has a '
            "decimal comma where "
            "others have a point; write all of them the same way"
        )
    bad = numbers.unreadable()
    if bad.size > max(2.0, TOO_MANY * len(cells)):
        raise DataFileError(
            f'{grid.place.at(int(bad[0]))}: {bad.size} of {len(cells)} cells of column "{name}" are no '
            "numbers, "
            f'"{cells[bad[0]].strip()[:40]}" first; is it the right column, and is the file whole?'
        )


def _stated_unit(dialect: Dialect, index: int, grid: Grid) -> TemperatureUnit | None:
    unit = temperature_unit(dialect.units[index]) or temperature_unit(dialect.file_unit)
    if unit == "degF":
        raise DataFileError(
            f'{grid.place.path}:{max(1, dialect.first)}: column "{grid.names[index]}" is in degree '
            "Fahrenheit; "
            "convert it to degree Celsius first"
        )
    return unit


def _to_celsius(numbers: Numbers, unit: TemperatureUnit | None, grid: Grid, index: int) -> Channel:
    """Convert to degree Celsius; at or below absolute zero lie the loggers' codes for "no reading"."""
    name = grid.names[index]
    raw = numbers.values
    plausible = raw[np.isfinite(raw) & (raw > COLDEST)]
    if unit is None and plausible.size and float(np.median(plausible)) > _KELVIN_ABOVE:
        raise DataFileError(
            f'{grid.place.at(0)}: column "{name}" holds values about {np.median(plausible):.5g} and no '
            "unit is stated; if they "
            'are kelvin, say so (temperature_unit="K"), if it is no temperature, choose the channel'
        )
    values = raw - ZERO_CELSIUS if unit == "K" else raw.copy()
    coded = np.isfinite(values) & ((values <= COLDEST) | (raw <= COLDEST))
    values[coded] = np.nan
    left = values[np.isfinite(values)]
    if left.size and float(np.median(left)) < _NEVER_BELOW:
        raise DataFileError(
            f'{grid.place.at(0)}: column "{name}" is stated to be in kelvin, but its values are about '
            f"{np.median(left) + ZERO_CELSIUS:.4g}; if they are degree Celsius, say so "
            '(temperature_unit="degC")'
        )
    status = numbers.status.copy()
    status[coded] = Status.PROBE_FAULT
    return Channel(values, status)


def _require_data(channels: dict[str, Channel], grid: Grid) -> None:
    if not channels:
        names = ", ".join(f'"{name}"' for name in grid.names)
        raise DataFileError(
            f"{grid.place.path} has no column that is a temperature among {names}; name the channel"
        )
    if not any(bool(np.isfinite(channel.values).any()) for channel in channels.values()):
        names = ", ".join(f'"{name}"' for name in channels)
        raise DataFileError(
            f"{grid.place.at(0)}: no reading in {names}: all {grid.place.lines.size} rows have the "
            "logger's code for \"no "
            'probe"; check the probe, or choose another channel'
        )
