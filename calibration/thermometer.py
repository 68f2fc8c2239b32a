"""The certificate of a probe: how true it reads, how fast it follows, how finely it resolves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field as Constraint

from amfdaq.config import (
    NOT_NEGATIVE,
    POSITIVE,
    Difference,
    Fraction,
    Key,
    Loc,
    Section,
    Temperature,
    Text,
    Time,
    TomlFile,
    check_table,
    parse_toml,
    raise_problems,
    read_toml,
)
from amfdaq.quantity import parse
from calibration.certificates import Certificate, CertificateSection, date_problems

_GAIN_RANGE = (0.8, 1.25)  # a probe further off is not calibrated but broken


class ThermometerHead(CertificateSection):
    """``[certificate]`` of a probe."""

    kind: Annotated[Literal["thermometer"], Key('"thermometer"', "kind of certificate")]


class ThermometerSection(Section):
    """``[thermometer]``: temperature = offset + gain x reading."""

    probe: Annotated[Text, Key('"fibre 3, bare tip"', "which probe")]
    offset: Annotated[Difference, Key('"-0.12 K +- 0.1 K"', "added to the reading")] = parse(
        "0 K", "difference"
    )
    gain: Annotated[
        Fraction, POSITIVE, Key('"1.002 +- 0.003"', "the reading (in degC) is multiplied by it")
    ] = parse("1", "fraction")
    lag: Annotated[
        Time | None, Key('"0.8 s +- 0.2 s"', "time constant in the medium of the samples, from a plunge test")
    ] = None
    resolution: Annotated[Difference, NOT_NEGATIVE, Key('"0.01 K"', "smallest step of the readings")] = parse(
        "0 K", "difference"
    )
    range: Annotated[
        list[Temperature],
        Constraint(min_length=2, max_length=2),
        Key('["10 degC", "80 degC"]', "where it was calibrated"),
    ]


class ThermometerFile(Section):
    """The whole certificate of a probe."""

    certificate: ThermometerHead
    thermometer: ThermometerSection


@dataclass(frozen=True)
class ThermometerCertificate(Certificate):
    """The certificate of a probe.

    Attributes:
        probe: which probe.
        offset: K, added to the reading.
        u_offset: its standard uncertainty, K.
        gain: factor on the reading in degree Celsius.
        u_gain: relative standard uncertainty of the gain, and so of every temperature difference.
        lag: time constant in s, or None when it was not measured.
        u_lag: its standard uncertainty, s.
        resolution: smallest step of the readings, K; 0.0 when not known.
        range: degree Celsius between which it was calibrated.
    """

    probe: str
    offset: float
    u_offset: float
    gain: float
    u_gain: float
    lag: float | None
    u_lag: float
    resolution: float
    range: tuple[float, float]

    def correct(self, value: float) -> float:
        """Temperature for a reading, both in degree Celsius: offset + gain x reading; NaN stays NaN."""
        return self.offset + self.gain * value

    def covers(self, value: float) -> bool:
        """Whether a temperature in degree Celsius is within the calibrated range."""
        return self.range[0] <= value <= self.range[1]

    def to_json(self) -> dict[str, Any]:
        """Plain data for the run file: K, s, degree Celsius."""
        return {
            **self._head(),
            "kind": "thermometer",
            "probe": self.probe,
            "offset": self.offset,
            "u_offset": self.u_offset,
            "gain": self.gain,
            "u_gain": self.u_gain,
            "lag": self.lag,
            "u_lag": self.u_lag,
            "resolution": self.resolution,
            "range": list(self.range),
        }


def load_thermometer_certificate(path: Path | str) -> ThermometerCertificate:
    """Read the certificate of a probe.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _build(read_toml(path))


def parse_thermometer_certificate(text: str, path: Path) -> ThermometerCertificate:
    """The same for a text that came from elsewhere, such as the one a run file carries."""
    return _build(parse_toml(text, path))


def _build(file: TomlFile) -> ThermometerCertificate:
    content, problems = check_table(file, ThermometerFile)
    head, _ = check_table(file, ThermometerHead, ("certificate",))
    section, _ = check_table(file, ThermometerSection, ("thermometer",))
    found = [*date_problems(head), *_contradictions(section)]
    raise_problems([*problems, *(file.problem(loc, message) for loc, message in found)])
    if content is None:
        raise AssertionError("a model that could not be built has problems")
    head, probe = content.certificate, content.thermometer
    return ThermometerCertificate(
        head.id, head.date, head.expires, head.issued_by, head.method, head.notes, file.path, file.text,
        probe=probe.probe,
        offset=probe.offset.value,
        u_offset=probe.offset.u,
        gain=probe.gain.value,
        u_gain=probe.gain.relative,
        lag=probe.lag.value if probe.lag is not None else None,
        u_lag=probe.lag.u if probe.lag is not None else 0.0,
        resolution=probe.resolution.value,
        range=(probe.range[0].value, probe.range[1].value),
    )  # fmt: skip


def _contradictions(section: ThermometerSection | None) -> Iterator[tuple[Loc, str]]:
    if section is None:
        return
    low, high = section.range
    if low.value >= high.value:
        yield ("thermometer", "range"), f'"{low}" is not below "{high}"'
    if not _GAIN_RANGE[0] <= section.gain.value <= _GAIN_RANGE[1]:
        least, most = _GAIN_RANGE
        yield ("thermometer", "gain"), f'"{section.gain}" is not between {least} and {most}: a factor near 1'
    if section.lag is not None and section.lag.value > 0 and section.lag.u == 0:
        message = f'"{section.lag}" has no uncertainty, and would be taken for exact: add "+- 20 %"'
        yield ("thermometer", "lag"), message
