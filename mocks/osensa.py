"""OSENSA FTX fibre-optic transmitter as a Modbus RTU slave (docs/instruments.md).

Holding registers, 0-based, read with function 3: 2-3 serial number, 10 device id, 1024..1029 fast values of
channels A to F, a block of eight for each channel from 4096, 4144 temperature of the board. What the public library
does not tell (the meaning of a status other than 0, the scales of decay, light level and LED current) has
plausible numbers here that no driver may rely on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mocks import modbus_rtu as rtu
from mocks.faults import WIRE_FAULTS, FaultBox
from mocks.laboratory import Laboratory
from mocks.wire import Reply

PROBE_PULLED, FROZEN = "probe-pulled", "frozen"

SINGLE_ID, TRIPLE_ID = 247, 40
CHANNELS = "ABCDEF"
BLOCKS = {"A": 4096, "B": 4112, "C": 4128, "D": 4104, "E": 4120, "F": 4136}
SERIAL_NUMBER, DEVICE_ID, FAST_VALUES, BOARD_TEMPERATURE = 2, 10, 1024, 4144
ZERO_C = 273.0  # as the vendor's library has it, not 273.15

STATUS_GOOD, STATUS_BAD = 0, 3
LIGHT_GOOD, LIGHT_LOW = 1800, 12
LED_CURRENT = 20
NONSENSE_C = 412.5  # what a probe that looks into the dark gives
BOARD_ABOVE_ENVIRONMENT_K = 8.0


@dataclass(frozen=True, slots=True)
class ChannelValue:
    """What one channel shows: temperature in degree Celsius, status, light level."""

    temperature_C: float = -ZERO_C  # the registers of an unused channel are zero
    status: int = STATUS_BAD
    light: int = 0


class Osensa:
    """The transmitter; channel A is the probe in the sample.

    The triple unit has the environment on B and the vessel on C.

    Args:
        laboratory: Where the temperatures come from.
    """

    name = "osensa"

    def __init__(self, laboratory: Laboratory) -> None:
        table = laboratory.true.osensa
        self._laboratory = laboratory
        self._delay_s = table.reply_delay_s
        self._serial = table.serial_number
        self._slave = SINGLE_ID if table.unit == "single" else TRIPLE_ID
        self._used = "A" if table.unit == "single" else "ABC"
        self._forced: dict[str, ChannelValue] = {}
        self._held: dict[str, ChannelValue] | None = None
        self.commands = 0
        self.powered = True
        self.faults = FaultBox(
            self.name,
            WIRE_FAULTS - {"silent-off-works"} | {PROBE_PULLED, FROZEN},
            laboratory.clock.now_ns,
        )

    def framer(self) -> rtu.RtuFramer:
        """A framer for a new connection."""
        return rtu.RtuFramer(self._laboratory.clock.now_ns)

    def session_closed(self, session: int) -> None:
        """Nothing is kept per connection."""

    def set_power(self, *, on: bool) -> None:
        """Mains of the transmitter."""
        self.powered = on

    def force(self, channel: str, temperature_C: float | None, status: int = STATUS_GOOD) -> None:
        """Make a channel show exactly this, or with None what it measures."""
        if temperature_C is None:
            self._forced.pop(channel, None)
        else:
            self._forced[channel] = ChannelValue(temperature_C, status, LIGHT_GOOD)

    def tick(self) -> None:
        """Begin or end to hold the values, as the fault says."""
        with self._laboratory.lock:
            if not self.faults.has(FROZEN):
                self._held = None
            elif self._held is None:
                self._held = self._measured()

    def handle(self, request: bytes, session: int, *, refuse: bool) -> Reply:
        """Answer one sealed frame; frames for other slaves get silence."""
        del session  # every connection sees the same registers
        slave, function = request[0], request[1]
        if slave != self._slave:
            return Reply()
        self.commands += 1
        if refuse:
            return Reply(rtu.exception(slave, function, rtu.ILLEGAL_ADDRESS), self._delay_s)
        if function != rtu.READ_HOLDING_REGISTERS or len(request) != 8:
            return Reply(rtu.exception(slave, function, rtu.ILLEGAL_FUNCTION), self._delay_s)
        start, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
        if not 1 <= count <= rtu.MAX_REGISTERS:
            return Reply(rtu.exception(slave, function, rtu.ILLEGAL_VALUE), self._delay_s)
        registers = self._registers()
        try:
            words = [registers[address] for address in range(start, start + count)]
        except KeyError:
            return Reply(rtu.exception(slave, function, rtu.ILLEGAL_ADDRESS), self._delay_s)
        data = b"".join(word.to_bytes(2, "big") for word in words)
        return Reply(rtu.seal(bytes([slave, function, len(data)]) + data), self._delay_s)

    def _measured(self) -> dict[str, ChannelValue]:
        readings = self._laboratory.readings()
        return {name: ChannelValue(readings[name], STATUS_GOOD, LIGHT_GOOD) for name in self._used}

    def _values(self) -> dict[str, ChannelValue]:
        """What every channel shows, after forcing and faults."""
        self.tick()
        shown = dict.fromkeys(CHANNELS, ChannelValue())
        shown |= self._held if self._held is not None else self._measured()
        shown |= self._forced
        if self.faults.has(PROBE_PULLED):
            shown["A"] = replace(shown["A"], temperature_C=NONSENSE_C, status=STATUS_BAD, light=LIGHT_LOW)
        return shown

    def _registers(self) -> dict[int, int]:
        """All registers that exist."""
        board = self._laboratory.temperatures()["environment"] + BOARD_ABOVE_ENVIRONMENT_K
        registers = dict(zip((SERIAL_NUMBER, SERIAL_NUMBER + 1), _words(self._serial), strict=True))
        registers[DEVICE_ID] = self._slave
        registers[BOARD_TEMPERATURE] = _clip(round((board + ZERO_C) * 10.0), 16)
        for index, (name, value) in enumerate(self._values().items()):
            registers[FAST_VALUES + index] = fast_word(value)
            for offset, word in enumerate(block_words(value)):
                registers[BLOCKS[name] + offset] = word
        return registers


def fast_word(value: ChannelValue) -> int:
    """Fast register: tenths of a degree, then the status as last digit; below 0 degree Celsius shows 0."""
    tenths = round(value.temperature_C * 10.0)
    return _clip(tenths, 12) * 10 + value.status % 10


def block_words(value: ChannelValue) -> list[int]:
    """Block of a channel: temperature and decay in 16.16 fixed point, light, LED current, unused, status."""
    temperature = _words(_clip(round((value.temperature_C + ZERO_C) * 65536.0), 32))
    decay = _words(_clip(round(3.0 * math.exp(-value.temperature_C / 150.0) * 65536.0), 32))
    led = LED_CURRENT if value.light else 0
    return [*temperature, *decay, value.light, led, 0, value.status]


def _words(value: int) -> list[int]:
    """A 32-bit number as two registers, high word first."""
    return [value >> 16, value & 0xFFFF]


def _clip(value: int, bits: int) -> int:
    return min(max(value, 0), (1 << bits) - 1)
