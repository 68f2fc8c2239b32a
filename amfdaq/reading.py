"""Readings: one value of one channel with its times and its status.

A failed read is a status and NaN, never a number: the rule is enforced here, once, for every driver.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Final

NAN: Final = math.nan


class Status(enum.IntEnum):
    """What a reading is worth; the numbers are stored in run files and never change meaning."""

    OK = 0
    NO_REPLY = 1
    BAD_REPLY = 2
    LINK_LOST = 3
    PROBE_FAULT = 4
    OUT_OF_RANGE = 5
    REFUSED = 6
    MISSED = 7

    @property
    def text(self) -> str:
        """The status in words."""
        return _TEXT[self]


_TEXT: Final = {
    Status.OK: "ok",
    Status.NO_REPLY: "the instrument did not reply in time",
    Status.BAD_REPLY: "the reply could not be understood",
    Status.LINK_LOST: "the link to the instrument is lost",
    Status.PROBE_FAULT: "the instrument reports a probe fault",
    Status.OUT_OF_RANGE: "the value is outside the range of the instrument",
    Status.REFUSED: "the instrument refused the request",
    Status.MISSED: "the slot was missed",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What a driver returns for one channel: a value and a status, without times.

    Attributes:
        value: in the unit of the channel; NaN unless the status is OK.
        status: what the value is worth.
    """

    value: float
    status: Status = Status.OK

    def __post_init__(self) -> None:
        check_value(self.value, self.status)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one channel with its times.

    Attributes:
        channel: name of the channel, such as ``"core"`` or ``"current"``.
        value: in the unit of the channel; NaN unless the status is OK.
        status: what the value is worth.
        scheduled_ns: the slot on the grid it belongs to, ns of the run's clock.
        sent_ns: when the request was sent.
        received_ns: when the reply was complete.
    """

    channel: str
    value: float
    status: Status
    scheduled_ns: int
    sent_ns: int
    received_ns: int

    def __post_init__(self) -> None:
        check_value(self.value, self.status)

    @property
    def time_ns(self) -> int:
        """The instant the value stands for: midway between request and reply."""
        return (self.sent_ns + self.received_ns) // 2


def check_value(value: float, status: Status) -> None:
    """Enforce the rule of the file's head.

    Raises:
        ValueError: a number with a bad status, or a value that is not finite with status OK.
    """
    if (status is Status.OK) != math.isfinite(value):
        raise ValueError(f"a reading with status {status.name} cannot have the value {value!r}")
