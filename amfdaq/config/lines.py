"""On which line of a TOML text each key stands.

`tomllib` gives values without places. This scanner walks over a text that `tomllib` has already accepted, so
it need not check anything: it only follows tables, arrays of tables, dotted keys, strings, arrays and inline
tables.
"""

from __future__ import annotations

import bisect
import re
import tomllib

Loc = tuple[str | int, ...]  # keys and indices from the top of the file, such as ("thermometer", 0, "rate")

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Loc, int]:
    """The line (from 1) of every table, key and array element of a valid TOML text.

    Args:
        text: TOML that `tomllib.loads` accepts.

    Returns:
        key path to line. Keys inside an inline table have the line where they stand, which is that of their
        parent.
    """
    return _Scanner(text).scan()


def line_of(lines: dict[Loc, int], loc: Loc) -> int | None:
    """The line of a key path, or of the nearest table around it; None when the file has neither."""
    for length in range(len(loc), 0, -1):
        line = lines.get(loc[:length])
        if line is not None:
            return line
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._pos = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Loc, int] = {}
        self._elements: dict[Loc, int] = {}  # arrays of tables: index of the last element

    def scan(self) -> dict[Loc, int]:
        table: Loc = ()
        while True:
            self._skip_space()
            if self._pos >= len(self._text):
                return self._lines
            if self._text[self._pos] == "[":
                table = self._header()
            else:
                self._assignment(table)

    def _line(self) -> int:
        return bisect.bisect_left(self._ends, self._pos) + 1

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._pos)
        if match is not None:
            self._pos = match.end()

    def _header(self) -> Loc:
        line = self._line()
        array = self._text.startswith("[[", self._pos)
        self._pos += 2 if array else 1
        keys = self._key()
        self._pos += 2 if array else 1
        loc: Loc = ()
        for key in keys[:-1]:
            loc = (*loc, key)
            self._lines.setdefault(loc, line)
            if loc in self._elements:  # [a.b] below [[a]] belongs to the last element of a
                loc = (*loc, self._elements[loc])
        loc = (*loc, keys[-1])
        if array:
            self._lines.setdefault(loc, line)
            self._elements[loc] = self._elements.get(loc, -1) + 1
            loc = (*loc, self._elements[loc])
        self._lines[loc] = line
        return loc

    def _assignment(self, table: Loc) -> None:
        line = self._line()
        loc = table
        for key in self._key():
            loc = (*loc, key)
            self._lines.setdefault(loc, line)
        self._pos += 1  # the equals sign
        self._value(loc)

    def _key(self) -> list[str]:
        """The parts of a dotted key; stops before ``=`` or ``]``."""
        parts = []
        while True:
            self._skip_space()
            match = _BARE_KEY.match(self._text, self._pos)
            if match is not None:
                parts.append(match.group())
            else:
                match = _STRING.match(self._text, self._pos)
                if match is None:
                    raise ValueError(f"no key at offset {self._pos}: the text was not checked by tomllib")
                parts.append(str(tomllib.loads(f"key = {match.group()}")["key"]))
            self._pos = match.end()
            self._skip_space()
            if not self._text.startswith(".", self._pos):
                return parts
            self._pos += 1

    def _value(self, loc: Loc) -> None:
        self._skip_space()
        self._lines.setdefault(loc, self._line())
        first = self._text[self._pos]
        if first == "[":
            self._array(loc)
        elif first == "{":
            self._inline_table(loc)
        else:
            match = _STRING.match(self._text, self._pos) or _SCALAR.match(self._text, self._pos)
            if match is not None:
                self._pos = match.end()

    def _array(self, loc: Loc) -> None:
        self._pos += 1
        index = 0
        while not self._closed("]"):
            self._value((*loc, index))
            index += 1

    def _inline_table(self, loc: Loc) -> None:
        self._pos += 1
        while not self._closed("}"):
            self._assignment(loc)

    def _closed(self, bracket: str) -> bool:
        """Skip space and a comma; True (and past it) when the closing bracket comes."""
        self._skip_space()
        if self._text.startswith(",", self._pos):
            self._pos += 1
            self._skip_space()
        if not self._text.startswith(bracket, self._pos):
            return False
        self._pos += 1
        return True
