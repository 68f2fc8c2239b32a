"""Between a byte stream and an instrument: framing, faults, delays, wire log, the same on every link."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TextIO

from mocks import faults as kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from mocks.clock import LabClock
    from mocks.faults import FaultBox


class HangUpError(Exception):
    """The device drops the connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes of an answer (empty: none), sent after ``delay_s`` of wall time, and what to do after that."""

    data: bytes = b""
    delay_s: float = 0.0
    then: Callable[[], None] | None = None


class Framer(Protocol):
    """Cuts a byte stream into requests; keeps what is incomplete."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes, return the requests they complete."""


class Device(Protocol):
    """An instrument, independent of the link: requests in, answers out.

    Attributes:
        name: As in the start line and on the control port.
        faults: What is broken.
        powered: Without power nothing is heard or answered.
    """

    name: str
    faults: FaultBox
    powered: bool

    def framer(self) -> Framer:
        """A framer for a new connection."""

    def handle(self, request: bytes, session: int, *, refuse: bool) -> Reply:
        """Carry out one request; ``refuse`` is the fault that declines it in the protocol's words."""

    def session_closed(self, session: int) -> None:
        """A connection is gone."""


class WireLog:
    """Everything on the wire, one JSON object per line: instant, lab time, device, link, direction, bytes.

    Args:
        stream: Where to write; None writes nothing.
        clock: For both times.
    """

    def __init__(self, stream: TextIO | None, clock: LabClock) -> None:
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()

    def note(self, device: str, link: str, direction: str, data: bytes) -> None:
        """Write one chunk; ``direction`` is ``rx`` (to the instrument), ``tx`` or ``event``."""
        now = self._clock.now_ns()
        entry = {
            "monotonic_ns": now,
            "lab_s": round(self._clock.lab_seconds(now), 6),
            "device": device,
            "link": link,
            "direction": direction,
            "hex": data.hex(" "),
            "text": data.decode("ascii", "backslashreplace"),
        }
        with self._lock:
            if self._stream is None:
                return
            try:
                self._stream.write(json.dumps(entry) + "\n")
                self._stream.flush()
            except OSError as error:
                self._stream = None  # the instruments go on; what is missing in the log is said once
                sys.stderr.write(f"mocks: the wire log ends here: {error.strerror}.\n")

    def close(self) -> None:
        """Write no more."""
        with self._lock:
            self._stream = None


_session_numbers = itertools.count(1)


class Conversation:
    """One connection with an instrument.

    Args:
        device: The instrument.
        link: Name of the link in the wire log.
        send: Puts bytes on the link.
        wait: Waits a number of wall seconds, or less when the bench stops.
        log: The wire log.
        random: For garbage.
    """

    def __init__(
        self,
        device: Device,
        link: str,
        send: Callable[[bytes], None],
        wait: Callable[[float], object],
        log: WireLog,
        random: np.random.Generator,
    ) -> None:
        self.session = next(_session_numbers)
        self._device = device
        self._link = f"{link}#{self.session}"
        self._send = send
        self._wait = wait
        self._log = log
        self._random = random
        self._framer = device.framer()

    def receive(self, chunk: bytes) -> None:
        """Take bytes from the link and answer every request they complete.

        Raises:
            HangUpError: A fault wants the connection closed.
        """
        self._log.note(self._device.name, self._link, "rx", chunk)
        for request in self._framer.feed(chunk):
            if not self._device.powered:
                continue
            reply = self._answer(request)
            if reply.data:
                self._log.note(self._device.name, self._link, "tx", reply.data)
                self._send(reply.data)
            if reply.then is not None:
                reply.then()

    def close(self) -> None:
        """The link is gone."""
        self._device.session_closed(self.session)

    def _answer(self, request: bytes) -> Reply:
        """What reaches the client, after what the faults do to it."""
        fault = self._device.faults.take()
        kind = "" if fault is None else fault.kind
        if kind == kinds.DISCONNECT:
            raise HangUpError
        if kind == kinds.SILENT:
            return Reply()
        if fault is not None and kind == kinds.SLOW:
            self._wait(fault.delay_s)
        reply = self._device.handle(request, self.session, refuse=kind == kinds.EXCEPTION)
        if reply.delay_s > 0.0:
            self._wait(reply.delay_s)
        return replace(reply, data=self._spoil(kind, reply.data))

    def _spoil(self, kind: str, data: bytes) -> bytes:
        if kind == kinds.DEAF_MUTE:
            return b""
        if kind == kinds.GARBAGE and data:
            return self._random.bytes(int(self._random.integers(1, 20)))
        if kind == kinds.BAD_CRC and data:
            return data[:-1] + bytes([data[-1] ^ 0xFF])
        if kind == kinds.HALF_REPLY:
            return data[: len(data) // 2]
        return data
