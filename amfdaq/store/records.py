"""The records of a journal: what they hold and how they look as bytes (docs/file-format.md, "The journal").

A journal is a header of 24 bytes and then records, each framed by length and CRC-32; all little-endian::

    header: magic (8 bytes) | u32 version | u32 crc32(magic + version + origin) | i64 origin of the times,
    ns
    record: u32 length of the payload | u32 crc32(type byte + payload) | u8 type | payload

A reader stops at the first record that is incomplete or whose CRC is wrong: a torn tail is normal after a
power loss.
"""

from __future__ import annotations

import enum
import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MAGIC: Final = b"AMFDAQJ\n"
VERSION: Final = 1
HEADER: Final = struct.Struct("<8sIIq")
FRAME: Final = struct.Struct("<IIB")
ROW: Final = struct.Struct("<HHqqqd")
MAX_PAYLOAD: Final = 1 << 26  # no honest record is longer; a longer one is a damaged length

ROW_DTYPE: Final = np.dtype(
    [
        ("channel", "<u2"),
        ("status", "<u2"),
        ("scheduled", "<i8"),
        ("sent", "<i8"),
        ("received", "<i8"),
        ("value", "<f8"),
    ]
)
Rows = npt.NDArray[np.void]  # one-dimensional, of ROW_DTYPE


class RecordType(enum.IntEnum):
    """The type byte of a record; the numbers never change meaning."""

    META = 1
    CHANNEL = 2
    READINGS = 3
    EVENT = 4
    END = 5


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A channel as a journal declares it.

    Attributes:
        name: such as ``"core"`` or ``"current"``.
        unit: SI unit of its values; ``"degC"`` for temperatures.
        long_name: for the axis of a plot.
        quantity: such as ``"temperature"``, ``"current"``, ``"frequency"``.
        instrument: name of the instrument in the rig.
    """

    name: str
    unit: str
    long_name: str = ""
    quantity: str = ""
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run.

    Attributes:
        time_ns: when, ns of the run's clock.
        kind: such as ``"field-on"``, ``"field-off"``, ``"step"``, ``"trip"``.
        text: a sentence for people.
        data: plain data for programs.
        source: which process wrote it: ``"engine"`` or ``"guard"``.
    """

    time_ns: int
    kind: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    source: str = "engine"


@dataclass(frozen=True, slots=True)
class End:
    """The last record of a journal that was closed.

    Attributes:
        status: ``"finished"``, ``"aborted"`` or ``"failed"``.
        reason: why, in a sentence.
        time_ns: when, ns of the run's clock.
    """

    status: str
    reason: str
    time_ns: int


def encode_header(origin_ns: int) -> bytes:
    """The first 24 bytes of a journal; the origin is on the run's clock."""
    return HEADER.pack(MAGIC, VERSION, _header_crc(VERSION, origin_ns), origin_ns)


def decode_header(data: bytes) -> int:
    """Origin of the run's times in ns, from the first 24 bytes of a journal.

    Raises:
        ValueError: they are not the header of a journal of a known version; the text is a sentence.
    """
    magic, version, crc, origin_ns = HEADER.unpack_from(data)
    if magic != MAGIC or crc != _header_crc(version, origin_ns):
        raise ValueError("this is not a journal of amfdaq, or its first bytes are damaged")
    if version != VERSION:
        raise ValueError(
            f"the journal has version {version} and this amfdaq knows {VERSION}: use the newer one"
        )
    return int(origin_ns)


def _header_crc(version: int, origin_ns: int) -> int:
    return zlib.crc32(struct.pack("<8sIq", MAGIC, version, origin_ns))


def frame(kind: RecordType, payload: bytes) -> bytes:
    """A whole record, ready to be written.

    Raises:
        ValueError: the payload is longer than `MAX_PAYLOAD`.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a record of {len(payload)} bytes is too long, a journal allows {MAX_PAYLOAD}")
    return FRAME.pack(len(payload), _crc(kind, payload), kind) + payload


class Frame(enum.Enum):
    """What stands at an offset of a journal where no whole record does."""

    END = "the journal ends here"
    TORN = "a record is not complete"
    BAD = "a record is damaged"


def next_frame(data: bytes, offset: int) -> tuple[int, bytes, int] | Frame:
    """The record at an offset as (type, payload, offset of the next one), or what stands there instead."""
    head = offset + FRAME.size
    if head > len(data):
        return Frame.END if offset == len(data) else Frame.TORN
    length, crc, kind = FRAME.unpack_from(data, offset)
    if length > MAX_PAYLOAD:
        return Frame.BAD
    if head + length > len(data):
        return Frame.TORN
    payload = data[head : head + length]
    return (kind, payload, head + length) if _crc(kind, payload) == crc else Frame.BAD


def _crc(kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(bytes((kind,))))


def dump_json(data: Any) -> str:
    """Compact JSON of plain data; numpy values become numbers and lists, NaN and infinity become null.

    Raises:
        TypeError: something in it has no JSON form.
    """
    return json.dumps(_plain(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(data: Any) -> Any:
    if isinstance(data, (np.generic, np.ndarray)):
        data = data.tolist()  # numpy scalars give a Python number
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data


def encode_channel(number: int, channel: ChannelSpec) -> bytes:
    """Payload of a CHANNEL record."""
    return dump_json({"id": number, **asdict(channel)}).encode()


def decode_channel(payload: bytes) -> tuple[int, ChannelSpec]:
    """Number and channel of a CHANNEL record; keys of later versions are ignored.

    Raises:
        ValueError, KeyError: it is not one.
    """
    data = json.loads(payload)
    names = ("name", "unit", "long_name", "quantity", "instrument")
    return int(data["id"]), ChannelSpec(**{name: str(data[name]) for name in names})


def encode_event(event: Event) -> bytes:
    """Payload of an EVENT record; the source is known from the journal it stands in."""
    return dump_json(
        {"time_ns": event.time_ns, "kind": event.kind, "text": event.text, "data": event.data}
    ).encode()


def decode_event(payload: bytes, source: str) -> Event:
    """The event of an EVENT record.

    Raises:
        ValueError, KeyError: it is not one.
    """
    data = json.loads(payload)
    return Event(int(data["time_ns"]), str(data["kind"]), str(data["text"]), dict(data["data"]), source)


def decode_end(payload: bytes) -> End:
    """The content of an END record.

    Raises:
        ValueError, KeyError: it is not one.
    """
    data = json.loads(payload)
    return End(str(data["status"]), str(data["reason"]), int(data["time_ns"]))
