"""Reading the thermometers: one thread per instrument, each on its own grid, into the engine's inbox.

A read that fails becomes readings with a status; the thread goes on, and opens the link again with a bounded back-off.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import Any

from amfdaq.clock import NS, Clock
from amfdaq.errors import InstrumentError, LinkError
from amfdaq.instruments import Identity, Thermometer
from amfdaq.reading import NAN, Reading, Sample, Status
from amfdaq.run.schedule import Grid
from amfdaq.run.status import status_of

REOPEN_AFTER = 3  # failed reads in a row before the link is opened again
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)  # real seconds between attempts to open


@dataclass(frozen=True, slots=True)
class ReadingsArrived:
    """Readings of one instrument at one slot."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link to an instrument was lost or came back; said once each time.

    Attributes:
        instrument: its name in the rig.
        up: True when it reads again.
        text: what happened.
    """

    instrument: str
    up: bool
    text: str


@dataclass(frozen=True, slots=True)
class ThreadFailed:
    """A reading thread ended with an error of our own; the run must not go on."""

    instrument: str
    text: str


class ProbeReader:
    """Reads one thermometer on its grid until stopped.

    Args:
        name: of the instrument in the rig.
        driver: the thermometer, opened by `open`.
        channels: name of each of the driver's channels in the run, in the driver's order; None for one that is not recorded.
        rate: readings per second of the run's clock.
        clock: of the run.
        origin_ns: origin of the grid.
        inbox: where `ReadingsArrived`, `LinkChanged` and `ThreadFailed` go.
    """

    def __init__(
        self,
        name: str,
        driver: Thermometer,
        channels: tuple[str | None, ...],
        rate: float,
        clock: Clock,
        origin_ns: int,
        inbox: queue.SimpleQueue[Any],
    ) -> None:
        self.name = name
        self.driver = driver
        self.channels = channels
        self.grid = Grid(origin_ns, rate)
        self._clock = clock
        self._inbox = inbox
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"probe {name}", daemon=True)
        self._failures = 0
        self._down = False

    def open(self) -> Identity:
        """Open the link and identify the instrument.

        Raises:
            InstrumentError: nobody, or somebody else, answers.
        """
        return self.driver.open()

    def start(self) -> None:
        """Begin to read; slots before now do not count as missed."""
        self.grid.skip_to(self._clock.now_ns())
        self._thread.start()

    def stop(self) -> None:
        """Stop reading and close the link."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self.driver.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                slot = self.grid.take(self._clock.now_ns())
                if self._clock.wait_until(slot, self._stop):
                    return
                self._read(slot)
        except Exception as error:  # noqa: BLE001 a thread must hand every failure over; the engine switches off and fails
            self._inbox.put(ThreadFailed(self.name, f"{type(error).__name__}: {error}"))

    def _read(self, slot_ns: int) -> None:
        sent = self._clock.now_ns()
        try:
            samples = self.driver.read()
        except InstrumentError as error:
            self._failed(error)
            samples = tuple(Sample(NAN, status_of(error)) for _ in self.channels)
            self._deliver(samples, slot_ns, sent)
            if isinstance(error, LinkError) and self._failures >= REOPEN_AFTER:
                self._reopen()
            return
        if self._down:
            self._down = False
            self._inbox.put(LinkChanged(self.name, up=True, text=f"{self.name} reads again"))
        self._failures = 0
        self._deliver(samples, slot_ns, sent)

    def _deliver(self, samples: tuple[Sample, ...], slot_ns: int, sent_ns: int) -> None:
        received = self._clock.now_ns()
        self._inbox.put(
            ReadingsArrived(
                tuple(
                    Reading(channel, sample.value, sample.status, slot_ns, sent_ns, received)
                    for channel, sample in zip(self.channels, samples, strict=True)
                    if channel is not None
                )
            )
        )

    def _failed(self, error: InstrumentError) -> None:
        self._failures += 1
        if not self._down:
            self._down = True
            self._inbox.put(LinkChanged(self.name, up=False, text=str(error)))

    def _reopen(self) -> None:
        """Close and open the link until it answers; every slot that passes meanwhile gets its failed readings."""
        self.driver.close()
        attempt = 0
        while not self._stop.is_set():
            try:
                self.driver.open()
                return
            except InstrumentError as error:
                pause = BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)]
                attempt += 1
                self._pass_slots(status_of(error), pause)

    def _pass_slots(self, status: Status, wall_seconds: float) -> None:
        scale = self._clock.to_wall_seconds(1.0) or 1.0
        until = self._clock.now_ns() + round(wall_seconds / scale * NS)
        while not self._stop.is_set() and self.grid.peek() <= until:
            slot = self.grid.take(self._clock.now_ns())
            if self._clock.wait_until(slot, self._stop):
                return
            self._deliver(tuple(Sample(NAN, status) for _ in self.channels), slot, self._clock.now_ns())
        self._clock.wait_until(until, self._stop)
