"""TTi TG signal generator, as far as docs/instruments.md tells its commands.

There is no read-back of frequency and amplitude in it, so there is none here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mocks import tti
from mocks.faults import BAD_CRC, DEAF_MUTE, WIRE_FAULTS, FaultBox
from mocks.laboratory import Drive, Laboratory
from mocks.wire import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTITY = "THURLBY THANDAR, TG1010, 000000, 1.00"  # no document gives its text
LOWEST_V, HIGHEST_V = 0.005, 20.0  # the limits of the open code, applied to peak-to-peak volts
HIGHEST_HZ = 10e6
REFERENCE_OHM = 50.0  # for dBm
UNITS = ("VPP", "VRMS", "DBM")
SHAPES = ("SINE", "SQUARE", "TRIANG", "DC", "+PULSE", "-PULSE")
SYNTAX_CODE = 1  # see tti: only "not zero" is documented


class TtiGenerator:
    """The generator that drives the inverter of the tank.

    It starts with its output off and without amplitude, so that nothing is driven by accident.

    Args:
        laboratory: Where its output goes.
    """

    name = "generator"

    def __init__(self, laboratory: Laboratory) -> None:
        self._laboratory = laboratory
        self.commands = 0
        self.powered = True
        self.faults = FaultBox(self.name, WIRE_FAULTS - {BAD_CRC, DEAF_MUTE}, laboratory.clock.now_ns)
        self._reset()
        self._table = tti.CommandTable(
            {
                "*IDN?": lambda _: IDENTITY,
                "EER?": self._take_error,
                "WAVFREQ": self._setter(self._frequency),
                "AMPUNIT": self._setter(self._unit),
                "AMPL": self._setter(self._amplitude),
                "WAVE": self._setter(self._wave),
                "SYMM": self._setter(self._symmetry),
                "OUTPUT": self._setter(self._output),
            }
        )

    def framer(self) -> tti.LineFramer:
        """A framer for a new connection."""
        return tti.LineFramer()

    def session_closed(self, session: int) -> None:
        """Nothing is kept per connection."""

    def set_power(self, *, on: bool) -> None:
        """Mains of the generator; it comes back as at the start."""
        with self._laboratory.lock:
            self.powered = on
            self._reset()
            self._apply()

    def tick(self) -> None:
        """Nothing happens by itself."""

    def handle(self, request: bytes, session: int, *, refuse: bool) -> Reply:
        """Carry out one line."""
        del session  # every connection sees the same instrument
        replies = []
        with self._laboratory.lock:
            self._refuse = refuse
            for command in tti.commands(request):
                self.commands += 1
                try:
                    answer = self._table.run(command)
                except tti.SyntaxFault:
                    self._error = SYNTAX_CODE
                except tti.ExecutionFault as fault:
                    self._error = fault.code
                else:
                    if answer is not None:
                        replies.append(answer)
        return Reply(tti.answers(replies))

    def _reset(self) -> None:
        self._frequency_Hz = 1000.0
        self._volts_pp = 0.0
        self._amplitude_unit = "VPP"
        self._shape = "SINE"
        self._symmetry_percent = 50.0
        self._on = False
        self._error = 0
        self._refuse = False

    def _apply(self) -> None:
        driven = self.powered and self._on and self._volts_pp > 0.0 and self._shape != "DC"
        self._laboratory.set_drive(Drive(self._frequency_Hz, driven))

    def _setter(self, change: Callable[[str], None]) -> Callable[[str], None]:
        """A command that changes the output: refused under the fault, else carried out at once."""

        def run(argument: str) -> None:
            if self._refuse:
                raise tti.ExecutionFault(tti.NO_PRIVILEGE)
            change(argument)
            self._apply()

        return run

    def _take_error(self, _: str) -> str:
        code, self._error = self._error, 0
        return str(code)

    def _frequency(self, argument: str) -> None:
        self._frequency_Hz = tti.number(argument, 1e-4, HIGHEST_HZ)

    def _unit(self, argument: str) -> None:
        self._amplitude_unit = tti.choice(argument, UNITS)

    def _amplitude(self, argument: str) -> None:
        value = tti.number(argument, -math.inf, math.inf)
        volts = {
            "VPP": value,
            "VRMS": 2.0 * math.sqrt(2.0) * value,  # of a sine
            "DBM": 2.0 * math.sqrt(2.0 * REFERENCE_OHM * 1e-3 * 10.0 ** (min(value, 300.0) / 10.0)),
        }[self._amplitude_unit]
        if not LOWEST_V <= volts <= HIGHEST_V:
            raise tti.ExecutionFault(tti.RANGE_ERROR)
        self._volts_pp = volts

    def _wave(self, argument: str) -> None:
        self._shape = tti.choice(argument, SHAPES)

    def _symmetry(self, argument: str) -> None:
        self._symmetry_percent = tti.number(argument, 0.0, 100.0)

    def _output(self, argument: str) -> None:
        self._on = tti.choice(argument, ("ON", "OFF")) == "ON"
