"""TTi TG signal generator, as public magneTherm code uses it (docs/instruments.md).

==================================  =====================================================  =======
``WAVE SINE|SQUARE``                wave form                                              B
``AMPUNIT VPP;AMPL <v>``            amplitude, V peak to peak, 0.005 < v < 20              B
``WAVFREQ <Hz>``                    frequency                                              B
``OUTPUT ON|OFF``                   output                                                 B
==================================  =====================================================  =======

Nothing of this can be read back with a documented command: that a setting was carried out is known from
``EER?`` only.
"""

from __future__ import annotations

from typing import Final

from amfdaq.errors import WrongInstrument
from drivers.addresses import SerialSettings
from drivers.tti import TtiInstrument

LINE: Final = SerialSettings(baud=19200)
OUTPUT_OFF: Final = "OUTPUT OFF"
LEAST_AMPLITUDE: Final = 0.005  # V peak to peak; both limits of the public code, themselves not allowed
GREATEST_AMPLITUDE: Final = 20.0


class TtiGenerator(TtiInstrument):
    """A TG generator.

    The identity text of these generators is not documented in what was found, so any is accepted and kept,
    except that of a
    power supply: then the two addresses are swapped.
    """

    def set_wave(self, wave: str) -> None:
        """Wave form, ``SINE`` or ``SQUARE``."""
        self.set(f"WAVE {wave}")

    def set_amplitude(self, volts: float) -> None:
        """Amplitude, V peak to peak."""
        self.set(f"AMPUNIT VPP;AMPL {volts:.6g}")

    def set_frequency(self, hertz: float) -> None:
        """Frequency, Hz, to 0.1 Hz."""
        self.set(f"WAVFREQ {hertz:.1f}")

    def output_on(self) -> None:
        """Output on; it is switched off with ``shout(OUTPUT_OFF)``."""
        self.set("OUTPUT ON")

    def accept(self, identity: str) -> None:
        """See `TtiInstrument`."""
        if "QPX" in identity.upper():
            raise WrongInstrument(
                f'{self.who}: "{identity}" is a power supply, no signal generator: are the addresses swapped?'
            )
