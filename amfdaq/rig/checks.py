"""What is right key by key in a ``rig.toml`` and wrong together.

Each check looks only at the tables that are right in themselves, so that a slip in one place does not hide
another elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from amfdaq.config import Loc, TomlFile, check_table
from amfdaq.rig.file import BenchSection, ClockSection, LimitsSection, SupplySection, ThermometerSection

RESERVED = frozenset(
    {"current", "voltage", "field", "frequency", "output", "time"}
)  # channels of the supply, and time
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_READINGS_BEFORE_STALE = 2  # a limit shorter than two readings would trip on every single one that is lost
_LONGEST_HEARTBEAT_S = 5.0  # the field would stay on that long after a crash


def contradictions(file: TomlFile, options: Mapping[Loc, BaseModel]) -> Iterator[tuple[Loc, str]]:
    """Every contradiction as (key path, sentence).

    Args:
        file: the file.
        options: the options of the drivers that are right, by key path.
    """
    thermometers = dict(_thermometers(file))
    limits, _ = check_table(file, LimitsSection, ("limits",))
    supply, _ = check_table(file, SupplySection, ("supply",))
    if limits is not None:
        yield from _limits(limits, thermometers)
    yield from _instrument_names(thermometers, supply)
    yield from _probe_names(thermometers)
    yield from _channels(thermometers, options)
    yield from _clock(file)


def _thermometers(file: TomlFile) -> Iterator[tuple[int, ThermometerSection]]:
    written = file.data.get("thermometer")
    for index in range(len(written) if isinstance(written, list) else 0):
        section, _ = check_table(file, ThermometerSection, ("thermometer", index))
        if section is not None:
            yield index, section


def _limits(
    limits: LimitsSection, thermometers: Mapping[int, ThermometerSection]
) -> Iterator[tuple[Loc, str]]:
    low, high = limits.temperature_low, limits.temperature
    if low is not None and low.value >= high.value:
        yield ("limits", "temperature_low"), f'"{low}" is not below temperature = "{high}"'
    if limits.heartbeat.value > _LONGEST_HEARTBEAT_S:
        message = (
            f'"{limits.heartbeat}" is too long to leave the field on: at most {_LONGEST_HEARTBEAT_S:g} s'
        )
        yield ("limits", "heartbeat"), message
    for item in thermometers.values():
        needed = _READINGS_BEFORE_STALE / item.rate.value
        if limits.stale.value < needed:
            short = f'"{limits.stale}" is less than two readings of {item.name} at {item.rate}'
            yield ("limits", "stale"), f"{short}: at least {needed:g} s"


def _instrument_names(
    thermometers: Mapping[int, ThermometerSection], supply: SupplySection | None
) -> Iterator[tuple[Loc, str]]:
    seen: set[str] = set()
    for index, item in thermometers.items():
        if item.name in seen:
            yield ("thermometer", index, "name"), f'there is another instrument called "{item.name}"'
        seen.add(item.name)
    if supply is not None and supply.name in seen:
        yield ("supply", "name"), f'there is another instrument called "{supply.name}"'


def _probe_names(thermometers: Mapping[int, ThermometerSection]) -> Iterator[tuple[Loc, str]]:
    seen: set[str] = set()
    for index, item in thermometers.items():
        for name in item.probes:
            loc = ("thermometer", index, "probes", name)
            if not _NAME.fullmatch(name):
                yield (
                    loc,
                    f'"{name}" cannot be a channel name: a letter, then letters, digits, - and _',
                )
            elif name in RESERVED:
                yield loc, f'"{name}" is a channel of the supply; choose another name'
            elif name in seen:
                yield loc, f'there is another probe called "{name}"'
            seen.add(name)
    probes = [probe for item in thermometers.values() for probe in item.probes.values()]
    if probes and not any(probe.role == "core" for probe in probes):
        yield (
            ("thermometer", min(thermometers), "probes"),
            'no probe has role = "core": say which one sits in the sample',
        )


def _channels(
    thermometers: Mapping[int, ThermometerSection], options: Mapping[Loc, BaseModel]
) -> Iterator[tuple[Loc, str]]:
    for index, item in thermometers.items():
        known = getattr(options.get(("thermometer", index, "options")), "channels", None)
        used: dict[str, str] = {}
        for name, probe in item.probes.items():
            loc = ("thermometer", index, "probes", name, "channel")
            if probe.channel in used:
                yield loc, f'channel "{probe.channel}" is already the probe "{used[probe.channel]}"'
            elif known is not None and probe.channel not in known:
                listed = ", ".join(f'"{channel}"' for channel in known)
                yield loc, f'the options of {item.name} have no channel "{probe.channel}"; they have {listed}'
            used[probe.channel] = name


def _clock(file: TomlFile) -> Iterator[tuple[Loc, str]]:
    clock, _ = check_table(file, ClockSection, ("clock",))
    bench, _ = check_table(file, BenchSection, ("bench",))
    if clock is not None and bench is not None and clock.speed != 1.0 and not bench.simulated:
        message = (
            "only a simulated bench can run at another speed: remove it, or write [bench] simulated = true"
        )
        yield ("clock", "speed"), message
