"""The drive u(t): piecewise-constant power of the field (or of a heater), as steps in time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from amfdaq.curve import HeatingCurve


@dataclass(frozen=True, slots=True)
class Drive:
    """Relative heating power as a sum of steps.

    Attributes:
        steps: (time in s, change of the level), in order of time; the level is zero before the first.
    """

    steps: tuple[tuple[float, float], ...]

    @classmethod
    def from_levels(cls, levels: tuple[tuple[float, float], ...]) -> Drive:
        """Drive from (start in s, level) pairs, each level holding until the next start.

        Raises:
            ValueError: the starts are not in increasing order.
        """
        if any(b[0] <= a[0] for a, b in pairwise(levels)):
            raise ValueError("the levels of a drive must be in increasing order of time")
        steps = []
        before = 0.0
        for start, level in levels:
            if level != before:
                steps.append((start, level - before))
            before = level
        return cls(tuple(steps))

    @classmethod
    def of(cls, curve: HeatingCurve) -> Drive:
        """The 0/1 drive of the field-on intervals of a curve; a field still on at the end has no last step."""
        end = float(curve.time[-1]) if curve.time.size else 0.0
        steps: list[tuple[float, float]] = []
        for on, off in sorted(curve.on):
            if on >= end:
                continue
            steps.append((on, 1.0))
            if off < end:
                steps.append((off, -1.0))
        return cls(tuple(steps))

    @property
    def start(self) -> float:
        """When the drive is first switched on, s (infinite when never)."""
        return self.steps[0][0] if self.steps else float("inf")

    def on_time(self, until: float) -> float:
        """Time in s with a level above zero, up to a time."""
        total = level = 0.0
        since = self.start
        for time, change in self.steps:
            if time >= until:
                break
            if level > 0:
                total += time - since
            level += change
            since = time
        return total + (max(0.0, until - since) if level > 0 else 0.0)
