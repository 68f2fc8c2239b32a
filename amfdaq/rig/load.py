"""Reading ``rig.toml``: its keys, the options of each driver by its own model, and what must fit together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from amfdaq.config import Loc, TomlFile, check_table, parse_toml, raise_problems, read_toml
from amfdaq.errors import BadInput, HiddenPackage, Problem
from amfdaq.instruments import driver_class
from amfdaq.rig.bench import Probe, Rig, Supply, Thermometer
from amfdaq.rig.checks import contradictions
from amfdaq.rig.file import RigFile, ThermometerSection


def load_rig(path: Path | str) -> Rig:
    """Read a ``rig.toml``.

    Raises:
        ConfigError: with every problem of the file, options of drivers included.
    """
    return _build(read_toml(path))


def parse_rig(text: str, path: Path) -> Rig:
    """The same for a text that came from elsewhere; names of files are relative to the folder of ``path``."""
    return _build(parse_toml(text, path))


def _build(file: TomlFile) -> Rig:
    content, problems = check_table(file, RigFile)
    options: dict[Loc, BaseModel] = {}
    for loc, kind in _instruments(file):
        found, more = _options(file, loc, kind)
        problems += more
        if found is not None:
            options[loc] = found
    problems += [file.problem(loc, message) for loc, message in contradictions(file, options)]
    raise_problems(problems)
    if content is None:
        raise AssertionError("a model that could not be built has problems")
    thermometers = tuple(
        Thermometer(
            item.name, item.driver, item.rate, options["thermometer", index, "options"], _probes(item)
        )
        for index, item in enumerate(content.thermometer)
    )
    return Rig(
        name=content.rig.name,
        thermometers=thermometers,
        supply=_supply(content, options),
        limits=content.limits.limits(),
        speed=content.clock.speed,
        simulated=content.bench.simulated,
        description=content.rig.description,
        path=file.path,
        text=file.text,
        notes=tuple(filter(None, [content.limits.field.note])),
    )


def _supply(content: RigFile, options: dict[Loc, BaseModel]) -> Supply | None:
    item = content.supply
    if item is None:
        return None
    return Supply(item.name, item.driver, options["supply", "options"], item.coil, item.rate, item.settle)


def _probes(item: ThermometerSection) -> dict[str, Probe]:
    return {name: Probe(probe.channel, probe.role, probe.certificate) for name, probe in item.probes.items()}


def _instruments(file: TomlFile) -> Iterator[tuple[Loc, str]]:
    """Where the options of each instrument stand, and what kind it must be."""
    thermometers = file.data.get("thermometer")
    if isinstance(thermometers, list):
        for index in range(len(thermometers)):
            yield ("thermometer", index, "options"), "thermometer"
    if isinstance(file.data.get("supply"), dict):
        yield ("supply", "options"), "supply"


def _options(file: TomlFile, loc: Loc, kind: str) -> tuple[BaseModel | None, list[Problem]]:
    """The options of one instrument, checked by its driver."""
    name = file.at((*loc[:-1], "driver"))
    if not isinstance(name, str) or not name:
        return None, []  # the model has said so already
    try:
        driver = driver_class(name)
    except (BadInput, HiddenPackage) as error:
        return None, [file.problem((*loc[:-1], "driver"), str(error))]
    if driver.kind != kind:
        message = f'the driver "{name}" is for a {driver.kind}, not for a {kind}'
        return None, [file.problem((*loc[:-1], "driver"), message)]
    if not isinstance(file.at(loc), dict):
        return None, []
    return check_table(file, driver.Options, loc)
