"""Broken configuration files: what is reported is compared with the marks in the text, line by line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.errors import ConfigError

_MARK = re.compile(r'#!\s*(?P<none>none\s+)?(?P<key>(?:"[^"]*"|\S)+?):\s+(?P<words>[^#]*?)\s*(?=#!|$)')

Check = Callable[[Callable[[Path], Any], str], None]


def check_marks(path: Path, load: Callable[[Path], Any], text: str) -> None:
    """Load a broken text and compare what is reported with the marks in it.

    A mark ``#! KEY: WORDS`` stands in the line where a problem of that key is expected, with these words in its sentence;
    ``#! none KEY: WORDS`` may stand anywhere and expects a problem without a line. Nothing else may be reported.
    """
    path.write_text(text, encoding="utf-8")
    expected = {}
    for number, row in enumerate(text.split("\n"), start=1):
        for mark in _MARK.finditer(row):
            key = "" if mark["key"] == "-" else mark["key"]
            expected[None if mark["none"] else number, key] = mark["words"]
    assert expected, "the broken text has no marks"
    with pytest.raises(ConfigError) as caught:
        load(path)
    found = {(problem.line, problem.key): problem.message for problem in caught.value.problems}
    assert set(found) == set(expected), str(caught.value)
    for place, words in expected.items():
        assert words in found[place], f"{place}: {found[place]}"
    assert all(problem.path == path for problem in caught.value.problems)
    assert len(caught.value.problems) == len(expected), str(caught.value)
