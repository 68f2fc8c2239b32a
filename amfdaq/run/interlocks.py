"""Interlocks: the limits of the rig, watched while the field is on.

Pure: readings, supply states and the time go in, a `Trip` comes out. The guard owns one instance; nothing here does I/O.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from amfdaq.clock import NS
from amfdaq.field import CoilLine
from amfdaq.instruments import SupplyState
from amfdaq.limits import Limits
from amfdaq.reading import Reading, Status

RATE_WINDOW_S = 2.0  # the rate of rise is taken over this window ...
RATE_SPAN_S = 1.0  # ... once it holds at least this much, so that noise and resolution do not trip it
RATE_POINTS = 3


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the field must go off.

    Attributes:
        kind: short name of the interlock, such as ``"temperature"``.
        reason: one sentence for the operator with value and limit.
    """

    kind: str
    reason: str


@dataclass(slots=True)
class _Probe:
    good: deque[tuple[int, float]] = field(
        default_factory=deque
    )  # (ns, degree Celsius) within the rate window
    last_good_ns: int | None = None
    last_good: float = 0.0  # degree Celsius; means something only with last_good_ns
    bad_in_a_row: int = 0
    last_status: Status = Status.OK


class Interlocks:
    """Watches probes and supply against the limits.

    Args:
        limits: of the rig.
        probes: names of the temperature channels to watch.
        started_ns: instant from which silence counts, ns of the run's clock.
    """

    def __init__(self, limits: Limits, probes: tuple[str, ...], started_ns: int) -> None:
        self.limits = limits
        self._started_ns = started_ns
        self._probes = {name: _Probe() for name in probes}
        self._on_since_ns: int | None = None
        self._line: CoilLine | None = None
        self._frequency = 0.0
        self._supply_failures = 0

    def field_on(self, now_ns: int, line: CoilLine | None, frequency: float) -> None:
        """The field has been switched on, with this coil line and frequency in Hz."""
        self._on_since_ns = now_ns
        self._line = line
        self._frequency = frequency
        self._supply_failures = 0

    def field_off(self) -> None:
        """The field has been switched off."""
        self._on_since_ns = None

    def feed(self, reading: Reading) -> Trip | None:
        """Take one temperature reading; a trip when it is beyond a limit or when too many failed in a row."""
        probe = self._probes.get(reading.channel)
        if probe is None:
            return None
        probe.last_status = reading.status
        if reading.status is not Status.OK:
            probe.bad_in_a_row += 1
            if probe.bad_in_a_row >= self.limits.lost_readings:
                return Trip("probe-lost", f"probe {reading.channel} lost: {reading.status.text}")
            return None
        probe.bad_in_a_row = 0
        probe.last_good_ns, probe.last_good = reading.received_ns, reading.value
        return self._temperature_trip(reading.channel, reading.value) or self._check_rate(probe, reading)

    def check(self, now_ns: int) -> Trip | None:
        """What time alone brings about: stale probes and the time on."""
        for name, probe in self._probes.items():
            age = (now_ns - (self._started_ns if probe.last_good_ns is None else probe.last_good_ns)) / NS
            if age > self.limits.stale_after:
                return Trip(
                    "probe-stale",
                    f"probe {name} is stale: no good reading for {age:.2g} s (limit {self.limits.stale_after:g} s; "
                    f"last: {probe.last_status.text})",
                )
        if self._on_since_ns is not None:
            on_s = (now_ns - self._on_since_ns) / NS
            if on_s > self.limits.time_on_max:
                return Trip(
                    "time-on", f"the field has been on for {on_s:.1f} s (limit {self.limits.time_on_max:g} s)"
                )
        return None

    def ready(self, now_ns: int) -> Trip | None:
        """Whether the field may be switched on: every probe reads, now, and within its limits."""
        for name, probe in self._probes.items():
            if probe.last_good_ns is None or probe.bad_in_a_row:
                return Trip("probe-lost", f"probe {name} does not read: {self._why_not(probe)}")
            if (trip := self._temperature_trip(name, probe.last_good)) is not None:
                return trip
        return self.check(now_ns)

    def supply(self, state: SupplyState | None) -> Trip | None:
        """Take what the supply reports while it should be on; None stands for a read that failed."""
        if state is None:
            self._supply_failures += 1
            if self._supply_failures >= self.limits.lost_readings:
                return Trip(
                    "supply-lost", f"the supply did not answer {self._supply_failures} times in a row"
                )
            return None
        self._supply_failures = 0
        if state.trips:
            return Trip("supply-trip", f"the supply reports {', '.join(state.trips)}")
        if self._on_since_ns is not None and state.output is False:
            return Trip("supply-off", "the supply is off although it was not told so")
        if state.current.status is not Status.OK:
            return None
        return self._check_field(state.current.value)

    def _check_field(self, current: float) -> Trip | None:
        limits = self.limits
        if limits.current_max is not None and current > limits.current_max:
            return Trip("current", f"the supply current is {current:.2f} A (limit {limits.current_max:g} A)")
        if self._line is None:
            return None
        amplitude = self._line.field(current)
        if amplitude > limits.field_max:
            return Trip(
                "field", f"the field is {amplitude / 1e3:.3g} kA/m (limit {limits.field_max / 1e3:g} kA/m)"
            )
        product = amplitude * self._frequency
        if product > limits.field_frequency_max:
            return Trip(
                "field-frequency",
                f"H x f is {product:.3g} A/(m s) (limit {limits.field_frequency_max:.3g} A/(m s))",
            )
        return None

    def _temperature_trip(self, name: str, value: float) -> Trip | None:
        limits = self.limits
        if value > limits.temperature_max:
            return Trip(
                "temperature", f"probe {name} reads {value:.2f} degC (limit {limits.temperature_max:g} degC)"
            )
        if limits.temperature_min is not None and value < limits.temperature_min:
            return Trip(
                "temperature-low",
                f"probe {name} reads {value:.2f} degC (lower limit {limits.temperature_min:g} degC)",
            )
        return None

    def _check_rate(self, probe: _Probe, reading: Reading) -> Trip | None:
        good = probe.good
        good.append((reading.received_ns, reading.value))
        while reading.received_ns - good[0][0] > RATE_WINDOW_S * NS and len(good) > RATE_POINTS:
            good.popleft()
        span = (good[-1][0] - good[0][0]) / NS
        if len(good) < RATE_POINTS or span < RATE_SPAN_S:
            return None
        rate = (good[-1][1] - good[0][1]) / span
        if rate > self.limits.rate_max:
            return Trip(
                "rate",
                f"probe {reading.channel} rises at {rate:.2f} K/s (limit {self.limits.rate_max:g} K/s)",
            )
        return None

    @staticmethod
    def _why_not(probe: _Probe) -> str:
        return probe.last_status.text if probe.bad_in_a_row else "no reading has arrived yet"
