"""Good certificates, and a check that what is broken in one is found where it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from broken import Check, check_marks

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

    return partial(check_marks, tmp_path / "broken.toml")
