"""A guard that owns the supply of a simulated bench, driven the way the engine drives it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from guarding import LIMITS, Driver, Guarded

from amfdaq.cli.bench import Bench
from amfdaq.limits import Limits


@pytest.fixture
def guarded(start: Callable[..., Bench], tmp_path: Path) -> Iterator[Guarded]:
    """Starts a bench in real time and a guard that owns its supply."""
    drivers: list[Driver] = []

    def make(limits: Limits = LIMITS) -> Driver:
        driver = Driver(start(speed=1.0), tmp_path, limits)
        drivers.append(driver)
        return driver

    yield make
    for driver in drivers:
        driver.link.finish()
        driver.link.wait(10.0)
