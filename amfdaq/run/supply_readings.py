"""What the supply reports, as readings of the run's channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from amfdaq.field import CoilLine
from amfdaq.instruments import SupplyState
from amfdaq.reading import NAN, Reading, Status
from amfdaq.store.records import ChannelSpec

CHANNELS = (
    ChannelSpec("current", "A", "supply current", "current"),
    ChannelSpec("voltage", "V", "supply voltage", "voltage"),
    ChannelSpec("field", "A/m", "field amplitude (peak)", "field"),
    ChannelSpec("frequency", "Hz", "field frequency (as set)", "frequency"),
)


@dataclass(frozen=True, slots=True)
class Times:
    """Slot, request and reply of one read, ns of the run's clock."""

    slot_ns: int
    sent_ns: int
    received_ns: int


def supply_readings(
    state: SupplyState | None, status: Status, times: Times, line: CoilLine | None
) -> list[Reading]:
    """Readings of one look at the supply.

    Args:
        state: what it reported, or None when the read failed.
        status: why it failed.
        times: of the read.
        line: of the coil, once the supply is armed; without it there is no field.
    """
    stamps = (times.slot_ns, times.sent_ns, times.received_ns)
    if state is None:
        return [Reading(spec.name, NAN, status, *stamps) for spec in CHANNELS]
    current, voltage = state.current, state.voltage
    rows = [
        Reading("current", current.value, current.status, *stamps),
        Reading("voltage", voltage.value, voltage.status, *stamps),
    ]
    if line is not None and current.status is Status.OK:
        field = line.field(current.value) if state.output else 0.0
        rows.append(Reading("field", field, Status.OK, *stamps))
    if not math.isnan(state.frequency):
        rows.append(Reading("frequency", state.frequency, Status.OK, *stamps))
    return rows
