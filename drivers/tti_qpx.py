"""TTi QPX DC power supply (docs/instruments.md; QPX600D manual pages 25 and 31, grade A).

===============  =================  ===========  ==========================================
``V1 <v>``       volts              ``V1?``      ``V1 <nr2>``
``I1 <a>``       current limit, A   ``I1?``      ``I1 <nr2>``
``OP1 0|1``      output             ``OP1?``     ``0`` or ``1``
                                    ``V1O?``     measured, ``<nr2>V``
                                    ``I1O?``     measured, ``<nr2>A``
                                    ``LSR1?``    limit events since the last reading, integer
===============  =================  ===========  ==========================================

Known and not sent: ``OVP1``, ``OCP1`` and ``TRIPRST`` (protection is set and trips are cleared by a person,
at the instrument), ``V1V``, ``OPALL``, ``IFLOCK``, ``LOCAL``, ``*RST``, ``*CLS``.
"""

from __future__ import annotations

import re
from typing import Final

from amfdaq.errors import InstrumentRefused, WrongInstrument
from amfdaq.reading import NAN, Sample, Status
from drivers.addresses import SerialSettings
from drivers.tti import MAKER, NR2, TtiInstrument

LINE: Final = SerialSettings(baud=9600)  # fixed on a QPX (A)
OUTPUT_OFF: Final = "OP1 0"
GREATEST_VOLTAGE: Final = 60.0  # V; both limits of the public code
GREATEST_CURRENT: Final = 30.0  # A

# A read-back may be rounded to the steps of the instrument, which are not in what was found; the displays
# show 10 mV and 10 mA.
_READ_BACK: Final = 0.02  # V, A
# A measured value may be a little below zero; above, the factory trip levels (65 V, 55 A) end what is
# possible.
_VOLTS_POSSIBLE: Final = (-1.0, 65.0)
_AMPS_POSSIBLE: Final = (-1.0, 55.0)

_SETPOINT: Final = {"V1": re.compile(rf"V1 +({NR2})"), "I1": re.compile(rf"I1 +({NR2})")}
_VOLTS: Final = re.compile(rf"({NR2})V")
_AMPS: Final = re.compile(rf"({NR2})A")
_OUTPUT: Final = re.compile("[01]")
_LIMITS: Final = re.compile(r"1?\d?\d|2[0-4]\d|25[0-5]")  # a register of eight bits

# Bits 0 (constant voltage), 1 (constant current) and 2 (power limit) are working conditions, not trips
# (QPX600D, A).
_QPX_TRIPS: Final = {
    3: "over-voltage trip",
    4: "over-current trip",
    5: "sense trip",
    6: "fault that needs the mains switched off and on",
}
# Other TTi models use bits 2 and 3 for the trips (B), so that either meaning has to be feared.
_OTHER_TRIPS: Final = {2: "power limit or over-voltage trip", 3: "over-voltage or over-current trip"} | {
    bit: text for bit, text in _QPX_TRIPS.items() if bit > 3
}


class QpxSupply(TtiInstrument):
    """A QPX supply, output 1; ``accept_other_models`` lets other TTi supplies of the same dialect pass."""

    identity_shape = re.compile(r"[^,]*[A-Za-z][^,]*,[^,]+(?:,.*)?")
    accept_other_models = False

    def set_voltage(self, volts: float) -> None:
        """Set the voltage, V, and read it back."""
        self._set_and_verify("V1", volts, "V")

    def set_current(self, amps: float) -> None:
        """Set the current limit, A, and read it back."""
        self._set_and_verify("I1", amps, "A")

    def output(self) -> bool:
        """Whether the output is on; it is switched off with ``shout(OUTPUT_OFF)``."""
        return self.query("OP1?", _OUTPUT)[0] == "1"

    def output_on(self) -> None:
        """Output on."""
        self.set("OP1 1")

    def voltage(self) -> Sample:
        """Measured voltage, V."""
        return _sample(self.query("V1O?", _VOLTS), _VOLTS_POSSIBLE)

    def current(self) -> Sample:
        """Measured current, A."""
        return _sample(self.query("I1O?", _AMPS), _AMPS_POSSIBLE)

    def trips(self) -> tuple[str, ...]:
        """What has tripped since this was asked last, in words."""
        register = int(self.query("LSR1?", _LIMITS)[0])
        names = _QPX_TRIPS if self.is_qpx else _OTHER_TRIPS
        return tuple(text for bit, text in names.items() if register >> bit & 1)

    @property
    def is_qpx(self) -> bool:
        """Whether the identity is that of a QPX, whose bit layout of ``LSR1?`` is known."""
        return "QPX" in self.identity.upper()

    def accept(self, identity: str) -> None:
        """See `TtiInstrument`."""
        is_tti = MAKER in identity.upper()
        if not is_tti or not ("QPX" in identity.upper() or self.accept_other_models):
            hint = (
                "set accept_other_models = true if it shares the commands of a QPX"
                if is_tti
                else "check the address"
            )
            raise WrongInstrument(f'{self.who}: "{identity}" is not a TTi QPX power supply: {hint}')

    def _set_and_verify(self, name: str, value: float, unit: str) -> None:
        self.set(f"{name} {value:.3f}")
        found = float(self.query(f"{name}?", _SETPOINT[name])[1])
        if abs(found - value) > _READ_BACK:
            raise InstrumentRefused(
                f'{self.who} was told "{name} {value:.3f}" and reads back {found} {unit}: check its '
                "limits and its panel lock"
            )


def _sample(match: re.Match[str], possible: tuple[float, float]) -> Sample:
    value = float(match[1])
    if not possible[0] <= value <= possible[1]:
        return Sample(NAN, Status.OUT_OF_RANGE)
    return Sample(value)
