"""The errors of amfdaq: one class for each decision a caller has to make.

::

    AmfdaqError                      anything amfdaq says went wrong          exit code 3
    +-- BadInput                     something a person wrote is wrong        exit code 2
    |   +-- QuantityError            a quantity such as "15 kA/m" cannot be read
    |   +-- ConfigError              a rig, sample, recipe or certificate file (lists every problem)
    |   +-- DataFileError            a table or run file that cannot be used
    +-- Refused                      amfdaq will not do it, or stopped it     exit code 1
    |   +-- InterlockTripped         a limit was reached; the field is off
    |   +-- RunAborted               a person stopped the run; the field is off
    +-- InstrumentError              an instrument did not do its part        exit code 3
    |   +-- LinkError                the wire: nothing can be said of the instrument itself
    |   |   +-- LinkTimeout          no (complete) reply in time; asking again may help
    |   |   +-- LinkLost             the link is gone; it has to be opened again
    |   +-- ReplyError               a reply came and is not what the protocol allows
    |   +-- InstrumentRefused        the instrument itself reported an error
    |   +-- WrongInstrument          the instrument that answers is not the one expected
    +-- OffNotConfirmed              the supply did not confirm that it is off: use the hardware stop
    +-- StoreError                   journal, recorder or disk
    +-- HiddenPackage                a file of the user hides one of amfdaq's packages

Every message is one sentence or two: what, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class AmfdaqError(Exception):
    """Base of all errors that amfdaq raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 3


class BadInput(AmfdaqError):
    """Something a person wrote is wrong; the message says what, where and what to write instead."""

    exit_code = 2


class QuantityError(BadInput):
    """A quantity cannot be read: no unit, an unknown unit, the wrong kind, or not a number."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file.

    Attributes:
        path: the file.
        line: its line (from 1), or None where the file has no such line.
        key: the key path, such as ``limits.temperature``; empty where the whole file is meant.
        message: what is wrong and what to do, without the place.
    """

    path: Path
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line is not None else str(self.path)
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(BadInput):
    """A configuration file has problems; ``problems`` lists all of them, the text shows one line each."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class DataFileError(BadInput):
    """A table or a run file cannot be used: not found, not of the kind, damaged, or without usable rows."""


class Refused(AmfdaqError):
    """Amfdaq will not do it, or has stopped it; the message says why."""

    exit_code = 1


class InterlockTripped(Refused):
    """An interlock switched the field off."""


class RunAborted(Refused):
    """A person (or a signal) stopped the run; the field is off."""


class InstrumentError(AmfdaqError):
    """An instrument did not do its part; the message names instrument and command."""


class LinkError(InstrumentError):
    """The link failed; nothing is known about the instrument."""


class LinkTimeout(LinkError):
    """No complete reply came within the time allowed."""


class LinkLost(LinkError):
    """The link is gone (unplugged, closed, refused) and must be opened again."""


class ReplyError(InstrumentError):
    """A reply arrived that the protocol does not allow (garbage, wrong checksum, wrong length)."""


class InstrumentRefused(InstrumentError):
    """The instrument reported an error of its own (an error register, an exception reply)."""


class WrongInstrument(InstrumentError):
    """The identity of the instrument is not the expected one."""


class OffNotConfirmed(AmfdaqError):
    """The supply did not confirm that its output is off: the operator must use the hardware stop."""


class StoreError(AmfdaqError):
    """Journal, recorder or disk failed; the message names the file."""


class HiddenPackage(AmfdaqError, ImportError):
    """A file or folder of the user has the name of one of amfdaq's packages and hides it."""

    exit_code = 2
