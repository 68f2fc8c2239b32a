"""Good files to break, and a check that what is broken is found where it is."""

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
issued_by = "A. Miller"
[coil]
name = "17 turns"
[[line]]
frequency = "265 kHz"
tolerance = "5 kHz"
gain = "1.2 mT/A +- 2 %"
current_max = "14 A"
"""
PROBE = """\
[certificate]
kind = "thermometer"
id = "P1"
date = 2025-03-31
issued_by = "A. Miller"
[thermometer]
probe = "fibre 3"
lag = "0.8 s +- 0.2 s"
range = ["10 degC", "80 degC"]
"""
RIG = """\
[rig]
name = "bench 1"

[[thermometer]]
name = "osensa"
driver = "osensa-ftx"
rate = "5 Hz"
[thermometer.options]
address = "tcp://127.0.0.1:5020"
channels = ["A", "B"]
[thermometer.probes]
core = { channel = "A", certificate = "probe.toml" }
bath = { channel = "B", role = "reference" }

[supply]
name = "magnetherm"
driver = "magnetherm"
coil = "coil.toml"
[supply.options]
generator = "tcp://127.0.0.1:5021"
psu = "tcp://127.0.0.1:5022"
coil = 2
capacitor = "26 nF"
amplitude = "10 V"
wave = "SQUARE"

[limits]
temperature = "70 degC"
field = "16 kA/m"
time_on = "15 min"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a certificate of a coil and of a probe."""
    (tmp_path / "coil.toml").write_text(COIL, encoding="utf-8")
    (tmp_path / "probe.toml").write_text(PROBE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def good_rig() -> str:
    """A rig.toml without a fault."""
    return RIG


@pytest.fixture
def rig_file(folder: Path) -> Path:
    """The same as a file."""
    path = folder / "rig.toml"
    path.write_text(RIG, encoding="utf-8")
    return path


@pytest.fixture
def check_broken(folder: Path) -> Check:
    """Loads a broken text beside the certificates and compares what is reported with the marks in it."""
    return partial(check_marks, folder / "broken.toml")
