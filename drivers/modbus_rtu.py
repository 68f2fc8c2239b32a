"""Modbus RTU, as much as amfdaq needs: reading holding registers (function 3) over a `Link`.

Framing: MODBUS over Serial Line V1.02, section 2.5.1; function 3 and exceptions: MODBUS Application Protocol
V1.1b3, sections 6.3 and 7. ADR 0004 says why this is not minimalmodbus.
"""

from __future__ import annotations

import struct
from typing import Final

from amfdaq.errors import InstrumentRefused, LinkTimeout, ReplyError
from drivers.link import Link, show

# A frame ends with 3.5 characters of silence: 4.0 ms at 9600 baud and 11 bits each; at 115200 the standard
# asks for 1.75 ms.
SILENCE: Final = 0.0041  # s
_READ: Final = 3
_EXCEPTIONS: Final = {
    1: "it does not know the function",
    2: "it has no such register",
    3: "it does not allow the value",
    4: "it failed",
    5: "it needs more time",
    6: "it is busy",
}


def crc16(data: bytes) -> int:
    """CRC of a frame: polynomial 0xA001 (reflected 0x8005), start 0xFFFF; 0x4B37 for ``b"123456789"``."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def with_crc(body: bytes) -> bytes:
    """A frame: the body and its CRC, low byte first."""
    return body + struct.pack("<H", crc16(body))


def read_request(slave: int, start: int, count: int) -> bytes:
    """The frame that asks for ``count`` holding registers from ``start`` (counted from 0)."""
    return with_crc(struct.pack(">BBHH", slave, _READ, start, count))


def read_registers(link: Link, slave: int, start: int, count: int) -> tuple[int, ...]:
    """Read holding registers.

    Args:
        link: with no stale input.
        slave: address of the instrument, 1 to 247.
        start: first register, counted from 0.
        count: number of registers, 1 to 125.

    Returns:
        the registers, each 0 to 65535.

    Raises:
        LinkTimeout: nothing came.
        LinkLost: the link is gone.
        ReplyError: what came is damaged, incomplete, or the answer to something else.
        InstrumentRefused: the instrument answered with an exception.
    """
    request = read_request(slave, start, count)
    link.write(request)
    frame = b""
    try:
        frame = link.read_exactly(5)  # the length of an exception, the shortest reply
        if frame[:3] == bytes((slave, _READ, 2 * count)):
            frame += link.read_exactly(2 * count)
    except LinkTimeout as error:
        if frame or link.pending:  # something came, so the instrument is there and asking again may help
            raise ReplyError(f"{_who(link, request)}: the reply is incomplete; {_ADVICE}") from error
        raise
    return _registers(link, request, frame)


_ADVICE: Final = "if it happens often, check the cable, its shield and the serial settings"


def _registers(link: Link, request: bytes, frame: bytes) -> tuple[int, ...]:
    slave, count = request[0], struct.unpack(">H", request[4:6])[0]
    if with_crc(frame[:-2]) != frame:
        raise ReplyError(f"{_who(link, request)}: the reply {show(frame)} is damaged (CRC); {_ADVICE}")
    if frame[0] != slave:
        raise ReplyError(
            f"{_who(link, request)}: slave {frame[0]} answered in place of slave {slave}; {_ADVICE}"
        )
    if frame[1] == _READ | 0x80:
        meaning = _EXCEPTIONS.get(frame[2], "a code without a meaning in the standard")
        raise InstrumentRefused(
            f"{_who(link, request)}: the instrument answered with exception {frame[2]} ({meaning}); "
            "check the model and the slave address"
        )
    if frame[1] != _READ or frame[2] != 2 * count or len(frame) != 5 + 2 * count:
        raise ReplyError(f"{_who(link, request)}: the reply {show(frame)} answers something else; {_ADVICE}")
    return struct.unpack(f">{count}H", frame[3:-2])


def _who(link: Link, request: bytes) -> str:
    start, count = struct.unpack(">HH", request[2:6])
    return f"{link.name} ({link.address}), reading registers {start} to {start + count - 1}"
