"""A guard that owns the supply of a simulated bench, driven the way the engine drives it."""

import json
import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amfdaq.cli.bench import Bench
from amfdaq.field import CoilLine
from amfdaq.limits import Limits
from amfdaq.reading import NAN, Reading, Status
from amfdaq.run.guard_link import GuardDied, GuardLink, GuardOrder, GuardSaid

LINE = CoilLine(959.4, 0.0, 0.0, 0.0, 0.0, 255e3, 275e3, 14.1)
LIMITS = Limits(
    temperature_max=60.0, rate_max=3.0, field_max=16e3, field_frequency_max=5e9, time_on_max=600.0,
    stale_after=2.0, heartbeat=1.0, lost_readings=3, current_max=14.1,
)  # fmt: skip


class Driver:
    """Stands where the engine stands: sends heartbeats with a temperature, and collects what the guard says."""

    def __init__(self, bench: Bench, folder: Path, limits: Limits) -> None:
        self.bench = bench
        self.journal = folder / "x.guard.journal"
        self.inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.said: list[dict[str, Any]] = []
        self.temperature: float | None = 25.0
        options = json.dumps(
            {
                "generator": bench.ready["generator"]["tcp"], "psu": bench.ready["psu"]["tcp"],
                "coil": 2, "capacitor": "26 nF", "amplitude": "10 V", "wave": "SINE",
            }
        )  # fmt: skip
        order = GuardOrder(
            "magnetherm",
            "magnetherm",
            options,
            limits,
            ("core",),
            3.0,
            1.0,
            0,
            time.monotonic_ns(),
            self.journal,
        )
        self.link = GuardLink(order, self.inbox)

    def beat(self) -> None:
        now = time.monotonic_ns()
        value = self.temperature
        reading = (
            Reading("core", value, Status.OK, now, now, now)
            if value is not None
            else Reading("core", NAN, Status.PROBE_FAULT, now, now, now)
        )
        self.link.beat([reading])

    def until(self, kind: str, timeout: float = 8.0, *, beat: bool = True) -> dict[str, Any]:
        """Go on (with heartbeats) until the guard says this."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if beat:
                self.beat()
            try:
                item = self.inbox.get(timeout=0.05)
            except queue.Empty:
                continue
            if isinstance(item, GuardDied):
                if kind == "died":
                    return {}
                raise AssertionError(f"the guard died while {kind} was expected; it said {self.said}")
            assert isinstance(item, GuardSaid)
            if item.message["kind"] != "supply":
                self.said.append(item.message)
            if item.message["kind"] == kind:
                return item.message
        raise AssertionError(f'the guard did not say "{kind}" within {timeout} s; it said {self.said}')

    def heat(self) -> None:
        """Open, arm and switch on."""
        self.until("opened")
        self.link.arm(265e3, 10.0, LINE)
        self.until("armed")
        self.link.on()
        self.until("on")
        assert self.state()["output_on"] is True

    def state(self) -> dict[str, Any]:
        return self.bench.ask(cmd="state")

    def off_after(self, since_ns: int, timeout: float = 5.0) -> float:
        """Seconds from an instant until the bench lost its field."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            state = self.state()
            if not state["output_on"] and state["last_off_ns"] is not None:
                return float(state["last_off_ns"] - since_ns) / 1e9
            time.sleep(0.01)
        raise AssertionError("the field is still on")


Guarded = Callable[..., Driver]
