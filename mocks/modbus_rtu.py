"""Modbus RTU as a slave sees it: check sum, frames cut out of a byte stream, answers.

Facts from the Modbus application protocol 1.1b3 and the serial-line guide 1.02; see also the instruments
docs/instruments.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READ_HOLDING_REGISTERS = 3
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
MAX_REGISTERS = 125
MAX_FRAME = 256
MIN_FRAME = 4  # id, function, check sum
_FIXED_FRAME = 8  # functions 1 to 6: id, function, two words, check sum
_GAP_NS = 200_000_000  # far more than 3.5 characters: pieces of a frame may come late through a network


def crc(data: bytes) -> bytes:
    """Check sum of a frame as it goes on the wire, low byte first (polynomial 0xA001, start 0xFFFF)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def seal(body: bytes) -> bytes:
    """A frame: the body with its check sum."""
    return body + crc(body)


def exception(slave: int, function: int, code: int) -> bytes:
    """An exception answer."""
    return seal(bytes([slave, function | 0x80, code]))


def is_sealed(frame: bytes) -> bool:
    """Whether the last two bytes are the check sum of the others."""
    return len(frame) >= MIN_FRAME and crc(frame[:-2]) == frame[-2:]


class RtuFramer:
    """Finds requests in a stream that may come in pieces, with noise before them or from a client that died.

    A request of a known function has 8 bytes; one of another function is recognised when all that has
    arrived carries a right check sum. Whatever never becomes a frame is forgotten after a pause. A frame
    with a wrong check sum is so simply never one: a slave must not answer it.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._buffer = b""
        self._last_ns = now_ns()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return complete frames with a right check sum, whoever they are for."""
        now = self._now_ns()
        if now - self._last_ns > _GAP_NS:
            self._buffer = b""
        self._last_ns = now
        self._buffer += chunk
        frames = []
        while frame := self._next():
            frames.append(frame)
        self._buffer = self._buffer[-MAX_FRAME:]
        return frames

    def _next(self) -> bytes:
        for start in range(len(self._buffer) - _FIXED_FRAME + 1):
            frame = self._buffer[start : start + _FIXED_FRAME]
            if 1 <= frame[1] <= 6 and is_sealed(frame):
                self._buffer = self._buffer[start + _FIXED_FRAME :]
                return frame
        if is_sealed(self._buffer):
            frame, self._buffer = self._buffer, b""
            return frame
        return b""
