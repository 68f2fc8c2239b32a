"""What a run looks like when it is read: its header, its events, its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from amfdaq.curve import FloatArray
from amfdaq.reading import Status
from amfdaq.store.layout import VERSION
from amfdaq.store.records import ChannelSpec


@dataclass(frozen=True, slots=True)
class RunEvent:
    """Something that happened in a run.

    Attributes:
        time: s from the origin of the run.
        kind: such as ``"field-on"``.
        text: a sentence for people.
        data: plain data for programs.
        source: which process wrote it: ``"engine"`` or ``"guard"``.
    """

    time: float
    kind: str
    text: str
    data: dict[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class ChannelData:
    """The readings of a channel: arrays of shape (n,), all times in s from the origin of the run.

    Attributes:
        spec: name, unit, long name, quantity and instrument.
        rate: slots per second, or None when unknown.
        time: the instant each value stands for, midway between request and reply.
        value: in ``spec.unit``; NaN where the reading failed.
        status: what each value is worth (`amfdaq.reading.Status`).
        scheduled: the slot on the grid.
        sent: when the request was sent.
        received: when the reply was complete.
    """

    spec: ChannelSpec
    rate: float | None
    time: FloatArray
    value: FloatArray
    status: npt.NDArray[np.uint8]
    scheduled: FloatArray
    sent: FloatArray
    received: FloatArray

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self.spec.name

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.spec.unit

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """Where the reading succeeded."""
        return np.asarray(self.status == Status.OK)


@dataclass(frozen=True, slots=True)
class Header:
    """What is read at once when a run is opened.

    Attributes:
        status: one of `amfdaq.store.content.RUN_STATUSES`.
        reason: why.
        title: of the run.
        end_time: ISO 8601, or "" when unknown.
        meta: the whole metadata record.
        specs: the channels, in the order they are in the file or were declared.
        events: sorted by time.
        sha256: hash of the raw data as it was written; "" when the run is not finished.
        last: the last time known of the run, s.
        version: of the layout.
    """

    status: str
    reason: str
    title: str
    end_time: str
    meta: dict[str, Any]
    specs: tuple[ChannelSpec, ...]
    events: tuple[RunEvent, ...]
    sha256: str = ""
    last: float = 0.0
    version: int = VERSION
