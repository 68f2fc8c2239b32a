"""A small run to store: two temperatures of one thermometer, a supply current of the guard, one field interval."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from amfdaq.reading import NAN, Reading, Status
from amfdaq.store.finish import build_file
from amfdaq.store.journal import ChannelSpec, JournalWriter

ORIGIN = 5_000_000_000_000  # ns
S = 1_000_000_000

META: dict[str, Any] = {
    "run_id": "run1",
    "title": "ferrite: heating",
    "start_time": "2026-11-21T13:00:00+01:00",
    "origin_ns": ORIGIN,
    "clock": {"speed": 1.0, "kind": "monotonic"},
    "rig": {"toml": '[rig]\nname = "bench 1"\n', "json": {"name": "bench 1", "limits": {"field": "20 kA/m"}}},
    "sample": {"toml": '[sample]\nname = "ferrite µ"\n', "json": {"name": "ferrite µ", "volume": "1 mL"}},
    "recipe": {"toml": "[recipe]\n", "json": {"name": "r"}, "label": "12kApm"},
    "calibrations": {
        "coil": {
            "toml": "[certificate]\n",
            "json": {"kind": "coil"},
            "line": {
                "gain": 1000.0,
                "offset": 50.0,
                "u_gain": 10.0,
                "u_offset": 5.0,
                "covariance": 0.0,
                "frequency_min": 250e3,
                "frequency_max": 280e3,
                "current_max": 20.0,
                "u_position": 0.01,
            },
        },
        "core": {"toml": "", "json": {"kind": "thermometer"}},
    },
    "instruments": {
        "osensa": {
            "driver": "osensa-ftx",
            "address": "serial:///dev/ttyUSB0",
            "identity": {"model": "FTX"},
            "options": {"rate": "5 Hz"},
        }
    },
    "probes": {
        "core": {"offset": 0.5, "gain": 1.002, "u_gain": 0.003, "lag": 0.8, "u_lag": 0.2, "resolution": 0.01}
    },
    "core": "core",
    "rates": {"core": 5.0, "shell": 5.0},
    "software": {"amfdaq": "0.1.0", "python": "3.11"},
    "something_of_a_later_version": {"a": [1, 2, None]},
}

TEMPERATURES = [
    ChannelSpec("core", "degC", "temperature core", "temperature"),
    ChannelSpec("shell", "degC", "temperature shell", "temperature"),
]
SUPPLY = [
    ChannelSpec("current", "A", "supply current", "current"),
    ChannelSpec("frequency", "Hz", "field frequency", "frequency"),
]


def batch(k: int) -> list[Reading]:
    """The readings of the thermometer at slot k (5 Hz); every 17th of the core has failed."""
    slot = ORIGIN + k * S // 5
    sent, received = slot + 1_000_000, slot + 9_000_000
    bad = k % 17 == 16
    return [
        Reading(
            "core", NAN if bad else 20 + k / 7, Status.NO_REPLY if bad else Status.OK, slot, sent, received
        ),
        Reading("shell", 20 + k / 9, Status.OK, slot, sent, received),
    ]


def supply(k: int) -> list[Reading]:
    """The readings of the supply at slot k (2 Hz)."""
    slot = ORIGIN + k * S // 2
    current = 10.0 if 20 <= k <= 80 else 0.0
    return [
        Reading("current", current, Status.OK, slot, slot + 1_000_000, slot + 3_000_000),
        Reading("frequency", 265e3, Status.OK, slot, slot + 1_000_000, slot + 3_000_000),
    ]


@dataclass
class Stored:
    """The files of a run."""

    file: Path
    journal: Path
    guard: Path

    def writer(self) -> JournalWriter:
        """The engine's journal, described and declared."""
        writer = JournalWriter(self.journal, origin_ns=ORIGIN)
        writer.meta(META)
        writer.declare(TEMPERATURES, instrument="osensa")
        return writer

    def guard_writer(self) -> JournalWriter:
        """The guard's journal, declared."""
        writer = JournalWriter(self.guard, origin_ns=ORIGIN)
        writer.declare(SUPPLY, instrument="supply")
        return writer

    def write(self, slots: int = 300, *, end: str | None = "finished", guard: bool = True) -> None:
        """Both journals of a run, 60 s unless told; the field is on from 10 s to 40.5 s."""
        with self.writer() as writer:
            for k in range(slots):
                writer.append(batch(k))
            writer.event("step", "heat", time_ns=ORIGIN + 9 * S, step="heat", number=2)
            if end is not None:
                writer.end(end, "", time_ns=ORIGIN + 60 * S)
        if guard:
            with self.guard_writer() as writer:
                for k in range(slots * 2 // 5):
                    writer.append(supply(k))
                on, off = ORIGIN + 10 * S, ORIGIN + 40 * S + S // 2
                ms = S // 1000
                writer.event("field-on", "on", time_ns=on, sent_ns=on - 30 * ms, confirmed_ns=on + 30 * ms)
                writer.event("field-off", "off", time_ns=off)
                writer.end("finished", "switched off", time_ns=ORIGIN + 60 * S)


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return _stored_in(tmp_path)


def _stored_in(folder: Path) -> Stored:
    return Stored(folder / "run1.h5", folder / "run1.journal", folder / "run1.guard.journal")


@pytest.fixture(scope="session")
def finished_image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of the finished example run; building it once is enough."""
    run = _stored_in(tmp_path_factory.mktemp("finished"))
    run.write()
    build_file(run.journal, run.guard, run.file)
    return run.file.read_bytes()


@pytest.fixture
def finished(stored: Stored, finished_image: bytes) -> Path:
    """The finished example run."""
    stored.file.write_bytes(finished_image)
    return stored.file


@pytest.fixture
def example() -> Any:
    """Numbers of the example run, for tests that cannot import this file."""

    class Example:
        origin, meta = ORIGIN, META
        channels, supply_channels = TEMPERATURES, SUPPLY
        batch, supply = staticmethod(batch), staticmethod(supply)

    return Example


@pytest.fixture
def start_recorder(stored: Stored) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the recorder of the example run as the engine does; those still alive are killed at the end."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        arguments = [str(stored.journal), str(stored.guard), str(stored.file), *options]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "amfdaq.store.recorder", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
