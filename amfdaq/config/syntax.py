"""What is wrong with a text that is not TOML, in words for somebody who has never heard of TOML."""

from __future__ import annotations

import re
import tomllib

_PLACE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)\s*$")
_ASSIGNED = re.compile(r"^\s*(?P<key>[\w.\-\"']+)\s*=\s*(?P<value>[^\"'\[{#\n]+?)\s*(?:#.*)?$")
_QUOTES = 'text and quantities need quotes on both sides, such as field = "15 kA/m"'


def explain_syntax(text: str, error: tomllib.TOMLDecodeError) -> tuple[int, str]:
    """The line (from 1) and a sentence for an error of `tomllib`.

    Args:
        text: the text that was refused.
        error: what `tomllib.loads` raised.
    """
    rows = text.split("\n")
    reason = str(error)
    match = _PLACE.search(reason)
    last = max((number for number, row in enumerate(rows, start=1) if row.strip()), default=1)
    line = int(match["line"]) if match is not None and match["line"] else last
    return _explain(rows, line, _PLACE.sub("", reason))


def _explain(  # noqa: PLR0911 one return per way of getting TOML wrong
    rows: list[str], line: int, reason: str
) -> tuple[int, str]:
    row = rows[line - 1] if line <= len(rows) else ""
    lower = reason.lower()
    if "unclosed" in lower or "expected ']'" in lower:
        line = _opening(rows, line)
        return line, f"{_quoted(rows[line - 1])}: a bracket is opened and not closed"
    if row.rstrip().endswith("="):
        return line, f"{_quoted(row)}: the value is missing after the equals sign"
    assigned = _ASSIGNED.match(row)
    if "overwrite" in lower or "mutate" in lower or "duplicate" in lower:
        return (
            line,
            f"the key in this line is there twice in the same table ({_quoted(row)}): remove one of them",
        )
    if "cannot declare" in lower:
        return (
            line,
            f"{row.strip()} is there twice: put all keys under one, or write [[...]] where several may be",
        )
    if "illegal character '\\n'" in lower or "unterminated string" in lower or lower.startswith('expected "'):
        return line, f"a quote is opened and not closed in {_quoted(row)}: {_QUOTES}"
    if assigned is not None and ("invalid value" in lower or "expected newline" in lower):
        return line, f'{_quoted(row)}: {_QUOTES}; here {assigned["key"]} = "{assigned["value"]}"'
    if "expected '='" in lower or "invalid statement" in lower or "initial character for a key" in lower:
        return line, f'{_quoted(row)} is neither a [table] nor a key = value; begin a remark with "#"'
    if "illegal character" in lower:
        return line, f"{_quoted(row)}: there is an invisible control character in it: type the line again"
    if "escape" in lower or "\\" in reason:
        return line, f"{_quoted(row)}: a backslash begins an escape; write paths with / or in 'single quotes'"
    return line, f"{_quoted(row)} is not TOML: {reason[:1].lower()}{reason[1:]}"


def _opening(rows: list[str], line: int) -> int:
    """The line at or above one where a bracket was opened: `tomllib` names the line where it gave up."""
    for number in range(min(line, len(rows)), 0, -1):
        if re.search(r"=\s*[\[{]|^\s*\[", rows[number - 1]):
            return number
    return line


def _quoted(row: str) -> str:
    row = row.strip()
    return f"`{row if len(row) <= 60 else row[:57] + '...'}`"
