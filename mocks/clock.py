"""Lab time: the time the physics lives in, real or faster."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

NS_PER_S = 1_000_000_000


class LabClock:
    """Maps the monotonic clock of the machine to lab time: ``lab = speed * (monotonic - start)``.

    ``CLOCK_MONOTONIC`` is the same in every process of one machine, so a test can compare the instants the
    bench reports with its own.

    Args:
        speed: Lab seconds per wall second, > 0.
        now_ns: Source of monotonic nanoseconds; another one makes tests independent of wall time.
    """

    def __init__(self, speed: float = 1.0, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.speed = speed
        self.now_ns = now_ns
        self.start_ns = now_ns()

    def lab_seconds(self, at_ns: int) -> float:
        """Lab time in s of the monotonic instant ``at_ns``."""
        return self.speed * (at_ns - self.start_ns) / NS_PER_S
