"""What every certificate has: a number, a date, an expiry, who measured and how.

A certificate is a TOML file beside ``rig.toml``; run files carry it word for word, so that a result can be
traced and, when a calibration turns out wrong, computed again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from amfdaq.config import Key, Loc, Section, Text


class CertificateSection(Section):
    """``[certificate]``; each kind of certificate adds its ``kind``."""

    id: Annotated[Text, Key('"COIL-2025-03"', "number of the certificate")]
    date: Annotated[dt.date, Key("2025-03-31", "day of the measurement")]
    expires: Annotated[
        dt.date | None, Key("2026-03-31", "after this day amfdaq warns; leave out for never")
    ] = None
    issued_by: Annotated[Text, Key('"A. Miller"', "who measured")]
    method: Annotated[str, Key('"pick-up coil PC-2"', "how it was measured")] = ""
    notes: Annotated[str, Key('"after retuning"', "anything worth knowing")] = ""


@dataclass(frozen=True)
class Certificate:
    """What every certificate has.

    Attributes:
        id: number of the certificate.
        date: day of the measurement.
        expires: last day on which it is valid, or None for never.
        issued_by: who measured.
        method: how, or "".
        notes: or "".
        path: file it came from.
        text: the file as written.
    """

    id: str
    date: dt.date
    expires: dt.date | None
    issued_by: str
    method: str
    notes: str
    path: Path
    text: str = field(repr=False)

    def expired(self, day: dt.date) -> str | None:
        """A sentence when the certificate is not valid on a day, else None."""
        if self.expires is not None and day > self.expires:
            late = (day - self.expires).days
            return (
                f"{self.path}: the certificate {self.id} expired on {self.expires}, {late} days "
                f"before {day}: calibrate again, or enter a new date after checking it"
            )
        if day < self.date:
            return (
                f"{self.path}: the certificate {self.id} is dated {self.date}, after {day}: check the clock"
            )
        return None

    def _head(self) -> dict[str, Any]:
        """The common part of `to_json`."""
        return {
            "id": self.id,
            "date": self.date.isoformat(),
            "expires": self.expires.isoformat() if self.expires is not None else None,
            "issued_by": self.issued_by,
            "method": self.method,
            "notes": self.notes,
        }


def date_problems(section: CertificateSection | None) -> Iterator[tuple[Loc, str]]:
    """Dates that contradict each other, as (key path, sentence)."""
    if section is not None and section.expires is not None and section.expires < section.date:
        yield (
            ("certificate", "expires"),
            f"{section.expires} is before the day of the measurement, {section.date}",
        )
