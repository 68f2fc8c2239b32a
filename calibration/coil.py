"""The certificate of a coil: which field a supply current gives, at each frequency and capacitor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amfdaq.config import Loc, TomlFile, check_table, parse_toml, raise_problems, read_toml
from amfdaq.errors import BadInput, QuantityError
from amfdaq.field import CoilLine
from amfdaq.quantity import Quantity, parse
from calibration.certificates import Certificate, date_problems
from calibration.coil_file import CoilFile, CoilHead, LineSection, line_problems
from calibration.coil_fit import fit_line


@dataclass(frozen=True, slots=True)
class CalibratedLine:
    """One line of the certificate.

    Attributes:
        frequency: Hz, where it was measured.
        capacitor: F, or None.
        line: field against current.
        residual: standard deviation of the points about the line, A/m, or None when no points were given.
    """

    frequency: float
    capacitor: float | None
    line: CoilLine
    residual: float | None

    @property
    def name(self) -> str:
        """``265 kHz, 26 nF``."""
        shown = f"{self.frequency / 1e3:.4g} kHz"
        return shown if self.capacitor is None else f"{shown}, {self.capacitor * 1e9:.4g} nF"


@dataclass(frozen=True)
class CoilCertificate(Certificate):
    """The certificate of a coil.

    Attributes:
        coil: which coil.
        position: where in it the field was measured, or "".
        lines: one per frequency and capacitor.
    """

    coil: str
    position: str
    lines: tuple[CalibratedLine, ...]

    def line(self, frequency: float, capacitor: str | None = None) -> CoilLine:
        """The line that holds at a frequency.

        Args:
            frequency: Hz.
            capacitor: such as ``"26 nF"``; needed only where two capacitors give the same frequency.

        Raises:
            BadInput: no line covers it, or more than one does.
        """
        wanted = None if capacitor is None else _capacitance(capacitor)
        found = [
            item
            for item in self.lines
            if item.line.frequency_min <= frequency <= item.line.frequency_max
            and (
                wanted is None or item.capacitor is None or math.isclose(item.capacitor, wanted, rel_tol=1e-6)
            )
        ]
        if len(found) == 1:
            return found[0].line
        shown = f"{frequency / 1e3:.4g} kHz" + ("" if capacitor is None else f" with {capacitor}")
        if found:
            listed = "; ".join(item.name for item in found)
            raise BadInput(
                f"{self.path}: several lines of the certificate cover {shown} ({listed}): name the capacitor"
            )
        listed = "; ".join(item.name for item in self.lines)
        raise BadInput(
            f"{self.path}: no line of the coil certificate covers {shown}; it has {listed}: calibrate the "
            "coil there, or use one of these frequencies"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for the run file, SI units."""
        lines = [
            {
                "frequency": item.frequency,
                "capacitor": item.capacitor,
                "residual": item.residual,
                **item.line.to_json(),
            }
            for item in self.lines
        ]
        return {**self._head(), "kind": "coil", "coil": self.coil, "position": self.position, "lines": lines}


def load_coil_certificate(path: Path | str) -> CoilCertificate:
    """Read the certificate of a coil.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _build(read_toml(path))


def parse_coil_certificate(text: str, path: Path) -> CoilCertificate:
    """The same for a text that came from elsewhere, such as the one a run file carries."""
    return _build(parse_toml(text, path))


def _build(file: TomlFile) -> CoilCertificate:
    content, problems = check_table(file, CoilFile)
    head, _ = check_table(file, CoilHead, ("certificate",))
    found = list(date_problems(head))
    lines: list[CalibratedLine] = []
    written = file.data.get("line")
    for index in range(len(written) if isinstance(written, list) else 0):
        section, _ = check_table(file, LineSection, ("line", index))
        if section is not None:
            wrong = list(line_problems(section, index))
            found += wrong
            if not wrong:
                _add(section, index, lines, found)
    raise_problems([*problems, *(file.problem(loc, message) for loc, message in found)])
    if content is None:
        raise AssertionError("a model that could not be built has problems")
    head = content.certificate
    return CoilCertificate(
        head.id, head.date, head.expires, head.issued_by, head.method, head.notes, file.path, file.text,
        content.coil.name, content.coil.position, tuple(lines),
    )  # fmt: skip


def _add(section: LineSection, index: int, lines: list[CalibratedLine], found: list[tuple[Loc, str]]) -> None:
    """Make the line of a section and add it, or what is wrong with it."""
    try:
        made = _calibrated(section)
    except BadInput as error:
        found.append((("line", index), str(error)))
        return
    for other in lines:
        overlap = (
            made.line.frequency_min <= other.line.frequency_max
            and other.line.frequency_min <= made.line.frequency_max
        )
        if overlap and (
            made.capacitor is None or other.capacitor is None or made.capacitor == other.capacitor
        ):
            message = f"overlaps with the line for {other.name}: nobody could tell which one holds"
            found.append((("line", index, "frequency"), message))
    lines.append(made)


def _calibrated(section: LineSection) -> CalibratedLine:
    """Field against current from gain and offset, or from points.

    Raises:
        BadInput: no line goes through the points.
    """
    low, high = (section.frequency.value + sign * section.tolerance.value for sign in (-1, 1))
    capacitor = section.capacitor.value if section.capacitor is not None else None
    if section.gain is not None and section.current_max is not None:
        gain, offset = section.gain, section.offset or Quantity(0.0, 0.0, "field", "0 A/m")
        common = section.scale.value
        line = CoilLine(
            gain.value, offset.value,
            math.hypot(gain.u, common * gain.value), math.hypot(offset.u, common * offset.value),
            section.correlation * gain.u * offset.u + common**2 * gain.value * offset.value,
            low, high, section.current_max.value, section.position.value,
        )  # fmt: skip
        return CalibratedLine(section.frequency.value, capacitor, line, None)
    currents, fields = [p.current.value for p in section.point], [p.field.value for p in section.point]
    u = [p.field.u for p in section.point]
    fit = fit_line(currents, fields, u if all(u) else None, scale=section.scale.value)
    most = section.current_max.value if section.current_max is not None else max(currents)
    line = CoilLine(
        fit.gain, fit.offset, fit.u_gain, fit.u_offset, fit.covariance, low, high, min(most, max(currents)),
        section.position.value,
    )  # fmt: skip
    return CalibratedLine(section.frequency.value, capacitor, line, fit.residual)


def _capacitance(text: str) -> float:
    try:
        return parse(text, "capacitance").value
    except QuantityError as error:
        raise BadInput(f"capacitor: {error}") from error
