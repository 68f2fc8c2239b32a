"""The bench put together: one laboratory, three instruments on their links, the control port."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks import faults as kinds
from mocks.control import Control
from mocks.endpoints import PtyEndpoint, TcpEndpoint
from mocks.laboratory import Laboratory
from mocks.osensa import Osensa
from mocks.truth import as_document, stream
from mocks.tti_generator import TtiGenerator
from mocks.tti_psu import TRIP_OCP, TRIP_OVP, TtiPsu
from mocks.wire import Conversation, WireLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from mocks.clock import LabClock
    from mocks.config import BenchTables
    from mocks.wire import Device

TICK_S = 0.05  # wall time between two looks at what happens by itself
_AT_ONCE = frozenset({TRIP_OVP, TRIP_OCP})  # faults that are an event, not a condition


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports; 0 takes a free one."""

    osensa: int = 0
    generator: int = 0
    psu: int = 0
    control: int = 0


class Bench:
    """A running bench.

    Args:
        nominal: The bench file.
        seed: Draws true values and noise.
        clock: Lab time.
        ports: TCP ports.
        pty: Whether to offer pseudo-terminals too, where the system has them.
        log: Stream for the wire log, or None.

    Raises:
        StartError: A port is taken.
    """

    def __init__(
        self,
        nominal: BenchTables,
        seed: int,
        clock: LabClock,
        ports: Ports,
        *,
        pty: bool = True,
        log: TextIO | None = None,
    ) -> None:
        self._seed = seed
        self.laboratory = Laboratory(nominal, seed, clock)
        self.osensa = Osensa(self.laboratory)
        self.devices: dict[str, Osensa | TtiGenerator | TtiPsu] = {
            "osensa": self.osensa,
            "generator": TtiGenerator(self.laboratory),
            "psu": TtiPsu(self.laboratory),
        }
        self.stopping = threading.Event()
        self._log = WireLog(log, clock)
        self._tcp = {
            name: TcpEndpoint(device, self._talker(device), getattr(ports, name))
            for name, device in self.devices.items()
        }
        control = Control(self, self.stopping.set)
        self._control = TcpEndpoint(control, self._talker(control), ports.control)
        offered = self.devices if pty and hasattr(os, "openpty") else {}
        self._pty: dict[str, PtyEndpoint] = {
            name: PtyEndpoint(device, self._talker(device)) for name, device in offered.items()
        }

    def start(self) -> None:
        """Open all links."""
        for endpoint in self._endpoints():
            endpoint.start()

    def run(self) -> None:
        """Keep the bench going until something sets ``stopping``."""
        while not self.stopping.wait(TICK_S):
            self.laboratory.advance()
            for device in self.devices.values():
                device.tick()
            for pty in self._pty.values():
                pty.refresh()

    def close(self) -> None:
        """Close all links."""
        self.stopping.set()
        for endpoint in self._endpoints():
            endpoint.close()
        self._log.close()

    def inject(
        self, name: str, kind: str, *, seconds: float | None, count: int | None, delay_s: float
    ) -> None:
        """Break a device.

        Raises:
            RequestError: It cannot break like that.
        """
        device = self.devices[name]
        device.faults.inject(kind, seconds, 1 if kind in _AT_ONCE else count, delay_s)
        self._log.note(name, "control", "event", f"fault {kind}".encode())
        device.tick()
        if kind == kinds.DISCONNECT:
            if count is not None:
                device.faults.take(frozenset({kind}))  # hanging up now is the first of them
            self._tcp[name].hang_up()
            if name in self._pty:
                self._pty[name].hang_up()

    def clear(self, name: str) -> None:
        """End the faults of a device."""
        self.devices[name].faults.clear()
        self._log.note(name, "control", "event", b"faults cleared")
        self.devices[name].tick()
        if name in self._pty:
            self._pty[name].refresh()

    def addresses(self) -> dict[str, Any]:
        """Links of each device, and ``host:port`` of the control port."""
        links: dict[str, Any] = {name: {"tcp": endpoint.address} for name, endpoint in self._tcp.items()}
        for name, pty in self._pty.items():
            links[name]["serial"] = pty.address
        return links | {"control": self._control.address.removeprefix("tcp://")}

    def ready(self) -> dict[str, Any]:
        """The start line."""
        clock = self.laboratory.clock
        return {
            "ready": True,
            "pid": os.getpid(),
            "speed": clock.speed,
            "start_ns": clock.start_ns,
            "seed": self._seed,
            **self.addresses(),
            "truth": self.laboratory.truth(),
            "bench": as_document(self.laboratory.nominal),
        }

    def _endpoints(self) -> list[TcpEndpoint | PtyEndpoint]:
        return [*self._pty.values(), *self._tcp.values(), self._control]

    def _talker(self, device: Device) -> Callable[[str, Callable[[bytes], None]], Conversation]:
        def talk(link: str, send: Callable[[bytes], None]) -> Conversation:
            random = stream(self._seed, f"garbage {device.name}")
            return Conversation(device, link, send, self.stopping.wait, self._log, random)

        return talk
