"""What an instrument is to amfdaq: the interfaces that drivers implement, and how a driver is found.

A driver is a class with three class attributes (``kind``, ``card``, ``Options``) that is registered under the entry-point
group ``amfdaq.drivers``. It owns no thread, keeps no history, retries only what its protocol asks for, and raises the errors
of `amfdaq.errors`; the engine stamps times, the guard decides about the field.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from amfdaq.errors import BadInput
from amfdaq.packages import require_package

if TYPE_CHECKING:
    from pydantic import BaseModel

    from amfdaq.clock import Clock
    from amfdaq.reading import Sample

GROUP = "amfdaq.drivers"


@dataclass(frozen=True, slots=True)
class Identity:
    """What an instrument says it is.

    Attributes:
        model: as reported, or as configured where the protocol reports none.
        serial: serial number, or "" where the protocol has none.
        firmware: or "".
        text: the whole identity as received.
    """

    model: str
    serial: str = ""
    firmware: str = ""
    text: str = ""

    def to_json(self) -> dict[str, str]:
        """Plain data for the run file."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Card:
    """What a driver is, for ``amfdaq drivers`` and the run file.

    Attributes:
        family: instrument family, as its maker calls it.
        models: models it is meant for.
        link: the wires, such as ``"RS-485, Modbus RTU, 9600 8N1"``.
        evidence: where the protocol is known from, and how well (the grades of docs/instruments.md).
    """

    family: str
    models: tuple[str, ...]
    link: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What a supply is asked for.

    Attributes:
        frequency: Hz.
        current: A, supply current (the coil certificate turns it into a field).
    """

    frequency: float
    current: float


@dataclass(frozen=True, slots=True)
class SupplyState:
    """What a supply reports.

    Attributes:
        output: True on, False off, None when it could not be learnt.
        current: measured supply current, A.
        voltage: measured supply voltage, V.
        frequency: Hz, as last set where the instrument cannot report it (NaN when never set).
        trips: what has tripped, in words; empty when nothing has.
    """

    output: bool | None
    current: Sample
    voltage: Sample
    frequency: float
    trips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OffReport:
    """What became of a command to switch off.

    Attributes:
        confirmed: every part that carries power was read back and is off.
        parts: one sentence per device that was told.
    """

    confirmed: bool
    parts: tuple[str, ...] = field(default=())


@runtime_checkable
class Thermometer(Protocol):
    """A thermometer with one or more channels, read by request."""

    kind: ClassVar[Literal["thermometer"]]
    card: ClassVar[Card]
    Options: ClassVar[type[BaseModel]]
    channels: tuple[str, ...]

    def open(self) -> Identity:
        """Open the link and ask who is there.

        Raises:
            LinkError: the link could not be opened or nobody answers.
            WrongInstrument: somebody else answers.
        """
        ...

    def read(self) -> tuple[Sample, ...]:
        """One sample per channel, in degree Celsius, in the order of ``channels``.

        Raises:
            LinkError, ReplyError, InstrumentRefused: nothing could be learnt about any channel.
        """
        ...

    def close(self) -> None:
        """Close the link; never raises, may be called twice."""
        ...


@runtime_checkable
class Supply(Protocol):
    """A coil supply. Opening, configuring and closing never switch the output on."""

    kind: ClassVar[Literal["supply"]]
    card: ClassVar[Card]
    Options: ClassVar[type[BaseModel]]

    def open(self) -> Identity:
        """Open the links and ask who is there; the output is left as it is.

        Raises:
            LinkError, WrongInstrument: as for a thermometer.
        """
        ...

    def configure(self, setpoint: Setpoint) -> None:
        """Set frequency and current; the output state is left as it is.

        Raises:
            BadInput: the set-point is beyond the configured limits of the instrument.
            InstrumentError: it was not accepted.
        """
        ...

    def on(self) -> None:
        """Switch the output on.

        Raises:
            InstrumentError: not accepted, or the link failed (the output may then be on or off).
        """
        ...

    def off(self) -> OffReport:
        """Switch everything off: each device on its own, then read back; never raises."""
        ...

    def read(self) -> SupplyState:
        """Output state, current, voltage and trips.

        Raises:
            LinkError, ReplyError, InstrumentRefused: nothing could be learnt.
        """
        ...

    def close(self) -> None:
        """Close the links; never raises, may be called twice, sends nothing."""
        ...


def driver_names() -> tuple[str, ...]:
    """Names of all registered drivers, sorted."""
    return tuple(sorted({entry.name for entry in metadata.entry_points(group=GROUP)}))


def driver_class(name: str) -> type[Any]:
    """The driver class registered under a name.

    Raises:
        BadInput: no driver has that name, or its package cannot be imported.
        HiddenPackage: a file of the user hides amfdaq's own drivers.
    """
    entries = [entry for entry in metadata.entry_points(group=GROUP) if entry.name == name]
    if not entries:
        known = ", ".join(driver_names()) or "none: is amfdaq installed?"
        raise BadInput(f'no driver is called "{name}"; known drivers: {known}')
    package = entries[0].module.partition(".")[0]
    if package == "drivers":
        require_package(package)
    try:
        loaded = entries[0].load()
    except (ImportError, AttributeError) as error:
        raise BadInput(
            f'the driver "{name}" ({entries[0].value}) cannot be imported: {error}; reinstall its package'
        ) from error
    if not isinstance(loaded, type):
        raise BadInput(f'the driver "{name}" ({entries[0].value}) is not a class')
    return loaded


def make_driver(name: str, options: Any, clock: Clock) -> Any:
    """Construct a driver from its validated options; opens nothing."""
    return driver_class(name)(options, clock)


def restore_driver(name: str, options: str, clock: Clock) -> Any:
    """Construct a driver from options that another process has validated and sent as JSON; opens nothing.

    Raises:
        BadInput: no driver has that name.
        ValueError: the options are not those of this driver.
    """
    cls = driver_class(name)
    return cls(cls.Options.model_validate_json(options), clock)
