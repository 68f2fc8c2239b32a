"""Good certificates, and a check that what is broken in one is found where it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.errors import ConfigError

COIL = """\
[certificate]
kind = "coil"
id = "C1"
date = 2025-03-31
expires = 2026-03-31
issued_by = "A. Miller"

[coil]
name = "17 turns"

[[line]]
frequency = "265 kHz"
tolerance = "5 kHz"
capacitor = "26 nF"
gain = "1.2 mT/A +- 2 %"
offset = "-30 A/m +- 40 A/m"
correlation = -0.8
current_max = "14 A"
position = "1.5 %"
"""
PROBE = """\
[certificate]
kind = "thermometer"
id = "P1"
date = 2025-03-31
issued_by = "A. Miller"

[thermometer]
probe = "fibre 3"
offset = "-0.12 K +- 0.1 K"
gain = "1.002 +- 0.003"
lag = "0.8 s +- 0.2 s"
resolution = "0.01 K"
range = ["10 degC", "80 degC"]
"""
_MARK = re.compile(r"#!\s*(?P<none>none\s+)?(?P<key>\S+?):\s+(?P<words>[^#]*?)\s*(?=#!|$)")

Check = Callable[[Callable[[Path], Any], str], None]


@pytest.fixture
def coil_text() -> str:
    """A certificate of a coil without a fault."""
    return COIL


@pytest.fixture
def probe_text() -> str:
    """A certificate of a probe without a fault."""
    return PROBE


@pytest.fixture
def check_broken(tmp_path: Path) -> Check:
    """Loads a broken text and compares what is reported with the marks ``#! KEY: WORDS`` in it, line by line."""

    def check(load: Callable[[Path], Any], text: str) -> None:
        path = tmp_path / "broken.toml"
        path.write_text(text, encoding="utf-8")
        expected = {
            (None if mark["none"] else number, mark["key"]): mark["words"]
            for number, row in enumerate(text.split("\n"), start=1)
            for mark in _MARK.finditer(row)
        }
        assert expected, "the broken text has no marks"
        with pytest.raises(ConfigError) as caught:
            load(path)
        found = {(problem.line, problem.key): problem.message for problem in caught.value.problems}
        assert set(found) == set(expected), str(caught.value)
        for place, words in expected.items():
            assert words in found[place], f"{place}: {found[place]}"

    return check
