"""Options of a magneTherm in ``rig.toml``, checked against tank table and limits of the public code."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from amfdaq.config.quantities import (
    POSITIVE,
    Capacitance,
    Current,
    Frequency,
    Key,
    Text,
    Time,
    Voltage,
    sentence,
)
from amfdaq.quantity import parse
from drivers.addresses import address_check
from drivers.magnetherm_tanks import COILS, TANKS, Tank, find_tank
from drivers.tti import LAN_PORT
from drivers.tti_generator import GREATEST_AMPLITUDE, LEAST_AMPLITUDE
from drivers.tti_qpx import GREATEST_CURRENT, GREATEST_VOLTAGE


class MagneThermOptions(BaseModel):
    """Options of a magneTherm in ``rig.toml``.

    Amplitude and wave form have no default: the public code never sends them, so that they stay as somebody
    set them at the panel, and no document says what they should be. They are obligatory here so that every
    run file tells them.

    Attributes:
        generator: address of the signal generator; 19200 8N1 unless it says otherwise.
        psu: address of the DC power supply; 9600 8N1 unless it says otherwise, port 9221 on the network.
        coil: number of the coil that is mounted.
        capacitor: the capacitor that is mounted.
        amplitude: amplitude of the generator, peak to peak.
        wave: wave form of the generator.
        rail_voltage: voltage of the supply; that of the tank table unless given.
        current_max: largest supply current; that of the tank table unless given.
        frequency_tolerance: how far from the nominal resonance of the tank; the tuning window of the table
            unless given.
        pace: pause after a set command.
        timeout: for one reply.
        accept_other_models: lets TTi supplies pass that are not QPX, with a remark in the identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    generator: Annotated[
        Text,
        address_check(LAN_PORT),
        Key('"serial:///dev/ttyUSB0"', "where the signal generator is connected"),
    ]
    psu: Annotated[
        Text,
        address_check(LAN_PORT),
        Key('"serial:///dev/ttyUSB1"', "where the DC power supply is connected"),
    ]
    coil: Annotated[
        Literal[1, 2, 3],
        Key("2", "the coil: " + ", ".join(f"{number} = {text}" for number, text in COILS.items())),
    ]
    capacitor: Annotated[Capacitance, POSITIVE, Key('"26 nF"', "the capacitor: 200, 88, 26, 15 or 6.2 nF")]
    amplitude: Annotated[
        Voltage,
        Key('"10 V"', "amplitude of the generator, peak to peak: as it was set at its panel until now"),
    ]
    wave: Annotated[
        Literal["SINE", "SQUARE"],
        Key('"SQUARE"', "wave form of the generator: as it was set at its panel until now"),
    ]
    rail_voltage: Annotated[
        Voltage | None, Key('"39 V"', "voltage of the supply; default: that of the tank table")
    ] = None
    current_max: Annotated[
        Current | None, Key('"14 A"', "largest supply current; default: that of the tank table")
    ] = None
    frequency_tolerance: Annotated[
        Frequency | None,
        Key('"5 kHz"', "distance allowed from the nominal resonance; default: that of the tank table"),
    ] = None
    pace: Annotated[Time, Key('"70 ms"', "pause after a command that sets something")] = parse(
        "70 ms", "time"
    )
    timeout: Annotated[Time, POSITIVE, Key('"0.5 s"', "time allowed for a reply")] = parse("0.5 s", "time")
    accept_other_models: Annotated[bool, Field(), Key("true", "let TTi supplies pass that are not QPX")] = (
        False
    )

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        if find_tank(self.coil, self.capacitor.value) is None:
            known = ", ".join(f"{tank.capacitance * 1e9:.3g} nF" for tank in TANKS if tank.coil == self.coil)
            raise sentence(
                f'the tank table has no "{self.capacitor}" for coil {self.coil}: write one of {known}'
            )
        if not LEAST_AMPLITUDE < self.amplitude.value < GREATEST_AMPLITUDE:
            raise sentence(
                f'amplitude = "{self.amplitude}": the generator takes more than {LEAST_AMPLITUDE} V and less '
                f"than {GREATEST_AMPLITUDE:g} V peak to peak"
            )
        if self.rail_voltage is not None and not 0 < self.rail_voltage.value <= GREATEST_VOLTAGE:
            raise sentence(
                f'rail_voltage = "{self.rail_voltage}": the supply takes up to {GREATEST_VOLTAGE:g} V'
            )
        if self.current_max is not None and not 0 < self.current_max.value <= GREATEST_CURRENT:
            raise sentence(
                f'current_max = "{self.current_max}": the supply takes up to {GREATEST_CURRENT:g} A'
            )
        return self

    @property
    def tank(self) -> Tank:
        """The row of the tank table."""
        tank = find_tank(self.coil, self.capacitor.value)
        if tank is None:
            raise ValueError(
                f"no tank with coil {self.coil} and {self.capacitor}: the options were not validated"
            )
        return tank

    @property
    def volts(self) -> float:
        """Rail voltage, V."""
        return self.tank.voltage if self.rail_voltage is None else self.rail_voltage.value

    @property
    def most_amps(self) -> float:
        """Largest supply current, A."""
        return self.tank.current if self.current_max is None else self.current_max.value

    @property
    def window(self) -> tuple[float, float]:
        """Lowest and highest frequency, Hz."""
        tank = self.tank
        half = tank.tune if self.frequency_tolerance is None else self.frequency_tolerance.value
        return tank.frequency - half, tank.frequency + half
