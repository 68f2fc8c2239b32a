"""The rig: the instruments on one bench, their links, certificates and limits, as written in ``rig.toml``.

The keys are listed in docs/configuration.md. What needs more than one file (the limits against the
certificate of the coil) is checked where the certificates are read, not here.
"""

from amfdaq.rig.bench import Probe, Rig, Supply, Thermometer
from amfdaq.rig.file import RigFile
from amfdaq.rig.load import load_rig, parse_rig

__all__ = ["Probe", "Rig", "RigFile", "Supply", "Thermometer", "load_rig", "parse_rig"]
