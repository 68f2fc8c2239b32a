"""A desk with files that are all right, curves of known truth, and the command line called the way its script calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from amfdaq.cli.bench import write_rig
from amfdaq.cli.main import run

RATE = 0.030  # K/s, the loss-free heating rate of every curve here
TAU = 150.0  # s
AMBIENT = 22.0  # degree Celsius
ON, OFF, END = 60.0, 260.0, 560.0  # s


@dataclass(frozen=True)
class Said:
    """What a command answered.

    Attributes:
        code: exit code.
        out: stdout.
        err: stderr.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one document on stdout; NaN, Infinity or anything beside it fails."""
        document = json.loads(self.out, parse_constant=_no_constant)
        assert isinstance(document, dict)
        return document


Cli = Callable[..., Said]


def _no_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} is not JSON")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Calls ``amfdaq`` with these arguments in this process."""

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        try:
            code = run([str(item) for item in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a whole set of good files, as the current folder; its instruments answer to nobody."""
    nobody = {"tcp": "tcp://127.0.0.1:9"}
    folder = tmp_path / "desk"
    write_rig(folder, {"speed": 8.0, "osensa": nobody, "generator": nobody, "psu": nobody})
    (folder / "good.csv").write_text(curve_text(), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def curve_text(*, sigma: float = 0.004, seed: int = 1, separator: str = ",") -> str:
    """A curve of one node: dT/dt = s u(t) - (T - T_env)/tau, switched on and off, read once a second."""
    t = np.arange(0.0, END + 1.0)
    top = RATE * TAU * (1.0 - np.exp(-(OFF - ON) / TAU))
    heating = RATE * TAU * (1.0 - np.exp(-np.clip(t - ON, 0.0, None) / TAU))
    cooling = top * np.exp(-np.clip(t - OFF, 0.0, None) / TAU)
    temperature = AMBIENT + np.where(t < ON, 0.0, np.where(t < OFF, heating, cooling))
    temperature += np.random.default_rng(seed).normal(0.0, sigma, t.size)
    rows = (f"{a:g}{separator}{b:.3f}" for a, b in zip(t, temperature, strict=True))
    return "\n".join([f"time (s){separator}T (degC)", *rows]) + "\n"


@pytest.fixture
def write_curve() -> Callable[..., str]:
    """Makes the text of a curve with the truth `RATE`."""
    return curve_text
