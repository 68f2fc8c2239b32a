"""Whatever stands in a file, the answer is our own sentence at the right line, never a traceback or a library's wording."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amfdaq.errors import ConfigError, Problem
from amfdaq.recipe import load_recipe
from amfdaq.rig import load_rig
from amfdaq.sample import load_sample
from calibration import load_coil_certificate, load_thermometer_certificate

EXAMPLES = Path(__file__).parents[2] / "examples" / "rigs" / "magnetherm-osensa"
LOADERS: dict[str, Callable[[Path], Any]] = {
    "rig.toml": load_rig,
    "sample.toml": load_sample,
    "recipe.toml": load_recipe,
    "sweep.toml": load_recipe,
    "coil.toml": load_coil_certificate,
    "probe.toml": load_thermometer_certificate,
}
WRONG = (
    "true",
    "5",
    "-1.5",
    "inf",
    '""',
    '"x"',
    "[]",
    "[1]",
    "{}",
    "{ a = 1 }",
    "2025-03-31",
    "2025-03-31T10:00:00",
    "10:00:00",
)
LIBRARY = re.compile(
    r"Input should|valid (string|integer|number|boolean|dictionary|list)|Field required|Extra inputs|Value error|"
    r"errors\.pydantic|validation error|type=|unable to|Traceback|NoneType|object at 0x"
)
_ASSIGNMENT = re.compile(r"^(?P<key>[a-z_]+) = (?P<value>.*?)(?P<remark>\s+# .*)?$")


def spoiled(text: str) -> Iterator[tuple[int, str, str]]:
    """The text with one value replaced, for every value and every wrong one: (line, replaced line, text)."""
    rows = text.split("\n")
    for number, row in enumerate(rows):
        match = _ASSIGNMENT.match(row)
        if match is not None:
            for value in WRONG:
                new = f"{match['key']} = {value}"
                yield number + 1, new, "\n".join([*rows[:number], new, *rows[number + 1 :]])


def refusal(name: str, path: Path) -> tuple[Problem, ...]:
    """The problems of a file, none when it loads; each must be a sentence of ours about this file."""
    try:
        LOADERS[name](path)
    except ConfigError as error:
        problems = error.problems
    else:
        return ()
    for problem in problems:
        assert problem.path == path, str(problem)
        assert len(problem.message) > 10, str(problem)
        assert not LIBRARY.search(str(problem)), str(problem)
    return problems


@pytest.mark.parametrize("name", LOADERS)
def test_every_value_replaced_by_every_wrong_one(name: str, folder: Path) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    for other in ("coil.toml", "probe.toml"):
        (folder / other).write_text((EXAMPLES / other).read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / f"spoiled-{name}"
    refused = 0
    for line, new, broken in spoiled(text):
        path.write_text(broken, encoding="utf-8")
        problems = refusal(name, path)
        if problems:
            refused += 1
            places = {problem.line for problem in problems}
            # a wrong value may make its whole table wrong; something must point at one or the other
            assert line in places or enclosing(text, line) & places, f"{new} in line {line}: {problems}"
    assert refused > 20, "the test has lost its teeth"


def enclosing(text: str, line: int) -> set[int]:
    """The line of the header above a line."""
    rows = text.split("\n")
    return {next((n for n in range(line, 0, -1) if rows[n - 1].startswith("[")), 1)}


@pytest.mark.parametrize("name", LOADERS)
def test_every_table_left_out(name: str, folder: Path) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=\[)", text)
    for index in range(len(blocks)):
        path = folder / f"less-{name}"
        path.write_text("".join(blocks[:index] + blocks[index + 1 :]), encoding="utf-8")
        refusal(name, path)


@pytest.mark.parametrize("name", LOADERS)
def test_every_prefix_of_a_file(name: str, folder: Path) -> None:
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    path = folder / f"prefix-{name}"
    for end in range(0, len(text), 61):
        path.write_text(text[:end], encoding="utf-8")
        refusal(name, path)


def test_the_examples_are_toml() -> None:
    assert all(tomllib.loads((EXAMPLES / name).read_text(encoding="utf-8")) for name in LOADERS)
