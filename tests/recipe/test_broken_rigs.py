"""Broken rig files: every fault at its line, with a sentence that helps, all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.rig import load_rig

Check = Callable[[Callable[[Path], Any], str], None]

# name of the case: (a line of the good file, what it becomes)
ONE_LINE = {
    "unknown key": (
        'field = "16 kA/m"',
        'feild = "16 kA/m" #! limits.feild: did you mean "field"?',
    ),
    "unknown key far from any": (
        'time_on = "15 min"',
        'time_on = "15 min"\ncolour = "red" #! limits.colour: unknown key "colour"; known keys here: current,',
    ),
    "key in the wrong table": (
        'name = "bench 1"',
        'name = "bench 1"\nsimulated = true #! rig.simulated: it belongs under [bench]',
    ),
    "missing required limit": (
        '[limits]\ntemperature = "70 degC"',
        '[limits] #! limits.temperature: missing key: add temperature = "70 degC"',
    ),
    "number without a unit": (
        'field = "16 kA/m"',
        'field = 16000 #! limits.field: has no unit: write the field in quotes, such as "15 kA/m"',
    ),
    "wrong kind of quantity": (
        'time_on = "15 min"',
        'time_on = "15 kHz" #! limits.time_on: is a frequency; a time is needed here',
    ),
    "unknown unit": (
        'temperature = "70 degC"',
        'temperature = "70 F" #! limits.temperature: a temperature is needed here',
    ),
    "limit of nothing": (
        'field = "16 kA/m"',
        'field = "0 kA/m" #! limits.field: must be above zero',
    ),
    "lower limit above the upper": (
        'time_on = "15 min"',
        'time_on = "15 min"\ntemperature_low = "80 degC" #! limits.temperature_low: is not below temperature = "70 degC"',
    ),
    "stale before the second reading": (
        'time_on = "15 min"',
        'time_on = "15 min"\nstale = "0.1 s" #! limits.stale: less than two readings of osensa at 5 Hz: at least 0.4 s',
    ),
    "heartbeat too long": (
        'time_on = "15 min"',
        'time_on = "15 min"\nheartbeat = "1 min" #! limits.heartbeat: at most 5 s',
    ),
    "lost readings of nothing": (
        'time_on = "15 min"',
        'time_on = "15 min"\nlost_readings = 0 #! limits.lost_readings: 0 must be at least 1',
    ),
    "lost readings as text": (
        'time_on = "15 min"',
        'time_on = "15 min"\nlost_readings = "three" #! limits.lost_readings: "three" is not a whole number',
    ),
    "unknown driver": (
        'driver = "osensa-ftx"',
        'driver = "osensa" #! thermometer[1].driver: no driver is called "osensa"; known drivers: ',
    ),
    "driver of the other kind": (
        'driver = "magnetherm"',
        'driver = "osensa-ftx" #! supply.driver: is for a thermometer, not for a supply',
    ),
    "unknown option of a driver": (
        "coil = 2",
        'coil = 2\nvoltage = "39 V" #! supply.options.voltage: unknown key "voltage"',
    ),
    "wrong option of a driver": (
        'capacitor = "26 nF"',
        'capacitor = "26 mm" #! supply.options.capacitor: a capacitance is needed here',
    ),
    "missing option of a driver": (
        '[supply.options]\ngenerator = "tcp://127.0.0.1:5021"',
        '[supply.options] #! supply.options.generator: missing key: add generator = "',
    ),
    "certificate that is not there": (
        'coil = "coil.toml"',
        'coil = "coils.toml" #! supply.coil: the file "coils.toml" does not exist',
    ),
    "certificate that is a folder": (
        'coil = "coil.toml"',
        'coil = "." #! supply.coil: is a folder',
    ),
    "channel the instrument has not": (
        'bath = { channel = "B", role = "reference" }',
        'bath = { channel = "C", role = "reference" } #! thermometer[1].probes.bath.channel: have no channel "C"',
    ),
    "channel used twice": (
        'bath = { channel = "B", role = "reference" }',
        'bath = { channel = "A" } #! thermometer[1].probes.bath.channel: is already the probe "core"',
    ),
    "role that does not exist": (
        'bath = { channel = "B", role = "reference" }',
        'bath = { channel = "B", role = "ref" } #! thermometer[1].probes.bath.role: must be one of "core", "reference"',
    ),
    "name of a channel of the supply": (
        'bath = { channel = "B", role = "reference" }',
        'current = { channel = "B", role = "reference" } #! thermometer[1].probes.current: is a channel of the supply',
    ),
    "name that no file can have": (
        'bath = { channel = "B", role = "reference" }',
        '"in the bath" = { channel = "B" } #! thermometer[1].probes."in the bath": cannot be a channel name',
    ),
    "two instruments of one name": (
        '[supply]\nname = "magnetherm"',
        '[supply]\nname = "osensa" #! supply.name: there is another instrument called "osensa"',
    ),
    "speed on a real bench": (
        "[limits]",
        "[clock]\nspeed = 20.0 #! clock.speed: only a simulated bench\n[limits]",
    ),
    "speed in quotes": (
        "[limits]",
        '[clock]\nspeed = "fast" #! clock.speed: "fast" is not a number\n[limits]',
    ),
    "yes instead of true": (
        "[limits]",
        '[bench]\nsimulated = "yes" #! bench.simulated: "yes" is neither true nor false\n[limits]',
    ),
    "single brackets": (
        "[[thermometer]]",
        "[thermometer] #! thermometer: write [[thermometer]] with double brackets",
    ),
    "two supplies": (
        '[supply]\nname = "magnetherm"',
        '[[supply]] #! supply: write [supply] with single brackets\nname = "magnetherm"',
    ),
    "empty name": (
        'name = "bench 1"',
        'name = "" #! rig.name: must not be empty',
    ),
    "rate of nothing": (
        'rate = "5 Hz"',
        'rate = "0 Hz" #! thermometer[1].rate: must be above zero',
    ),
}


@pytest.mark.parametrize(("good", "broken"), ONE_LINE.values(), ids=ONE_LINE)
def test_one_fault_is_reported_at_its_line(
    check_broken: Check, good_rig: str, good: str, broken: str
) -> None:
    assert good_rig.count(good) == 1, "the case does not fit the good file"
    check_broken(load_rig, good_rig.replace(good, broken))


def test_the_file_they_were_broken_from_is_good(rig_file: Path) -> None:
    assert load_rig(rig_file).name == "bench 1"


def test_all_faults_come_at_once(check_broken: Check) -> None:
    check_broken(
        load_rig,
        """\
[rig] #! rig.name: missing key: add name = "
#! none limits: missing table: add [limits] with temperature = "70 degC", field = "16 kA/m", time_on = "15 min"
[[thermometer]]
name = "one"
driver = "osensa-ftx"
rate = "5 m" #! thermometer[1].rate: a frequency is needed here
options = { adress = "tcp://127.0.0.1:5020" } #! thermometer[1].options.adress: did you mean "address"?
probes.core = { channel = "A" }
[[thermometer]] #! thermometer[2].options.address: missing key: add address = "
name = "two"
driver = "osensa-ftx"
rate = "5 Hz"
[thermometer.probes]
core = { channel = "A", certificate = "none.toml" } #! thermometer[2].probes.core.certificate: does not exist
[supply]
name = "two"
driver = "magnetotherm" #! supply.driver: no driver is called "magnetotherm"
coil = "coil.toml"
[clock]
speed = 2.0 #! clock.speed: only a simulated bench
""",
    )


def test_a_rig_needs_a_thermometer_and_a_core_probe(check_broken: Check, good_rig: str) -> None:
    limits = good_rig[good_rig.index("[limits]") :]
    missing = "#! none thermometer: missing table: add [[thermometer]] with name = "
    check_broken(load_rig, f'[rig]\nname = "x" {missing}\n{limits}')
    empty = '#! thermometer: needs at least 1 entry\n[rig]\nname = "x"\n'
    check_broken(load_rig, f"thermometer = [] {empty}{limits}")
    other = 'core = { channel = "A", role = "other" }'
    text = good_rig.replace('core = { channel = "A", certificate = "probe.toml" }', other)
    mark = '[thermometer.probes] #! thermometer[1].probes: no probe has role = "core"'
    check_broken(load_rig, text.replace("[thermometer.probes]", mark))


def test_the_same_probe_name_on_two_thermometers(check_broken: Check, good_rig: str) -> None:
    second = """\
[[thermometer]]
name = "osensa" #! thermometer[2].name: there is another instrument called "osensa"
driver = "osensa-ftx"
rate = "1 Hz"
options = { address = "tcp://127.0.0.1:5023" }
[thermometer.probes.core] #! thermometer[2].probes.core: there is another probe called "core"
channel = "A"
[supply]
"""
    check_broken(load_rig, good_rig.replace("[supply]\n", second))
