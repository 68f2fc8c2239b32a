"""Limits in real time."""

from __future__ import annotations

import time


class Deadline:
    """A limit in real time: instruments live in it, whatever the clock of a run does.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, 0.0 when it has passed."""
        return max(0.0, self._end - time.monotonic())
