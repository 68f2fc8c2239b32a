"""The keys of ``rig.toml``: one model per table, each key with an example and what it means."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field as Constraint

from amfdaq.config import (
    POSITIVE,
    Current,
    Field,
    FieldFrequency,
    File,
    Frequency,
    Key,
    Rate,
    Section,
    Temperature,
    Text,
    Time,
)
from amfdaq.limits import Limits
from amfdaq.quantity import parse


class RigSection(Section):
    """``[rig]``."""

    name: Annotated[Text, Key('"magneTherm, room 2.17"', "name of the bench, shown in reports")]
    description: Annotated[str, Key('"17-turn coil"', "anything worth knowing")] = ""


class ProbeSection(Section):
    """One entry of ``[thermometer.probes]``; its key is the name of the channel in run files."""

    channel: Annotated[Text, Key('"A"', "channel of the instrument, as the driver calls it")]
    certificate: Annotated[File | None, Key('"probe.toml"', "certificate of the probe (gain, lag...)")] = None
    role: Annotated[
        Literal["core", "reference", "environment", "coil", "other"],
        Key('"core"', "where it sits: the first `core` probe is the one that is analysed"),
    ] = "core"


class ThermometerSection(Section):
    """``[[thermometer]]``."""

    name: Annotated[Text, Key('"osensa"', "name of the instrument on this bench")]
    driver: Annotated[Text, Key('"osensa-ftx"', "driver, one of `amfdaq drivers`")]
    rate: Annotated[Frequency, POSITIVE, Key('"5 Hz"', "readings per second")]
    options: Annotated[
        dict[str, Any], Key('{ address = "serial:///dev/ttyUSB0" }', "options of the driver")
    ] = Constraint(default_factory=dict)
    probes: Annotated[
        dict[str, ProbeSection],
        Constraint(min_length=1),
        Key('{ core = { channel = "A" } }', "the probes in use, each under the name of its channel"),
    ]


class SupplySection(Section):
    """``[supply]``."""

    name: Annotated[Text, Key('"magnetherm"', "name of the supply on this bench")]
    driver: Annotated[Text, Key('"magnetherm"', "driver, one of `amfdaq drivers`")]
    coil: Annotated[File, Key('"coil.toml"', "certificate of the coil: field against current")]
    rate: Annotated[Frequency, POSITIVE, Key('"2 Hz"', "how often current, voltage and output are read")] = (
        parse("2 Hz", "frequency")
    )
    settle: Annotated[Time, Key('"0.5 s"', "after switching on, readings of the current do not count")] = (
        parse("0 s", "time")
    )
    options: Annotated[dict[str, Any], Key("{ coil = 2 }", "options of the driver")] = Constraint(
        default_factory=dict
    )


class LimitsSection(Section):
    """``[limits]``: beyond any of them the field goes off."""

    temperature: Annotated[Temperature, Key('"70 degC"', "highest temperature of any probe")]
    field: Annotated[Field, POSITIVE, Key('"16 kA/m"', "largest field amplitude (peak)")]
    time_on: Annotated[Time, POSITIVE, Key('"15 min"', "longest time with the field on without a break")]
    temperature_low: Annotated[Temperature | None, Key('"2 degC"', "lowest temperature of any probe")] = None
    temperature_rate: Annotated[Rate, POSITIVE, Key('"3 K/s"', "fastest rise of any probe")] = parse(
        "3 K/s", "rate"
    )
    field_frequency: Annotated[
        FieldFrequency, POSITIVE, Key('"5e9 A/(m s)"', "largest product of field and frequency")
    ] = parse("2e10 A/(m s)", "field x frequency")
    current: Annotated[
        Current | None,
        Key('"14 A"', "largest supply current; without it the certificate of the coil decides"),
    ] = None
    stale: Annotated[Time, POSITIVE, Key('"2 s"', "oldest good reading of a probe")] = parse("2 s", "time")
    heartbeat: Annotated[
        Time, POSITIVE, Key('"1 s"', "longest silence of the acquisition, on the wall clock")
    ] = parse("1 s", "time")
    lost_readings: Annotated[
        int, Constraint(ge=1, le=20), Key("3", "failed readings in a row that mean a lost probe")
    ] = 3

    def limits(self) -> Limits:
        """The same in plain SI numbers."""
        return Limits(
            temperature_max=self.temperature.value,
            temperature_min=self.temperature_low.value if self.temperature_low is not None else None,
            rate_max=self.temperature_rate.value,
            field_max=self.field.value,
            field_frequency_max=self.field_frequency.value,
            current_max=self.current.value if self.current is not None else None,
            time_on_max=self.time_on.value,
            stale_after=self.stale.value,
            heartbeat=self.heartbeat.value,
            lost_readings=self.lost_readings,
        )


class ClockSection(Section):
    """``[clock]``."""

    speed: Annotated[
        float,
        Constraint(gt=0, le=1000),
        Key("20.0", "seconds of the bench per second; only for a simulated bench"),
    ] = 1.0


class BenchSection(Section):
    """``[bench]``."""

    simulated: Annotated[bool, Key("true", "the instruments are simulated; every report says so")] = False


class RigFile(Section):
    """The whole of ``rig.toml``."""

    rig: RigSection
    thermometer: Annotated[list[ThermometerSection], Constraint(min_length=1)]
    supply: SupplySection | None = None
    limits: LimitsSection
    clock: ClockSection = ClockSection()
    bench: BenchSection = BenchSection()
