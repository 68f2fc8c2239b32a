"""Switching a magneTherm off, whatever state its links are in.

The order is that of docs/instruments.md: generator off, supply off, verify. Both commands leave
before anything is waited for or read, and neither depends on the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from amfdaq.errors import LinkTimeout
from amfdaq.instruments import OffReport
from drivers import tti_generator, tti_qpx
from drivers.deadline import Deadline
from drivers.tti import TtiInstrument
from drivers.tti_generator import TtiGenerator
from drivers.tti_qpx import QpxSupply

BUDGET: Final = 2.2  # s for everything; a stuck write at its end may add 0.1 s per device
ATTEMPTS: Final = 3
REPLY: Final = 0.35  # s; a TTi instrument answers in some ten milliseconds
CONNECT: Final = 0.3  # s
# Ten steps of the display, and less than 1 % of any current in the tank table: what flows then is the error
# of the meter.
NO_CURRENT: Final = 0.1  # A


class _Part:
    """One device on its way to off.

    Args:
        device: the device.
        command: what switches it off.
        verify: asks the device; returns what is still wrong, or "".
        done: what to say when it is off.
    """

    def __init__(
        self, device: TtiInstrument, command: str, verify: Callable[[], str], done: Callable[[], str]
    ) -> None:
        self._device = device
        self._command = command
        self._verify = verify
        self._done = done
        self._times_told = 0
        self._trouble = "not told yet"
        self._silent = False
        self.is_off = False

    def tell(self) -> None:
        """Send the command, if the link is open."""
        try:
            self._device.shout(self._command)
        except Exception as error:  # noqa: BLE001 - nothing may keep the other device from being told
            self._trouble = str(error)
        else:
            self._times_told += 1
            self._trouble = ""

    def reach(self) -> None:
        """Open the link where it is lost or silent, and send the command again."""
        try:
            if self._silent:
                self._device.link.close()
            self._device.link.open(CONNECT)
        except Exception as error:  # noqa: BLE001 - nothing may keep the other device from being told
            self._trouble = str(error)
        else:
            self.tell()

    def check(self) -> None:
        """Ask whether it is off."""
        if self._trouble:
            return
        try:
            self._trouble = self._verify()
        except Exception as error:  # noqa: BLE001 - nothing may keep the other device from being told
            self._trouble = str(error)
            self._silent = isinstance(error, LinkTimeout)
        self.is_off = not self._trouble

    @property
    def needs_link(self) -> bool:
        """Whether the command has not left because the link is not open."""
        return not self._device.link.is_open

    def sentence(self) -> str:
        """What became of it."""
        if self.is_off:
            return f"{self._device.who}: {self._done()}"
        told = (
            f"{self._command} sent {self._times_told} times"
            if self._times_told
            else f"{self._command} could NOT be sent"
        )
        return f"{self._device.who}: {told}; {self._trouble}"


def switch_off(generator: TtiGenerator, psu: QpxSupply) -> OffReport:
    """Switch both off and ask both. Never raises, and ends within about `BUDGET`.

    ``confirmed`` is what the supply says, since it alone carries the power: its output reads back as off, and
    no current is measured. The generator has no read-back: that it has been told and reports no error is all
    that can be known.
    """
    deadline = Deadline(BUDGET)
    generator_part = _Part(
        generator,
        tti_generator.OUTPUT_OFF,
        lambda: _generator_trouble(generator),
        lambda: "told to switch off, and reports no error; its output cannot be read back",
    )
    psu_part = _Part(
        psu, tti_qpx.OUTPUT_OFF, lambda: _psu_trouble(psu), lambda: "output off, no current measured"
    )
    with generator.link.hurry(REPLY, deadline), psu.link.hurry(REPLY, deadline):
        generator_part.tell()
        psu_part.tell()
        for attempt in range(ATTEMPTS):
            waiting = [part for part in (generator_part, psu_part) if not part.is_off]
            for part in waiting:
                if attempt or part.needs_link:
                    part.reach()
            for part in reversed(waiting):  # the supply first: it alone can confirm
                part.check()
            if (generator_part.is_off and psu_part.is_off) or not deadline.left():
                break
    return OffReport(psu_part.is_off, (generator_part.sentence(), psu_part.sentence()))


def _generator_trouble(generator: TtiGenerator) -> str:
    error = generator.error_register()
    return f"error register {error} after {tti_generator.OUTPUT_OFF}" if error else ""


def _psu_trouble(psu: QpxSupply) -> str:
    """What is still wrong with the supply, or "".

    Asked in this order, so that a shifted reply to ``OP1?`` is found out by the unit that ``I1O?`` must have.
    """
    output_is_on = psu.output()
    current = psu.current()
    if output_is_on:
        return "its output still reads back as ON: use the hardware stop"
    if not abs(current.value) < NO_CURRENT:
        return f"its output reads back as off, but {current.value:.2f} A are measured: use the hardware stop"
    return ""
