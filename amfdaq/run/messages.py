"""What engine and guard say to each other: one JSON object per line over the guard's standard input and output.

Engine to guard: ``start`` (first), ``beat`` (heartbeat with the newest temperature readings), ``arm``, ``on``, ``off``, ``finish``.
Guard to engine: ``opened``, ``armed``, ``on``, ``off``, ``refused``, ``tripped``, ``supply`` (readings), ``alive`` (twice a
second), ``alarm`` (the supply does not confirm that it is off), ``closed``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from amfdaq.reading import NAN, Reading, Status


def encode(kind: str, **fields: Any) -> bytes:
    """One message as a line of JSON; NaN is not allowed in it."""
    return json.dumps({"kind": kind, **fields}, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line.

    Raises:
        ValueError: it is not a message (a torn line after the other side died).
    """
    message = json.loads(line)
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ValueError(f"not a message: {line[:80]!r}")  # noqa: TRY004 callers decide on one kind of error
    return message


def pack(readings: Iterable[Reading]) -> list[list[Any]]:
    """Readings as plain lists; a failed reading has null as its value."""
    return [
        [
            r.channel,
            r.value if math.isfinite(r.value) else None,
            int(r.status),
            r.scheduled_ns,
            r.sent_ns,
            r.received_ns,
        ]
        for r in readings
    ]


def unpack(rows: Iterable[list[Any]]) -> list[Reading]:
    """The readings that `pack` packed."""
    return [
        Reading(channel, NAN if value is None else float(value), Status(status), scheduled, sent, received)
        for channel, value, status, scheduled, sent, received in rows
    ]
