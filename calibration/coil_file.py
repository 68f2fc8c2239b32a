"""The keys of the certificate of a coil, and what must fit together in one of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field as Constraint

from amfdaq.config import (
    NOT_NEGATIVE,
    POSITIVE,
    Capacitance,
    CoilConstant,
    Current,
    Field,
    FieldOffset,
    Fraction,
    Frequency,
    Key,
    Loc,
    Section,
    Text,
)
from amfdaq.quantity import parse
from calibration.certificates import CertificateSection

_NONE = parse("0 %", "fraction")


class CoilHead(CertificateSection):
    """``[certificate]`` of a coil."""

    kind: Annotated[Literal["coil"], Key('"coil"', "kind of certificate")]


class CoilSection(Section):
    """``[coil]``."""

    name: Annotated[Text, Key('"17 turns, 44 mm"', "which coil")]
    position: Annotated[str, Key('"centre, 10 mm column"', "where in the coil the field was measured")] = ""


class PointSection(Section):
    """``[[line.point]]``: one measured point."""

    current: Annotated[Current, POSITIVE, Key('"2.0 A"', "supply current")]
    field: Annotated[Field, POSITIVE, Key('"1.92 kA/m +- 1 %"', "measured field (peak), with what scatters")]


class LineSection(Section):
    """``[[line]]``: the field against the current near one frequency."""

    frequency: Annotated[Frequency, POSITIVE, Key('"265 kHz"', "where it was measured")]
    tolerance: Annotated[Frequency, Key('"5 kHz"', "it holds this much below and above")]
    capacitor: Annotated[
        Capacitance | None, Key('"26 nF"', "capacitor of the tank, where it can be changed")
    ] = None
    gain: Annotated[
        CoilConstant | None, Key('"1.206 mT/A +- 2 %"', "peak field per ampere; or give points instead")
    ] = None
    offset: Annotated[FieldOffset | None, Key('"0 A/m +- 40 A/m"', "field of the line at no current")] = None
    correlation: Annotated[
        float, Constraint(ge=-1, le=1), Key("-0.8", "of gain and offset, from the fit they came from")
    ] = 0.0
    current_max: Annotated[
        Current | None, Key('"14.1 A"', "largest current that was measured; with points, the largest of them")
    ] = None
    scale: Annotated[
        Fraction,
        NOT_NEGATIVE,
        Key('"2 %"', "standard uncertainty common to all points (area of the pick-up coil)"),
    ] = _NONE
    position: Annotated[
        Fraction,
        NOT_NEGATIVE,
        Key('"1.5 %"', "standard uncertainty for position and homogeneity over the sample"),
    ] = _NONE
    point: Annotated[list[PointSection], Key("[]", "measured points")] = Constraint(default_factory=list)


class CoilFile(Section):
    """The whole certificate of a coil."""

    certificate: CoilHead
    coil: CoilSection
    line: Annotated[list[LineSection], Constraint(min_length=1)]


def line_problems(section: LineSection, index: int) -> Iterator[tuple[Loc, str]]:
    """What is right key by key in one ``[[line]]`` and wrong together, as (key path, sentence)."""
    loc: Loc = ("line", index)
    if section.gain is None and not section.point:
        yield loc, 'missing key: add gain = "1.206 mT/A +- 2 %", or measured points as [[line.point]]'
    if section.gain is not None and section.point:
        yield (*loc, "gain"), "give either the gain or measured points, not both"
    if section.gain is not None and section.current_max is None:
        yield (
            loc,
            'missing key: add current_max = "14.1 A", the largest current at which the field was measured',
        )
    if section.gain is not None and not section.gain.value > 0:
        yield (*loc, "gain"), f'"{section.gain}" must be above zero'
    if section.current_max is not None and not section.current_max.value > 0:
        yield (*loc, "current_max"), f'"{section.current_max}" must be above zero'
    if section.point and section.offset is not None:
        yield (*loc, "offset"), "the offset comes from the points: remove it"
    if section.tolerance.value >= section.frequency.value:
        yield (
            (*loc, "tolerance"),
            f'"{section.tolerance}" is not small against the frequency "{section.frequency}"',
        )
    with_u = [point.field.u > 0 for point in section.point]
    if any(with_u) and not all(with_u):
        place = (*loc, "point", with_u.index(False), "field")
        yield place, 'the other points have an uncertainty: add one, such as "3.2 kA/m +- 1 %"'
