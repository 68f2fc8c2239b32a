"""docs/configuration.md says what the models say, and its examples work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from amfdaq.config.reference import rows, table
from amfdaq.recipe import RecipeFile
from amfdaq.recipe.file import STEPS
from amfdaq.rig import RigFile
from amfdaq.sample import SampleFile
from calibration import CoilFile, ThermometerFile

DOC = Path(__file__).parents[2] / "docs" / "configuration.md"
MODELS: list[tuple[type[BaseModel], str]] = [
    (RigFile, ""),
    (SampleFile, ""),
    (RecipeFile, ""),
    *((model, "step") for model in STEPS.values()),
    (CoilFile, ""),
    (ThermometerFile, ""),
]


@pytest.mark.parametrize(("model", "above"), MODELS)
def test_every_key_is_documented_as_it_is(model: type[BaseModel], above: str) -> None:
    expected = table(model, above)
    text = DOC.read_text(encoding="utf-8")
    name = f"{model.__module__}:{model.__name__}"
    assert expected in text, (
        f"renew the table: python -m amfdaq.config.reference {name}{f':{above}' if above else ''}"
    )


@pytest.mark.parametrize(("model", "above"), MODELS)
def test_every_key_has_an_example_and_a_meaning(model: type[BaseModel], above: str) -> None:
    for row in rows(model, above):
        assert row.says, row.key
        tomllib.loads(f"key = {row.example}")


def test_the_python_in_the_document_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        names: dict[str, object] = {}
        exec(compile(block, str(DOC), "exec"), names)  # noqa: S102 the documentation is part of this repository
        assert len(names["recipe"].expand()) == 6  # type: ignore[attr-defined] # the block makes a Recipe of that name


def test_no_row_is_left_over() -> None:
    documented = set(re.findall(r"^\| `([\w.]+)` \|", DOC.read_text(encoding="utf-8"), re.MULTILINE))
    known = {row.key for model, above in MODELS for row in rows(model, above)}
    assert documented - {"rig.toml", "sample.toml", "recipe.toml"} <= known
