"""Tells a user whose file hides one of amfdaq's packages which file it is.

amfdaq installs five import packages with plain names (ADR 0001). Python looks in the folder of a script first, so a
``drivers.py`` or ``calibration.py`` beside it would be imported in their place.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from amfdaq.errors import HiddenPackage

_HOME = Path(__file__).resolve().parent.parent


def require_package(name: str) -> None:
    """Make sure that ``import name`` finds amfdaq's own package.

    Args:
        name: ``drivers``, ``calibration``, ``mocks`` or ``gui``.

    Raises:
        HiddenPackage: another file is found first, or the package is missing.
    """
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module put into sys.modules by hand has no spec
        spec = None
    ours = _HOME / name / "__init__.py"
    if spec is None or spec.origin is None:
        raise HiddenPackage(
            f'the package "{name}" of amfdaq is not installed completely: install amfdaq again'
        )
    found = Path(spec.origin).resolve()
    if found != ours.resolve():
        shown = found.parent if found.name == "__init__.py" else found
        raise HiddenPackage(
            f'{shown} hides the package "{name}" of amfdaq: rename it, or start Python with -P so that the folder of '
            "the script is not searched first"
        )
