"""Types for the keys of configuration files: quantities, files, and what the manual says about a key.

``Annotated[Field, POSITIVE, Key("15 kA/m", "peak field")]`` is a key whose text `amfdaq.quantity` reads,
which must be above zero, and which `amfdaq.config.reference` can put into a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, GetCoreSchemaHandler, PlainSerializer, PlainValidator, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from amfdaq.errors import QuantityError
from amfdaq.quantity import Quantity, parse


@dataclass(frozen=True, slots=True)
class Key:
    """What the manual says about a key of a configuration file.

    Attributes:
        example: the value as one would write it in TOML, such as ``'"15 kA/m"'``.
        says: one sentence without a full stop.
    """

    example: str
    says: str


def sentence(message: str) -> PydanticCustomError:
    """A validation error whose message reaches the user as it is."""
    return PydanticCustomError("amfdaq", "{sentence}", {"sentence": message})


@dataclass(frozen=True, slots=True)
class Reads:
    """Marks a key that holds a quantity of one dimension of `amfdaq.quantity`.

    Attributes:
        dimension: such as ``"field"``.
        signed: a minus sign is allowed although the dimension as such has none (an offset of a field).
    """

    dimension: str
    signed: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    def read(self, value: Any) -> Quantity:
        """The quantity; raises a validation error with the sentence of `amfdaq.quantity`."""
        if isinstance(value, Quantity):
            if value.dimension != self.dimension:
                raise sentence(f'"{value}" is a {value.dimension}; a {self.dimension} is needed here')
            return value
        try:
            if self.signed and isinstance(value, str) and value.lstrip().startswith("-"):
                positive = parse(value.lstrip()[1:], self.dimension)
                return Quantity(-positive.value, positive.u, self.dimension, value.strip(), positive.note)
            return parse(value, self.dimension)
        except QuantityError as error:
            raise sentence(str(error)) from error


Field = Annotated[Quantity, Reads("field")]
FieldOffset = Annotated[Quantity, Reads("field", signed=True)]
Frequency = Annotated[Quantity, Reads("frequency")]
Time = Annotated[Quantity, Reads("time")]
Temperature = Annotated[Quantity, Reads("temperature")]
Difference = Annotated[Quantity, Reads("difference")]
Rate = Annotated[Quantity, Reads("rate")]
Volume = Annotated[Quantity, Reads("volume")]
Mass = Annotated[Quantity, Reads("mass")]
Density = Annotated[Quantity, Reads("density")]
Concentration = Annotated[Quantity, Reads("concentration")]
HeatCapacity = Annotated[Quantity, Reads("heat capacity")]
SpecificHeat = Annotated[Quantity, Reads("specific heat")]
Current = Annotated[Quantity, Reads("current")]
Voltage = Annotated[Quantity, Reads("voltage")]
Capacitance = Annotated[Quantity, Reads("capacitance")]
Length = Annotated[Quantity, Reads("length")]
FieldFrequency = Annotated[Quantity, Reads("field x frequency")]
Fraction = Annotated[Quantity, Reads("fraction")]
CoilConstant = Annotated[Quantity, Reads("coil constant")]


def _above_zero(quantity: Quantity) -> Quantity:
    if not quantity.value > 0:
        raise sentence(f'"{quantity}" must be above zero')
    return quantity


def _not_negative(quantity: Quantity) -> Quantity:
    if quantity.value < 0:
        raise sentence(f'"{quantity}" must not be negative')
    return quantity


def _not_blank(text: str) -> str:
    if not text.strip():
        raise sentence("must not be empty")
    return text


POSITIVE: Final = AfterValidator(_above_zero)
NOT_NEGATIVE: Final = AfterValidator(_not_negative)
Text = Annotated[str, AfterValidator(_not_blank)]


def _file(value: Any, info: ValidationInfo) -> Path:
    """A file named relative to the one that names it (the validation context holds that folder)."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip():
        raise sentence('expected the name of a file in quotes, such as "coil.toml"')
    folder = (info.context or {}).get("folder", Path())
    path = Path(folder) / Path(value).expanduser()
    if path.is_dir():
        raise sentence(f'"{value}" is a folder, not a file ({path})')
    if not path.is_file():
        raise sentence(
            f'the file "{value}" does not exist (looked for {path}); names are relative to this file'
        )
    return path


File = Annotated[Path, PlainValidator(_file), PlainSerializer(str, return_type=str)]
