"""The grid of a channel: slots at a fixed period from a fixed origin, so that nothing drifts.

A slot that could not be served in time is skipped and counted; there is no burst to catch up.
"""

from __future__ import annotations

from dataclasses import dataclass

from amfdaq.clock import NS


@dataclass(slots=True)
class Grid:
    """Slots at ``origin + k period``.

    Attributes:
        origin_ns: instant of slot 0, ns of the run's clock.
        rate: slots per second.
        missed: slots skipped so far.
    """

    origin_ns: int
    rate: float
    missed: int = 0
    _next: int = 0

    def slot_ns(self, k: int) -> int:
        """Instant of slot k; computed from the origin each time, so rounding never adds up."""
        return self.origin_ns + round(k * NS / self.rate)

    def peek(self) -> int:
        """Instant of the slot that `take` would serve if it is not over yet."""
        return self.slot_ns(self._next)

    def skip_to(self, now_ns: int) -> None:
        """Begin at now: the slots before it were never due and do not count as missed."""
        self._next = int((now_ns - self.origin_ns) * self.rate / NS) + 1

    def take(self, now_ns: int) -> int:
        """Instant of the slot to serve next; slots that are already over by a whole period are counted as missed."""
        current = int((now_ns - self.origin_ns) * self.rate / NS)  # the last slot that has begun
        if current > self._next:
            self.missed += current - self._next
            self._next = current
        slot = self.slot_ns(self._next)
        self._next += 1
        return slot
