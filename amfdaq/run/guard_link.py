"""The engine's side of the guard: start it, talk to it, notice its death, and take over when it dies."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amfdaq.clock import SystemClock
from amfdaq.errors import AmfdaqError
from amfdaq.field import CoilLine
from amfdaq.instruments import OffReport, Supply, restore_driver
from amfdaq.limits import Limits
from amfdaq.reading import Reading
from amfdaq.run import messages

SILENT_S = 4.0  # real seconds; switching off a supply that hangs keeps the guard busy for up to 2.5 s


@dataclass(frozen=True, slots=True)
class GuardSaid:
    """A message of the guard."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GuardDied:
    """The guard's output has ended without ``closed``."""


@dataclass(frozen=True, slots=True)
class GuardOrder:
    """What the guard needs to know to own the supply.

    Attributes:
        supply_name: of the supply in the rig.
        driver: registered name of its driver.
        options: validated options of the driver, as JSON.
        limits: of the rig.
        probes: temperature channels to watch.
        rate: readings of the supply per second of the run's clock.
        speed: speed of the run's clock.
        clock_origin_ns: where the run's clock agrees with the system's (`ScaledClock`); means nothing at speed 1.
        origin_ns: origin of the run's times and grid, on the run's clock.
        journal: path of the guard's own journal.
    """

    supply_name: str
    driver: str
    options: str
    limits: Limits
    probes: tuple[str, ...]
    rate: float
    speed: float
    clock_origin_ns: int
    origin_ns: int
    journal: Path


def detached() -> dict[str, Any]:
    """Arguments of ``Popen`` that keep a child out of reach of the terminal's Ctrl-C and hang-up."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}


class GuardLink:
    """A running guard.

    Args:
        order: what it shall own and watch.
        inbox: where `GuardSaid` and `GuardDied` go.
    """

    def __init__(self, order: GuardOrder, inbox: queue.SimpleQueue[Any]) -> None:
        self.order = order
        self._inbox = inbox
        self._closed = False
        self._heard = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "amfdaq.run.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **detached(),
        )
        self._thread = threading.Thread(target=self._read, name="guard", daemon=True)
        self._thread.start()
        self._send(
            "start",
            supply_name=order.supply_name,
            driver=order.driver,
            options=order.options,
            limits=order.limits.to_json(),
            probes=list(order.probes),
            rate=order.rate,
            speed=order.speed,
            clock_origin_ns=order.clock_origin_ns,
            origin_ns=order.origin_ns,
            journal=str(order.journal),
        )

    @property
    def pid(self) -> int:
        """Process number of the guard."""
        return self._process.pid

    def beat(self, readings: Iterable[Reading]) -> None:
        """Heartbeat with the newest temperature readings."""
        self._send("beat", wall_ns=time.monotonic_ns(), readings=messages.pack(readings))

    def arm(self, frequency: float, current: float, line: CoilLine | None) -> None:
        """Set frequency (Hz) and current (A); the guard answers ``armed`` or ``refused``."""
        self._send("arm", frequency=frequency, current=current, line=line.to_json() if line else None)

    def on(self) -> None:
        """Field on; the guard answers ``on`` or ``refused``."""
        self._send("on")

    def off(self, reason: str) -> None:
        """Field off; the guard answers ``off`` once the supply has confirmed."""
        self._send("off", reason=reason)

    def finish(self) -> None:
        """Switch off if need be and end; the guard answers ``closed``."""
        self._send("finish")

    @property
    def hung(self) -> bool:
        """It runs but has said nothing for too long; a guard that works says something twice a second."""
        return self._process.poll() is None and time.monotonic() - self._heard > SILENT_S

    def kill(self) -> None:
        """End a guard that hangs, so that it lets go of the supply."""
        self._process.kill()

    def wait(self, timeout: float) -> int | None:
        """Exit code of the guard, or None when it still runs after ``timeout`` real seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                self._thread.join(1.0)
                try:
                    stream.close()
                except OSError:
                    continue  # the pipe broke with the guard; there is nothing left to close
        return code

    def take_over(self) -> OffReport:
        """The guard is dead: open the supply in this process and switch it off.

        Returns:
            what became of it; never raises.
        """
        try:
            supply: Supply = restore_driver(self.order.driver, self.order.options, SystemClock())
        except AmfdaqError as error:
            return OffReport(confirmed=False, parts=(str(error),))
        report = supply.off()  # opens the links by itself; identities can wait
        supply.close()
        return report

    def _send(self, kind: str, **fields: Any) -> None:
        stream = self._process.stdin
        if stream is None or stream.closed:
            return
        try:
            stream.write(messages.encode(kind, **fields))
            stream.flush()
        except OSError:
            return  # the guard is dead: its end of file says so through the inbox

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        for line in stream:
            try:
                message = messages.decode(line)
            except (ValueError, json.JSONDecodeError):
                break
            self._heard = time.monotonic()
            self._closed = self._closed or message["kind"] == "closed"
            if message["kind"] != "alive":
                self._inbox.put(GuardSaid(message))
        if not self._closed:
            self._inbox.put(GuardDied())
