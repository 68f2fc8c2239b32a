"""The sample: what is heated, how much of it, and what it takes to warm it, as written in ``sample.toml``.

The keys are listed in docs/configuration.md.
"""

from amfdaq.sample.basis import BASES, Basis, convert_mass, convert_sar, mass_ratio
from amfdaq.sample.file import SampleFile
from amfdaq.sample.sample import Sample, Vessel, load_sample, parse_sample

__all__ = [
    "BASES",
    "Basis",
    "Sample",
    "SampleFile",
    "Vessel",
    "convert_mass",
    "convert_sar",
    "load_sample",
    "mass_ratio",
    "parse_sample",
]
