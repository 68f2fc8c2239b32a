"""The DC supply as hardware: limits, regulation, trips and an output switch that may stick."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mocks.config import SupplyTable

# factory state (docs/instruments.md)
FACTORY_VOLTAGE_V = 0.0
FACTORY_CURRENT_A = 1.0
FACTORY_OVP_V = 65.0
FACTORY_OCP_A = 55.0


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What the output does: V, A and the regulation ``off``, ``cv``, ``cc`` or ``unregulated``."""

    voltage_V: float = 0.0
    current_A: float = 0.0
    mode: str = "off"


class Supply:
    """Settings, output switch and trips of the supply.

    Attributes:
        commanded: What the last command asked of the output.
        closed: Whether the output switch is really closed.
        stuck: The switch does not open when commanded (a fault).
        tripped: ``""``, ``"ovp"`` or ``"ocp"``; the output stays off until the trip is reset.
        events: Limit events since they were last taken: ``cv cc unregulated ovp ocp``.
        point: The present operating point.
    """

    def __init__(self, table: SupplyTable) -> None:
        self.table = table
        self.stuck = False
        self.events: set[str] = set()
        self.point = OperatingPoint()
        self.closed = False
        self.factory()

    def factory(self) -> None:
        """Back to the factory settings, output commanded off."""
        self.voltage_V = FACTORY_VOLTAGE_V
        self.current_A = FACTORY_CURRENT_A
        self.ovp_V = FACTORY_OVP_V
        self.ocp_A = FACTORY_OCP_A
        self.commanded = False
        self.tripped = ""

    def lose_power(self) -> None:
        """Mains off: no output whatever the switch does."""
        self.factory()
        self.closed = False
        self.events.clear()

    def trip(self, kind: str) -> None:
        """Protection ``ovp`` or ``ocp`` acts: the output opens, the event is noted."""
        self.tripped = kind
        self.commanded = False
        self.closed = False
        self.events.add(kind)

    def settle(self, load_ohm: float) -> OperatingPoint:
        """Bring switch, regulation and protection to rest on a load in ohm; returns the operating point."""
        if self.commanded:
            self.closed = not self.tripped
        elif not self.stuck:
            self.closed = False
        point = self._regulate(load_ohm) if self.closed else OperatingPoint()
        if point.voltage_V > self.ovp_V:
            self.trip("ovp")
            point = OperatingPoint()
        elif point.current_A > self.ocp_A:
            self.trip("ocp")
            point = OperatingPoint()
        if point.mode not in ("off", self.point.mode):
            self.events.add(point.mode)  # the register notes that a limit is entered
        self.point = point
        return point

    def _regulate(self, load_ohm: float) -> OperatingPoint:
        """Constant voltage, constant current, or the power limit, whichever gives least."""
        if math.isinf(load_ohm):
            return OperatingPoint(self.voltage_V, 0.0, "cv")
        by_voltage = self.voltage_V / load_ohm
        by_power = math.sqrt(self.table.power_max_W / load_ohm)
        current = min(by_voltage, self.current_A, by_power)
        if current == by_voltage:
            return OperatingPoint(self.voltage_V, current, "cv")
        return OperatingPoint(
            current * load_ohm, current, "cc" if current == self.current_A else "unregulated"
        )
