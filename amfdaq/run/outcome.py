"""How a run ended, and how one asks it to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amfdaq.errors import AmfdaqError


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Somebody wants the run to end now."""

    reason: str


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        file: the run file.
        status: ``finished``, ``aborted`` or ``failed``.
        reason: why, in a sentence ("" when finished).
        error: what ended it, or None.
        off_confirmed: the supply has confirmed that it is off (True where the rig has none).
        missed: slots that were missed, over all channels.
        label: of the run.
    """

    file: Path
    status: str
    reason: str
    error: AmfdaqError | None
    missed: int
    off_confirmed: bool
    label: str = ""
