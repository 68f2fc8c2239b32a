"""What lies on the bench: the tables of a bench file, and their reader.

Plain numbers, the unit is part of the key. What is unknown, missing or out of range is refused. `inf` is
allowed only where it means "not there".
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from mocks.errors import ConfigError

DEMO_BENCH = Path(__file__).with_name("demo_bench.toml")


def _number(low: float = -math.inf, high: float = math.inf, *, above: bool = False, inf: bool = False) -> Any:
    """Field of a number in [low, high], or above ``low`` if ``above``; infinite only if ``inf``."""
    return field(metadata={"low": low, "high": high, "above": above, "inf": inf})


def _positive(*, inf: bool = False) -> Any:
    return _number(0.0, above=True, inf=inf)


def _nonnegative() -> Any:
    return _number(0.0)


def _relative() -> Any:
    # 0.2 keeps a normal draw positive in all but one of three million benches, and those are drawn again
    return _number(0.0, 0.2)


def _choice(*allowed: str) -> Any:
    return field(metadata={"choice": allowed})


@dataclass(frozen=True, slots=True)
class TankTable:
    """Resonant tank: what the DC supply sees, and the field it makes."""

    coil: str
    capacitor_nF: float = _positive()
    resonance_Hz: float = _positive()
    resonance_u_rel: float = _relative()
    resonance_drift_Hz_per_s: float = _number()
    quality_factor: float = _positive()
    resistance_ohm: float = _positive()
    coil_constant_mT_per_A: float = _positive()
    coil_constant_u_rel: float = _relative()


@dataclass(frozen=True, slots=True)
class SupplyTable:
    """What the DC supply can deliver."""

    voltage_max_V: float = _positive()
    current_max_A: float = _positive()
    power_max_W: float = _positive()


@dataclass(frozen=True, slots=True)
class SetpointTable:
    """The nominal working point of this bench."""

    current_A: float = _positive()
    voltage_V: float = _positive()
    frequency_Hz: float = _positive()


@dataclass(frozen=True, slots=True)
class SampleTable:
    """What is heated, and how much it heats."""

    basis: str = _choice("Fe", "Fe3O4", "Fe2O3", "total")
    volume_mL: float = _positive()
    volume_u_rel: float = _relative()
    concentration_mg_per_mL: float = _nonnegative()
    concentration_u_rel: float = _relative()
    heat_capacity_J_per_K: float = _positive()
    heat_capacity_u_rel: float = _relative()
    ilp_nH_m2_per_kg: float = _nonnegative()
    exponent: float = _positive()
    reference_field_A_per_m: float = _positive()
    saturation_field_A_per_m: float = _positive(inf=True)
    direct_heating_W: float = _nonnegative()


@dataclass(frozen=True, slots=True)
class VesselTable:
    """The wall around the sample."""

    heat_capacity_J_per_K: float = _positive()
    participation: float = _positive()
    participation_u_rel: float = _relative()
    exchange_conductance_W_per_K: float = _nonnegative()


@dataclass(frozen=True, slots=True)
class LossTable:
    """Conductances to the environment."""

    sample_W_per_K: float = _nonnegative()
    vessel_W_per_K: float = _nonnegative()


@dataclass(frozen=True, slots=True)
class EnvironmentTable:
    """The temperature around the vessel."""

    temperature_C: float = _number(-200.0, 200.0)
    drift_K_per_s: float = _number()
    wander_amplitude_K: float = _nonnegative()
    wander_period_s: float = _positive()
    coil_warming_K_per_s: float = _nonnegative()
    coil_cooling_time_s: float = _positive(inf=True)
    start_offset_K: float = _number()


@dataclass(frozen=True, slots=True)
class ProbeTable:
    """The fibre-optic probe and its transmitter."""

    lag_s: float = _positive()
    lag_u_rel: float = _relative()
    gain: float = _positive()
    gain_u_rel: float = _relative()
    offset_K: float = _number()
    offset_u_K: float = _nonnegative()
    noise_white_K: float = _nonnegative()
    noise_ar1_K: float = _nonnegative()
    noise_ar1_time_s: float = _positive()
    update_interval_s: float = _number(1e-3)
    resolution_K: float = _nonnegative()


@dataclass(frozen=True, slots=True)
class OsensaTable:
    """The thermometer as a Modbus slave."""

    unit: str = _choice("single", "triple")
    serial_number: int = _number(0, 2**32 - 1)
    reply_delay_s: float = _nonnegative()


@dataclass(frozen=True, slots=True)
class BenchTables:
    """A whole bench file; also the type of a bench with its true values drawn."""

    tank: TankTable
    supply: SupplyTable
    setpoint: SetpointTable
    sample: SampleTable
    vessel: VesselTable
    loss: LossTable
    environment: EnvironmentTable
    probe: ProbeTable
    osensa: OsensaTable


def load_bench(path: Path = DEMO_BENCH) -> BenchTables:
    """Read and check a bench file.

    Args:
        path: TOML file; the built-in demonstration bench if not given.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or has an unknown, missing or invalid key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); give the path of a bench file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}.") from error
    names = [entry.name for entry in dataclasses.fields(BenchTables)]
    for name in document:
        if name not in names:
            raise ConfigError(f"{path}: unknown key {name}; the tables of a bench are {', '.join(names)}.")
    tables: dict[str, Any] = {}
    for name, kind in get_type_hints(BenchTables).items():
        if not isinstance(document.get(name), dict):
            raise ConfigError(
                f"{path}: the table [{name}] is missing; mocks/demo_bench.toml shows all of them."
            )
        tables[name] = _read_table(kind, document[name], f"{path}: [{name}]")
    return BenchTables(**tables)


def _read_table(kind: type[Any], raw: dict[str, Any], where: str) -> Any:
    """Build one table, key by key; ``where`` starts every error sentence."""
    fields = {entry.name: entry for entry in dataclasses.fields(kind)}
    for key in raw:
        if key not in fields:
            raise ConfigError(f"{where} unknown key {key}; known are {', '.join(fields)}.")
    types = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, entry in fields.items():
        if key not in raw:
            raise ConfigError(f"{where} the key {key} is missing; mocks/demo_bench.toml shows all of them.")
        check = _check_text if types[key] is str else _check_number
        values[key] = check(raw[key], entry.metadata, types[key], f"{where} {key}")
    return kind(**values)


def _check_text(value: Any, rules: Any, _kind: type, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{where} must be a text in quotes, not {value!r}.")
    if "choice" in rules and value not in rules["choice"]:
        raise ConfigError(f"{where} must be one of {', '.join(rules['choice'])}, not {value!r}.")
    return value


def _check_number(value: Any, rules: Any, kind: type, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{where} must be a number, not {value!r}.")
    if kind is int and not isinstance(value, int):
        raise ConfigError(f"{where} must be a whole number, not {value!r}.")
    if math.isnan(value) or (math.isinf(value) and not rules["inf"]):
        raise ConfigError(f"{where} must be a finite number, not {value!r}.")
    if value < rules["low"] or value > rules["high"] or (rules["above"] and value <= rules["low"]):
        lower = f"above {rules['low']:g}" if rules["above"] else f"at least {rules['low']:g}"
        upper = "" if math.isinf(rules["high"]) else f" and at most {rules['high']:g}"
        raise ConfigError(f"{where} must be {lower}{upper}, not {value!r}.")
    return value if kind is int else float(value)
