"""What a file is, seen from what is in it: a rig, a sample, a recipe, a certificate or a run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from amfdaq.errors import BadInput, ConfigError, Problem

RUN_SUFFIXES = frozenset({".h5", ".hdf5", ".nxs"})
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
TABLE_SUFFIXES = frozenset({".csv", ".txt", ".dat", ".tsv", ".asc", ".log"})

# tables that only one kind of file has, in the order in which they decide
_TABLES = {
    "certificate": ("certificate",),
    "rig": ("rig", "thermometer", "supply", "limits"),
    "sample": ("sample", "vessel"),
    "recipe": ("recipe", "step", "sweep", "repeat"),
}
_HEADER = re.compile(r"^\s*\[{1,2}\s*(\w+)", re.MULTILINE)
_ARTICLE = {"rig": "a rig", "sample": "a sample", "recipe": "a recipe", "certificate": "a certificate"}


def kind_of(path: Path) -> str:
    """What a file is: ``rig``, ``sample``, ``recipe``, ``certificate`` or ``run``.

    Raises:
        ConfigError: it cannot be read, is empty, or is not TOML and shows no table of ours.
        BadInput: it is TOML, or another text, and none of them.
    """
    if path.suffix.lower() in RUN_SUFFIXES or _is_hdf5(path):
        return "run"
    if path.suffix.lower() in TABLE_SUFFIXES and path.is_file():
        raise BadInput(
            f"{path}: this is no configuration file; tables are read by amfdaq analyze and amfdaq import"
        )
    from amfdaq.config import read_toml

    try:
        tables = frozenset(read_toml(path).data)
    except ConfigError:
        tables = _headers(path)
        if not _matching(tables):
            raise
    kinds = _matching(tables)
    if not kinds:
        raise BadInput(
            f"{path}: neither rig, sample, recipe nor certificate: a [rig], [sample], [recipe] or [certificate] "
            "table is missing"
        )
    return kinds[0]


def expect(path: Path, kind: str) -> None:
    """Notice files that were given in each other's place, before every key of theirs is called unknown.

    Raises:
        ConfigError: the file is clearly another kind of file.
    """
    try:
        tables = frozenset(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError):  # whoever reads it next says what is wrong with it
        return
    kinds = _matching(tables)
    if kinds and kind not in kinds:
        what = f"this is {_ARTICLE[kinds[0]]}, not {_ARTICLE[kind]}: were two files exchanged?"
        raise ConfigError([Problem(path, None, "", what)])


def _matching(tables: frozenset[str]) -> list[str]:
    return [kind for kind, names in _TABLES.items() if not tables.isdisjoint(names)]


def _headers(path: Path) -> frozenset[str]:
    """The tables that a file which is not quite TOML seems to have."""
    try:
        return frozenset(_HEADER.findall(path.read_text(encoding="utf-8-sig", errors="replace")))
    except OSError:
        return frozenset()


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    except OSError:
        return False
