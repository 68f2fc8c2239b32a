"""All certificates that a rig names, read and looked over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from amfdaq.calibrated import Calibrations
from amfdaq.errors import ConfigError, Problem
from amfdaq.rig import Rig
from calibration.certificates import Certificate
from calibration.coil import CoilCertificate, load_coil_certificate
from calibration.thermometer import ThermometerCertificate, load_thermometer_certificate


def load_for(rig: Rig, today: dt.date | None = None) -> Calibrations:
    """The certificates of a rig.

    Args:
        rig: whose ``[supply] coil`` and probe certificates are read.
        today: day against which they may have expired; today by default.

    Returns:
        certificates, with a warning for each that has expired or is missing, and when the field limit of the
        rig goes beyond what the coil was calibrated for.

    Raises:
        ConfigError: with every problem of all the certificates.
    """
    day = today if today is not None else dt.datetime.now().astimezone().date()
    problems: list[Problem] = []
    coil: CoilCertificate | None = None
    probes: dict[str, ThermometerCertificate] = {}
    if rig.supply is not None:
        try:
            coil = load_coil_certificate(rig.supply.coil)
        except ConfigError as error:
            problems += error.problems
    for name, probe in rig.probes.items():
        if probe.certificate is not None:
            try:
                probes[name] = load_thermometer_certificate(probe.certificate)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    certificates: list[Certificate] = [*([coil] if coil is not None else []), *probes.values()]
    expired = [sentence for item in certificates if (sentence := item.expired(day)) is not None]
    warnings = dict.fromkeys([*expired, *_missing(rig, probes), *_beyond(rig, coil)])
    return Calibrations(coil, probes, tuple(warnings))


def _missing(rig: Rig, probes: dict[str, ThermometerCertificate]) -> Iterator[str]:
    for name, probe in rig.probes.items():
        if name not in probes and probe.role == "core":
            yield (
                f"{rig.path}: the probe {name} has no certificate: its gain and lag are unknown, so the "
                "uncertainty of SAR leaves them out"
            )


def _beyond(rig: Rig, coil: CoilCertificate | None) -> Iterator[str]:
    if coil is None:
        return
    reach = max(item.line.field(item.line.current_max) for item in coil.lines)
    if rig.limits.field_max > reach * (1 + 1e-6):
        yield (
            f"{rig.path}: limits.field is {rig.limits.field_max / 1e3:.4g} kA/m, but the certificate of the "
            f"coil ends at {reach / 1e3:.4g} kA/m: no more than that can be set"
        )
