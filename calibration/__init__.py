"""Calibrations: the certificates of coil and probes, which a rig names and a run file carries.

The keys are listed in docs/configuration.md.
"""

from calibration.certificates import Certificate
from calibration.coil import CoilCertificate, load_coil_certificate, parse_coil_certificate
from calibration.coil_file import CoilFile
from calibration.coil_fit import FittedLine, fit_line
from calibration.of_rig import load_for
from calibration.thermometer import (
    ThermometerCertificate,
    ThermometerFile,
    load_thermometer_certificate,
    parse_thermometer_certificate,
)

__all__ = [
    "Certificate",
    "CoilCertificate",
    "CoilFile",
    "FittedLine",
    "ThermometerCertificate",
    "ThermometerFile",
    "fit_line",
    "load_coil_certificate",
    "load_for",
    "load_thermometer_certificate",
    "parse_coil_certificate",
    "parse_thermometer_certificate",
]
