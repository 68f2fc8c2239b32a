"""How a table is written: separator, width, where the data begin, and what the header says.

The separator is the one under which most cells of the body are dates, numbers or words for "no reading"; a
``sep=`` line, as spreadsheets understand it, decides between equals.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from amfdaq.errors import DataFileError
from amfdaq.store.table_numbers import NUMBER, is_value
from amfdaq.store.table_stamps import is_clock, is_date, is_stamp
from amfdaq.store.table_text import TextFile
from amfdaq.store.table_units import is_unit, kind_of, split_heading, temperature_unit

TimeKind = Literal["number", "stamp", "clock", "date+clock"]
SEPARATORS: Final = (";", "\t", "|", ",", " ")  # " " stands for any run of blanks
_SAMPLE: Final = 200  # lines looked at in the middle and at the end of a long file
_LONGEST_HEADER: Final = 400

_UNIT_LINE = re.compile(r"\bunits?\b\W{0,3}([^\W\d_]{1,10}|[^\w\s]{1,2}\s?[CKF])\W*$", re.IGNORECASE)
# Headings separated by blanks: a unit in brackets belongs to the word before it.
_BLANK_HEADINGS = re.compile(r"[^\s(\[]+(?:\s*[(\[][^)\]]*[)\]])?")


@dataclass(frozen=True, slots=True)
class Dialect:
    """The way one table is written.

    Attributes:
        separator: one of `SEPARATORS`.
        width: number of columns.
        first: index of the first line with data.
        time_kind: how the time is written, in the column `time_column` (and the next one for "date+clock").
        time_column: index of the column.
        headings: one per column as written; empty where there is none.
        units: one per column as written in the heading or below it; empty where there is none.
        file_unit: temperature unit stated for the whole file ("Unit:C"), or "".
        header: the lines above the data.
        quoted: cells are in quotation marks.
    """

    separator: str
    width: int
    first: int
    time_kind: TimeKind
    time_column: int
    headings: tuple[str, ...]
    units: tuple[str, ...]
    file_unit: str
    header: tuple[str, ...]
    quoted: bool


def split_lines(lines: Sequence[str], separator: str, *, quoted: bool) -> list[list[str]]:
    """Split lines into cells; a line with an odd number of quotation marks is damaged and gives no cells."""
    if not quoted:
        return (
            [line.split() for line in lines]
            if separator == " "
            else [line.split(separator) for line in lines]
        )
    whole = ["" if line.count('"') % 2 else line.strip() for line in lines]
    if separator == " ":
        whole = [re.sub(r"\s+", " ", line) for line in whole]
    return list(csv.reader(whole, delimiter=separator, skipinitialspace=True))


def find_dialect(text: TextFile) -> Dialect:
    """Find out how a table is written.

    Raises:
        DataFileError: there is no table, only one column, or the comma is separator and decimal sign at once.
    """
    lines = text.lines
    declared = re.match(r"\s*\"?sep=(.)\"?", lines[0])
    candidates: tuple[str, ...] = SEPARATORS
    if declared and declared[1] in SEPARATORS:
        candidates = (declared[1], *(s for s in SEPARATORS if s != declared[1]))
    sample = _sample(lines)
    quoted = any('"' in line for line in sample)
    scores = {s: sum(_score(row) for row in split_lines(sample, s, quoted=quoted)) for s in candidates}
    separator = max(candidates, key=lambda s: scores[s])  # the first of equals
    if scores[separator] == 0:
        raise DataFileError(_no_table(text))
    rows = [row for row in split_lines(sample, separator, quoted=quoted) if _score(row)]
    first = _first_row(lines, separator, quoted=quoted)
    header = tuple(lines[:first])
    width = _width_of_header(header, separator, _width(rows))
    headings, units = _headings(header, separator, width)
    column, kind = _time_column(rows, headings, units)
    stated = (m[1] for line in header if (m := _UNIT_LINE.search(line.strip(" ;,\t"))))
    file_unit = next((unit for unit in stated if temperature_unit(unit)), "")
    dialect = Dialect(separator, width, first, kind, column, headings, units, file_unit, header, quoted)
    _refuse_double_comma(text, dialect, rows)
    return dialect


def _time_column(
    rows: Sequence[Sequence[str]], headings: Sequence[str], units: Sequence[str]
) -> tuple[int, TimeKind]:
    """The column with the time: the first one that is headed so and holds times, otherwise the first."""
    headed = [i for i, pair in enumerate(zip(headings, units, strict=True)) if kind_of(*pair) == "time"]
    for column in (*headed, 0):
        counts = Counter(_time_kind(row, column) for row in rows)
        kind, count = counts.most_common(1)[0]
        if kind is not None and count > 0.5 * len(rows):
            return column, kind
    return 0, "number"


def _time_kind(row: Sequence[str], column: int) -> TimeKind | None:
    cell = row[column].strip() if column < len(row) else ""
    if NUMBER.fullmatch(cell):
        return "number"
    if is_stamp(cell):
        return "stamp"
    if is_clock(cell):
        return "clock"
    following = row[column + 1] if column + 1 < len(row) else ""
    return "date+clock" if is_date(cell) and is_clock(following) else None


def _sample(lines: Sequence[str]) -> list[str]:
    if len(lines) <= 2 * _SAMPLE:
        return list(lines)
    middle = len(lines) // 2
    return [*lines[middle : middle + _SAMPLE], *lines[-_SAMPLE:]]


def _score(row: Sequence[str]) -> float:
    """Part of a line's cells that can be data; 0.0 for a line that is no row: a time first, then a value."""
    kind = _time_kind(row, 0) if len(row) >= 2 else None
    if kind is None:
        return 0.0
    cells = [cell for cell in row if cell.strip()]
    good = sum(1 for cell in cells if is_value(cell) or is_stamp(cell) or is_clock(cell) or is_date(cell))
    if good < 2 and (kind == "number" or len(cells) > 1):
        return 0.0
    return good / len(cells)


def _width(rows: Sequence[Sequence[str]]) -> int:
    """The largest number of cells that a tenth of the rows have: shorter rows lack a reading at their end."""
    counts = Counter(len(row) for row in rows)
    return max(width for width, count in counts.items() if count >= 0.1 * len(rows))


def _first_row(lines: Sequence[str], separator: str, *, quoted: bool) -> int:
    """Index of the first line with data: a row followed mostly by rows (headers hold numbers too)."""
    top = lines[:_LONGEST_HEADER]
    is_row = [_score(row) > 0 for row in split_lines(top, separator, quoted=quoted)]
    for index, good in enumerate(is_row):
        following = [is_row[i] for i in range(index, min(index + 11, len(top))) if lines[i].strip()]
        if good and sum(following) > 0.5 * len(following):
            return index
    return next((index for index, good in enumerate(is_row) if good), 0)


def _headings(header: Sequence[str], separator: str, width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Headings and units: the header line with most words in the right number of cells, and those below."""
    split = [_header_cells(line, separator, width) for line in header]
    units_only = [_is_unit_line(cells) for cells in split]
    words = [sum(1 for cell in cells if re.search(r"[^\W\d]|°", cell)) for cells in split]
    named = [i for i, count in enumerate(words) if count and not units_only[i]]
    best = max(named, key=lambda i: (words[i], i), default=None)
    pairs = [("", "")] * width if best is None else [split_heading(cell) for cell in split[best]]
    names, units = [name for name, _ in pairs], [unit for _, unit in pairs]
    below = 0 if best is None else best + 1
    if below < len(split) and any(units_only[below:]):
        line = split[units_only.index(True, below)]
        units = [cell.strip("()[] ") or unit for cell, unit in zip(line, units, strict=True)]
    return tuple(names), tuple(units)


def _is_unit_line(cells: Sequence[str]) -> bool:
    bare = [cell.strip("()[] ") for cell in cells]
    return any(bare) and all(not cell or is_unit(cell) for cell in bare)


def _width_of_header(header: Sequence[str], separator: str, width: int) -> int:
    """Width of the table, from its headings where they name more columns than any row fills."""
    lines = [line for line in header if line.strip()]
    if separator == " " or not lines or _headings(header, separator, width)[0] != ("",) * width:
        return width
    cells = next(csv.reader([lines[-1].rstrip(separator)], delimiter=separator, skipinitialspace=True), [])
    every_named = all(re.search(r"[^\W\d]", cell) for cell in cells)
    return len(cells) if every_named and width < len(cells) <= 2 * width else width


def _header_cells(line: str, separator: str, width: int) -> list[str]:
    """Cells of a header line, or none where their number does not fit the data."""
    line = line.strip("\n").lstrip("#%/ ") if line.lstrip().startswith(("#", "%", "//")) else line
    if separator == " ":
        cells = _BLANK_HEADINGS.findall(line)
        if len(cells) != width:
            cells = re.split(r"\s{2,}|\t", line.strip())
    elif line.count('"') % 2 == 0:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    else:
        cells = line.split(separator)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) > width or (len(cells) < width and (separator == " " or len(cells) < 2)):
        return []
    return [cell.strip() for cell in cells] + [""] * (width - len(cells))


def _refuse_double_comma(text: TextFile, dialect: Dialect, rows: Sequence[Sequence[str]]) -> None:
    """Refuse "0,5,24,3": with a comma for both, the cells cannot be told apart."""
    if dialect.separator != "," or dialect.quoted:
        return
    cells = [cell for row in rows for cell in row if NUMBER.fullmatch(cell.strip())]
    if any("." in cell for cell in cells) or not cells:
        return
    named = all(dialect.headings[: dialect.width])
    ragged = any(len(a) != len(b) for a, b in pairwise(rows))
    if (dialect.width > 2 and not named) or ragged:
        raise DataFileError(
            f'{text.path}:{dialect.first + 1}: in "{text.lines[dialect.first].strip()[:60]}" the comma '
            "seems to be both "
            "separator and decimal sign; export the table with ; between the columns or with decimal points"
        )


def _no_table(text: TextFile) -> str:
    """Say what is missing, as closely as it can be told."""
    path, lines = text.path, [line.strip() for line in text.lines]
    numbers = [i for i, line in enumerate(lines) if NUMBER.fullmatch(line.strip(';,"'))]
    if len(numbers) > 0.5 * sum(map(bool, lines)):
        return (
            f"{path}:{numbers[0] + 1}: the table has one column; a time column and a temperature column "
            "are needed, "
            "so export the time stamps as well"
        )
    stamps = [i for i, line in enumerate(lines) if is_stamp(line.strip(';,"'))]
    if len(stamps) > 0.5 * sum(map(bool, lines)):
        return f"{path}:{stamps[0] + 1}: the table has times but no temperatures; export the channels as well"
    if len([line for line in lines if line]) <= 10 and re.search(r"[;,\t]", text.lines[-1] + lines[0]):
        return (
            f"{path}:{len(lines)}: there is a header but no row of data below it; was the recording started?"
        )
    return f"{path}: there are no rows of a time and a temperature; export the recording as a table (CSV)"
