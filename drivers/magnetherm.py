"""nanoTherics magneTherm: a TTi signal generator sets the frequency, a TTi supply sets the current.

The box itself is a resonant tank (coil and capacitor); the host talks to the generator and to the supply
(docs/instruments.md). The serial protocols of the magneTherm Digital board, its dongle and its water-flow
board are not documented and not used.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

from pydantic import BaseModel

from amfdaq.clock import NS, Clock
from amfdaq.errors import BadInput, InstrumentError, InstrumentRefused, LinkError, LinkLost, ReplyError
from amfdaq.instruments import Card, Identity, OffReport, Setpoint, SupplyState
from amfdaq.reading import NAN, Sample, Status
from drivers import tti_generator, tti_qpx
from drivers.deadline import Deadline
from drivers.link import Connect, link_to
from drivers.magnetherm_off import switch_off
from drivers.magnetherm_options import MagneThermOptions
from drivers.tti import LAN_PORT
from drivers.tti_generator import TtiGenerator
from drivers.tti_qpx import QpxSupply

ON_WITHIN: Final = 1.0  # s
_POLL: Final = 0.05  # s


class MagneTherm:
    """A magneTherm with one of its coils and capacitors. One thread at a time.

    Evidence: command strings B (two public code bases and the vendor's configuration file), the supply's also
    A (QPX600D manual); the model of the generator and its full command table are not known. Not tried on
    hardware here.

    Args:
        options: from the rig.
        clock: the wall clock; paces the commands.
        connect: makes the links; for tests.
    """

    kind: ClassVar[Literal["supply"]] = "supply"
    card: ClassVar[Card] = Card(
        family="nanoTherics magneTherm (TTi generator and TTi QPX supply)",
        models=("magneTherm with TTi TG generator and TTi QPX supply",),
        link="generator RS-232/USB 19200 8N1; supply RS-232/USB 9600 8N1 or TCP 9221",
        evidence="B: public code, the vendor's configuration file; supply also A: QPX600D manual",
    )
    Options: ClassVar[type[BaseModel]] = MagneThermOptions

    def __init__(self, options: MagneThermOptions, clock: Clock, connect: Connect = link_to) -> None:
        self._options = options
        self._clock = clock
        self._frequency = NAN
        timeout, pace = options.timeout.value, options.pace.value
        self.generator = TtiGenerator(
            connect(
                options.generator,
                name="signal generator",
                timeout=timeout,
                serial=tti_generator.LINE,
                tcp_port=LAN_PORT,
            ),
            clock,
            pace,
        )
        self.psu = QpxSupply(
            connect(
                options.psu, name="power supply", timeout=timeout, serial=tti_qpx.LINE, tcp_port=LAN_PORT
            ),
            clock,
            pace,
        )
        self.psu.accept_other_models = options.accept_other_models

    def open(self) -> Identity:
        """Open both links and ask both who they are; nothing is switched.

        Raises:
            LinkError, ReplyError: a link cannot be opened, or nobody answers sensibly.
            WrongInstrument: another instrument answers.
        """
        try:
            generator, psu = self.generator.open(), self.psu.open()
        except InstrumentError:
            self.close()
            raise
        fields = [part.strip() for part in psu.split(",")]
        remark = (
            ""
            if self.psu.is_qpx
            else " (not a QPX: accepted by accept_other_models; trip bits are uncertain)"
        )
        return Identity(
            model=f"magneTherm: {fields[1]}",
            serial=fields[2] if len(fields) > 2 else "",
            firmware=fields[3] if len(fields) > 3 else "",
            text=f"generator: {generator}; supply: {psu}{remark}",
        )

    def configure(self, setpoint: Setpoint) -> None:
        """Set both; each setting is checked in the error register, those of the supply are also read back.

        Raises:
            BadInput: the set-point is beyond the limits of tank and supply.
            InstrumentError: it was not accepted, or this could not be learnt; the frequency then counts as
                unknown.
        """
        self._check(setpoint)
        options = self._options
        self._frequency = NAN
        self.generator.error_register()  # an error of earlier days is not one of these commands
        self.psu.error_register()
        self.generator.set_wave(options.wave)
        self.generator.set_amplitude(options.amplitude.value)
        self.generator.set_frequency(setpoint.frequency)
        self.psu.set_voltage(options.volts)
        self.psu.set_current(setpoint.current)
        self._frequency = setpoint.frequency

    def on(self) -> None:
        """Generator on, then supply on, verified by reading it back within a second.

        Raises:
            InstrumentError: not accepted, not confirmed, or never configured; the output may be on or off.
        """
        if math.isnan(self._frequency):
            raise InstrumentRefused(
                f"{self.psu.who} is not switched on before a set-point has been configured"
            )
        self.generator.error_register()
        self.psu.error_register()
        self.psu.trips()
        self.generator.output_on()
        self.psu.output_on()
        deadline = Deadline(ON_WITHIN)
        while not self.psu.output():
            if not deadline.left():
                trips = ", ".join(self.psu.trips()) or "no trip is reported"
                raise InstrumentRefused(f"{self.psu.who} was told OP1 1 and its output is still off: {trips}")
            self._clock.wait_until(self._clock.now_ns() + round(_POLL * NS))

    def off(self) -> OffReport:
        """Both off and both asked; see `drivers.magnetherm_off.switch_off`.

        Links that are closed, or were never opened, are opened for it.
        """
        return switch_off(self.generator, self.psu)

    def read(self) -> SupplyState:
        """Output, trips, current and voltage of the supply: four short queries without pauses.

        The trips come second, because reading them clears them: what fails after that leaves a state that
        still tells them.

        Raises:
            LinkError, ReplyError, WrongInstrument: not even the output state could be learnt.
        """
        output = self.psu.output()
        trips: tuple[str, ...] = ()
        measured: list[Sample] = []
        try:
            trips = self.psu.trips()
            measured.append(self.psu.current())
            measured.append(self.psu.voltage())
        except (LinkError, ReplyError) as error:
            measured += [Sample(NAN, _status_of(error))] * (2 - len(measured))
        current, voltage = measured
        return SupplyState(output, current, voltage, self._frequency, trips)

    def close(self) -> None:
        """Close both links; sends nothing."""
        self.generator.close()
        self.psu.close()

    def _check(self, setpoint: Setpoint) -> None:
        """Compare a set-point with the limits; raises BadInput."""
        options = self._options
        low, high = options.window
        if not low <= setpoint.frequency <= high:
            raise BadInput(
                f"{setpoint.frequency / 1e3:g} kHz is outside the window of coil {options.coil} with "
                f"{options.capacitor}, {low / 1e3:g} to {high / 1e3:g} kHz: choose a frequency in it, or set "
                "frequency_tolerance in the rig file"
            )
        most = min(options.most_amps, tti_qpx.GREATEST_CURRENT)
        if not 0 <= setpoint.current <= most:
            raise BadInput(
                f"a supply current of {setpoint.current:g} A is outside 0 to {most:g} A for coil "
                f"{options.coil} with {options.capacitor}: ask for less, or set current_max in the rig file"
            )


def _status_of(error: LinkError | ReplyError) -> Status:
    if isinstance(error, ReplyError):
        return Status.BAD_REPLY
    return Status.LINK_LOST if isinstance(error, LinkLost) else Status.NO_REPLY
