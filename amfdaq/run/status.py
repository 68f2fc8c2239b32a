"""Which status a reading gets when the driver raised."""

from __future__ import annotations

from amfdaq.errors import InstrumentError, InstrumentRefused, LinkLost, LinkTimeout
from amfdaq.reading import Status


def status_of(error: InstrumentError) -> Status:
    """The status of a reading that failed with this error."""
    if isinstance(error, LinkLost):
        return Status.LINK_LOST
    if isinstance(error, LinkTimeout):
        return Status.NO_REPLY
    return Status.REFUSED if isinstance(error, InstrumentRefused) else Status.BAD_REPLY
