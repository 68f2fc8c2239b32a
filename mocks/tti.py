"""The dialect both TTi instruments share: lines, command tables, numbers, registers (docs/instruments.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# codes of the execution-error register, for the supply; no document tells any for the generator, where a
# driver may rely on nothing but "not zero"
RANGE_ERROR, NOT_AVAILABLE, NO_PRIVILEGE = 100, 103, 200

# bits of the standard event register
OPERATION_COMPLETE, QUERY_ERROR, VERIFY_TIMEOUT, EXECUTION_ERROR, COMMAND_ERROR, POWER_ON = (
    1,
    4,
    8,
    16,
    32,
    128,
)

LONGEST_LINE = 1024
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?")


class SyntaxFault(Exception):  # not an error of the bench but a state of the instrument
    """The instrument does not understand a command."""


class ExecutionFault(Exception):  # not an error of the bench but a state of the instrument
    """The instrument understands but cannot do it; carries the code of the error register."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LineFramer:
    """Cuts a stream at line feeds.

    Carriage returns and the high bit are ignored, as are other control characters; among those are XON and
    XOFF, which only pace a serial line.
    """

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return complete lines without their end."""
        self._buffer += bytes(byte & 0x7F for byte in chunk)
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest[:LONGEST_LINE]  # a full input queue takes no more
        return [bytes(max(0x20, byte) for byte in line.replace(b"\r", b"")) for line in lines]


def commands(line: bytes) -> list[str]:
    """The commands of a line, upper case, without surrounding white space; empty ones are none."""
    parts = (part.strip().upper() for part in line.decode("ascii").split(";"))
    return [re.sub(r"\s+\?", "?", part) for part in parts if part]


def answers(replies: list[str]) -> bytes:
    """The answers of a line on the wire, each ended by CR LF."""
    return b"".join(reply.encode("ascii") + b"\r\n" for reply in replies)


def number(argument: str, low: float, high: float) -> float:
    """The number of a command.

    Raises:
        SyntaxFault: It is not a number.
        ExecutionFault: It is out of [low, high].
    """
    if not _NUMBER.fullmatch(argument):
        raise SyntaxFault
    value = float(argument)
    if not low <= value <= high:
        raise ExecutionFault(RANGE_ERROR)
    return value


def choice(argument: str, allowed: tuple[str, ...]) -> str:
    """A word of a command, or `SyntaxFault`."""
    if argument not in allowed:
        raise SyntaxFault
    return argument


class CommandTable:
    """Finds the handler of a command: the longest header it begins with.

    Headers that end in ``?`` or begin with ``*`` take no argument; every other header needs one, unless it is
    listed in ``bare``.
    """

    def __init__(self, handlers: dict[str, Callable[[str], str | None]], bare: tuple[str, ...] = ()) -> None:
        self._handlers = handlers
        self._bare = bare
        self._headers = sorted(handlers, key=len, reverse=True)

    def run(self, command: str) -> str | None:
        """Carry out one command; returns its answer if it has one.

        Raises:
            SyntaxFault: There is no such command, or its argument is missing or too much.
            ExecutionFault: From the handler.
        """
        for header in self._headers:
            if command.startswith(header):
                argument = re.sub(r"\s", "", command[len(header) :])
                alone = header.endswith("?") or header.startswith("*") or header in self._bare
                if alone == bool(argument):
                    raise SyntaxFault
                return self._handlers[header](argument)
        raise SyntaxFault
