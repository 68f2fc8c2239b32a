"""Faults of one device: which are active, until when, and for how many requests."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mocks.clock import NS_PER_S
from mocks.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What happens to bytes on the wire, whatever the instrument is:
SILENT = "silent"  # the request is lost: not carried out, not answered
GARBAGE = "garbage"  # carried out, the answer is random bytes
BAD_CRC = "bad-crc"  # carried out, the last byte of the answer is wrong (only where there is a check sum)
HALF_REPLY = "half-reply"  # carried out, only the first half of the answer arrives
SLOW = "slow"  # carried out and answered after `delay` seconds
EXCEPTION = "exception"  # refused in the words of the protocol: Modbus exception 2, EER 200
DISCONNECT = "disconnect"  # connections are closed, new ones at once
DEAF_MUTE = "silent-off-works"  # carried out, never answered
WIRE_FAULTS = frozenset({SILENT, GARBAGE, BAD_CRC, HALF_REPLY, SLOW, EXCEPTION, DISCONNECT, DEAF_MUTE})


@dataclass(slots=True)
class Fault:
    """One active fault; ``until_ns`` and ``remaining`` are None where there is no such bound."""

    kind: str
    until_ns: int | None
    remaining: int | None
    delay_s: float

    def document(self, now_ns: int) -> dict[str, Any]:
        """For the control port."""
        left = None if self.until_ns is None else (self.until_ns - now_ns) / NS_PER_S
        return {"kind": self.kind, "seconds_left": left, "count_left": self.remaining, "delay": self.delay_s}


class FaultBox:
    """The faults of one device; safe to use from several threads.

    Args:
        device: Its name, for error sentences.
        kinds: The faults it can have.
        now_ns: Monotonic nanoseconds (wall time: a fault lasts as long for a client at any speed).
    """

    def __init__(self, device: str, kinds: Iterable[str], now_ns: Callable[[], int]) -> None:
        self.device = device
        self.kinds = frozenset(kinds)
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def inject(
        self, kind: str, seconds: float | None = None, count: int | None = None, delay_s: float = 1.0
    ) -> None:
        """Start a fault; without ``seconds`` and ``count`` it lasts until it is cleared.

        Raises:
            RequestError: The device cannot have this fault.
        """
        if kind not in self.kinds:
            known = ", ".join(sorted(self.kinds))
            raise RequestError(f"the {self.device} has no fault {kind!r}; it has {known}.")
        until = None if seconds is None else self._now_ns() + round(seconds * NS_PER_S)
        with self._lock:
            self._faults.append(Fault(kind, until, count, delay_s))

    def clear(self) -> None:
        """End all faults of the device."""
        with self._lock:
            self._faults.clear()

    def has(self, kind: str) -> bool:
        """Whether a fault of this kind is active."""
        with self._lock:
            return any(fault.kind == kind for fault in self._active())

    def take(self, kinds: frozenset[str] = WIRE_FAULTS) -> Fault | None:
        """The oldest active fault among ``kinds`` for one request, which counts against its ``count``."""
        with self._lock:
            for fault in self._active():
                if fault.kind in kinds:
                    if fault.remaining is not None:
                        fault.remaining -= 1
                    return fault
            return None

    def documents(self) -> list[dict[str, Any]]:
        """The active faults, for the control port."""
        with self._lock:
            return [fault.document(self._now_ns()) for fault in self._active()]

    def _active(self) -> list[Fault]:
        now = self._now_ns()
        self._faults = [
            fault
            for fault in self._faults
            if (fault.until_ns is None or now < fault.until_ns)
            and (fault.remaining is None or fault.remaining > 0)
        ]
        return self._faults
