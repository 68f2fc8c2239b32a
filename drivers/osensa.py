"""OSENSA FTX fibre-optic transmitters: Modbus RTU, read only.

Register map (docs/instruments.md; the vendor's own library `osensapy` 0.1.7, grade B), holding registers
counted from 0:

=================  ==========================================================================
2-3                serial number, u32, high word first
10                 device id
4096 A, 4112 B,    block of 8 registers per channel: +0,+1 temperature, u32/65536 - 273.0 degC;
4128 C, 4104 D,    +2,+3 decay; +4 light level; +5 LED current; +6 unused; +7 status (0 taken as good)
4120 E, 4136 F
=================  ==========================================================================

Not used, and why: the fast read (1024 to 1029) is unsigned in steps of 0.1 degC, so it cannot show frost and
hides slow rises; one long read from A to C would cross registers that nothing documents; function 16 writes
settings; the vendor's function 100 unlocks with a password and is never sent.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from amfdaq.clock import Clock
from amfdaq.config.quantities import POSITIVE, Key, Text, Time, sentence
from amfdaq.errors import InstrumentError, InstrumentRefused, LinkError, LinkLost, ReplyError, WrongInstrument
from amfdaq.instruments import Card, Identity
from amfdaq.quantity import parse
from amfdaq.reading import NAN, Sample, Status
from drivers.addresses import SerialSettings, address_check
from drivers.link import Connect, link_to
from drivers.modbus_rtu import SILENCE, read_registers
from drivers.session import Session

_Trouble = LinkError | ReplyError | InstrumentRefused
ChannelName = Literal["A", "B", "C", "D", "E", "F"]

SERIAL_NUMBER: Final = (2, 2)  # register, count
DEVICE_ID: Final = (10, 1)
BLOCK: Final = {"A": 4096, "B": 4112, "C": 4128, "D": 4104, "E": 4120, "F": 4136}
BLOCK_LENGTH: Final = 8
FACTORY_LINE: Final = SerialSettings(baud=9600)  # magneTherm kits are set to 115200: write ?baud=115200
# The vendor's library subtracts 273.0, not 273.15; whether the firmware means that is not known, and
# the thermometer certificate carries the difference.
ZERO: Final = 273.0  # K

# No data sheet was found. Liquids that are heated here, and the polymers of a fibre, live between these;
# all-zero registers (-273.0) and all-one registers (65263) do not.
LOWEST: Final = -100.0  # degC
HIGHEST: Final = 300.0  # degC


def _known_once(channels: tuple[ChannelName, ...]) -> tuple[ChannelName, ...]:
    if not channels or len(set(channels)) != len(channels):
        raise sentence('channels must name each channel once, such as ["A"] or ["A", "B", "C"]')
    return channels


class OsensaOptions(BaseModel):
    """Options of an OSENSA FTX in ``rig.toml``.

    Attributes:
        address: the wire; 9600 8N1 unless the address says otherwise.
        slave: Modbus address: 247 for one channel, 40 for three, as delivered with magneTherm.
        channels: what is read, in this order.
        timeout: for one reply. The vendor's 50 ms is for a direct line; gateways and USB adapters add to it.
        retries: how many damaged replies per scan are asked for again; silence is not, the next scan asks
            anyway.
        serial_number: expected serial number, or empty for any; keeps a certificate with its instrument.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    address: Annotated[
        Text,
        address_check(),
        Key('"serial:///dev/ttyUSB2?baud=115200"', "where the thermometer is connected"),
    ]
    slave: Annotated[
        int, Field(ge=1, le=247), Key("40", "Modbus address, 247 (one channel) or 40 (three)")
    ] = 247
    channels: Annotated[
        tuple[ChannelName, ...],
        Field(strict=False),
        AfterValidator(_known_once),
        Key('["A", "B"]', "channels to read"),
    ] = ("A",)
    timeout: Annotated[Time, POSITIVE, Key('"0.3 s"', "time allowed for a reply")] = parse("0.3 s", "time")
    retries: Annotated[
        int, Field(ge=0, le=5), Key("1", "damaged replies per scan that are asked for again")
    ] = 1
    serial_number: Annotated[str, Key('"123456"', "expected serial number; empty for any")] = ""


class OsensaFtx:
    """OSENSA FTX transmitter with one to six channels.

    Evidence: B, the vendor's own library (MIT), and its use on magneTherm instruments; not tried on hardware
    here. The meaning of status codes other than 0 is not documented: they are reported as a probe fault.

    Args:
        options: from the rig.
        clock: the wall clock; paces the frames.
        connect: makes the link; for tests.
    """

    kind: ClassVar[Literal["thermometer"]] = "thermometer"
    card: ClassVar[Card] = Card(
        family="OSENSA FTX",
        models=("FTX",),
        link="RS-485/USB, Modbus RTU, 9600 8N1 (115200 in magneTherm kits)",
        evidence="B: the vendor's library osensapy 0.1.7; public magneTherm code",
    )
    Options: ClassVar[type[BaseModel]] = OsensaOptions

    def __init__(self, options: OsensaOptions, clock: Clock, connect: Connect = link_to) -> None:
        self.channels: tuple[str, ...] = options.channels
        self._slave = options.slave
        self._retries = options.retries
        self._serial = options.serial_number
        link = connect(
            options.address,
            name=f"OSENSA FTX slave {options.slave}",
            timeout=options.timeout.value,
            serial=FACTORY_LINE,
            tcp_port=None,
        )
        self._session = Session(link, clock, self._identify)

    def open(self) -> Identity:
        """Open the link and ask who is there.

        Raises:
            LinkError, ReplyError, InstrumentRefused: the link cannot be opened, or nobody answers sensibly.
            WrongInstrument: the serial number is not the expected one.
        """
        try:
            self._session.ready()
            (device_id,) = self._registers(*DEVICE_ID)
        except InstrumentError:
            self.close()
            raise
        text = f"OSENSA FTX, serial number {self._serial}, device id {device_id}"
        return Identity(model="OSENSA FTX", serial=self._serial, text=text)

    def read(self) -> tuple[Sample, ...]:
        """One sample per channel, degree Celsius.

        The time is bounded: silence or a lost link ends the scan, and damaged replies are asked for again
        ``retries`` times per scan.

        Raises:
            LinkError, ReplyError, InstrumentRefused, WrongInstrument: nothing could be learnt about any
            channel.
        """
        outcomes: list[Sample | _Trouble] = []
        retries = self._retries
        try:
            for channel in self.channels:
                outcome = self._channel(channel)
                if isinstance(outcome, ReplyError) and retries > 0:
                    retries -= 1
                    outcome = self._channel(channel)
                outcomes.append(outcome)
        except (LinkError, ReplyError, InstrumentRefused) as error:
            outcomes += [error] * (len(self.channels) - len(outcomes))
        last = outcomes[-1]
        if isinstance(last, InstrumentError) and not any(isinstance(outcome, Sample) for outcome in outcomes):
            raise last
        return tuple(outcome if isinstance(outcome, Sample) else _sample_of(outcome) for outcome in outcomes)

    def close(self) -> None:
        """Close the link; sends nothing."""
        self._session.link.close()

    def _channel(self, channel: str) -> Sample | _Trouble:
        """What one channel says, or what is wrong with that channel alone.

        Raises:
            LinkError, ReplyError, InstrumentRefused: what is wrong with the whole instrument.
        """
        self._session.ready()
        try:
            return sample_of_block(self._registers(BLOCK[channel], BLOCK_LENGTH))
        except (ReplyError, InstrumentRefused) as error:
            return error

    def _registers(self, start: int, count: int) -> tuple[int, ...]:
        with self._session.exchange() as link:
            registers = read_registers(link, self._slave, start, count)
        self._session.pause(SILENCE)
        return registers

    def _identify(self) -> None:
        """Serial number: a reply of a length that no channel block has."""
        high, low = self._registers(*SERIAL_NUMBER)
        found = str(high << 16 | low)
        if self._serial and found != self._serial:
            link = self._session.link
            raise WrongInstrument(
                f"{link.name} ({link.address}) has serial number {found}, not {self._serial} as expected: "
                "connect that instrument, or correct the rig file and its certificate"
            )
        self._serial = found


def _sample_of(trouble: _Trouble) -> Sample:
    match trouble:
        case ReplyError():
            return Sample(NAN, Status.BAD_REPLY)
        case InstrumentRefused():
            return Sample(NAN, Status.REFUSED)
        case LinkLost():
            return Sample(NAN, Status.LINK_LOST)
        case LinkError():
            return Sample(NAN, Status.NO_REPLY)


def sample_of_block(block: tuple[int, ...]) -> Sample:
    """The temperature of a channel block, degree Celsius; a status in place of a number where it has none.

    >>> sample_of_block((0x0136, 0x4000, 0, 0, 0, 0, 0, 0)).value
    37.25
    """
    if block[7] != 0:
        return Sample(NAN, Status.PROBE_FAULT)
    temperature = (block[0] << 16 | block[1]) / 65536 - ZERO
    if not LOWEST <= temperature <= HIGHEST:
        return Sample(NAN, Status.OUT_OF_RANGE)
    return Sample(temperature)
