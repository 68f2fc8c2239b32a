"""Clocks: everything that waits or stamps takes one of these.

`SystemClock` is the monotonic clock of the machine, shared by all its processes. `ScaledClock` runs faster by a factor, for
simulated benches that do. `ManualClock` jumps, for tests. Times are integer nanoseconds; only differences mean anything.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

NS = 1_000_000_000  # nanoseconds in a second


class Clock(Protocol):
    """A monotonic clock in nanoseconds, and a way to wait on it."""

    def now_ns(self) -> int:
        """Monotonic time in ns."""
        ...

    def wait_until(self, deadline_ns: int, wake: threading.Event | None = None) -> bool:
        """Wait until the deadline (ns of this clock) or until ``wake`` is set; True when woken."""
        ...

    def to_wall_seconds(self, duration_s: float) -> float:
        """How long a duration of this clock takes on the wall, in seconds."""
        ...


class SystemClock:
    """The monotonic clock of the operating system: the same in every process of the machine."""

    def now_ns(self) -> int:
        """Monotonic time in ns."""
        return time.monotonic_ns()

    def wait_until(self, deadline_ns: int, wake: threading.Event | None = None) -> bool:
        """Wait until the deadline or until ``wake`` is set; True when woken."""
        return _wait((deadline_ns - time.monotonic_ns()) / NS, wake)

    def to_wall_seconds(self, duration_s: float) -> float:
        """A second here is a second on the wall."""
        return duration_s


class ScaledClock:
    """A clock that runs ``speed`` times faster than the wall, for a simulated bench with the same speed.

    Args:
        speed: seconds of this clock per second on the wall, > 0.
        origin_ns: the instant of the system's monotonic clock at which both agree; processes that share a run share it.
    """

    def __init__(self, speed: float, origin_ns: int) -> None:
        if not speed > 0:
            raise ValueError(f"clock speed must be positive, not {speed!r}")
        self.speed = speed
        self.origin_ns = origin_ns

    def now_ns(self) -> int:
        """Scaled monotonic time in ns."""
        return self.origin_ns + round((time.monotonic_ns() - self.origin_ns) * self.speed)

    def wait_until(self, deadline_ns: int, wake: threading.Event | None = None) -> bool:
        """Wait until the deadline or until ``wake`` is set; True when woken."""
        return _wait((deadline_ns - self.now_ns()) / NS / self.speed, wake)

    def to_wall_seconds(self, duration_s: float) -> float:
        """A second here takes 1/speed seconds on the wall."""
        return duration_s / self.speed


class ManualClock:
    """A clock that stands still until it is told to move; waiting moves it to the deadline at once.

    Args:
        start_ns: where it starts.
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """The time it was last moved to, in ns."""
        return self._now_ns

    def advance(self, duration_s: float) -> None:
        """Move forward by a duration in seconds."""
        with self._lock:
            self._now_ns += round(duration_s * NS)

    def wait_until(self, deadline_ns: int, wake: threading.Event | None = None) -> bool:
        """Jump to the deadline, unless ``wake`` is already set."""
        if wake is not None and wake.is_set():
            return True
        with self._lock:
            self._now_ns = max(self._now_ns, deadline_ns)
        return False

    def to_wall_seconds(self, duration_s: float) -> float:
        """Waiting takes no time on the wall."""
        del duration_s
        return 0.0


def make_clock(speed: float = 1.0, origin_ns: int | None = None) -> Clock:
    """The system clock, or a scaled one where the rig's bench runs faster than the wall."""
    if speed == 1.0:
        return SystemClock()
    return ScaledClock(speed, time.monotonic_ns() if origin_ns is None else origin_ns)


def _wait(seconds: float, wake: threading.Event | None) -> bool:
    if wake is not None:
        return wake.wait(max(0.0, seconds))
    if seconds > 0:
        time.sleep(seconds)
    return False
