"""A laboratory on a clock that the test moves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from mocks.clock import LabClock
from mocks.config import BenchTables, load_bench
from mocks.laboratory import Drive, Laboratory


class ManualLaboratory:
    """A laboratory whose lab time is set by hand; speed 1, start at 0."""

    def __init__(self, tables: BenchTables, seed: int = 0) -> None:
        self._now_ns = 0
        self.clock = LabClock(1.0, lambda: self._now_ns)
        self.lab = Laboratory(tables, seed, self.clock)

    def go_to(self, seconds: float) -> None:
        self._now_ns = round(seconds * 1e9)
        self.lab.advance()

    def field_on(self, current: float = 14.1, voltage: float = 39.0, frequency: float = 265e3) -> None:
        self.lab.set_drive(Drive(frequency, driven=True))
        self.lab.change_supply(voltage_V=voltage, current_A=current, commanded=True)

    def field_off(self) -> None:
        self.lab.change_supply(commanded=False)


@pytest.fixture
def tables() -> Callable[..., BenchTables]:
    """The built-in bench with some keys changed: tables(tank={"quality_factor": 30.0})."""

    def build(**changes: dict[str, Any]) -> BenchTables:
        demo = load_bench()
        return dataclasses.replace(
            demo,
            **{name: dataclasses.replace(getattr(demo, name), **keys) for name, keys in changes.items()},
        )

    return build


@pytest.fixture
def laboratory(tables: Callable[..., BenchTables]) -> Callable[..., ManualLaboratory]:
    """A laboratory at lab time 0: laboratory(seed=3, probe={...})."""

    def build(seed: int = 0, **changes: dict[str, Any]) -> ManualLaboratory:
        return ManualLaboratory(tables(**changes), seed)

    return build
