"""A bench file is understood completely or refused with one sentence that names file and key."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mocks.config import DEMO_BENCH, load_bench
from mocks.errors import ConfigError


def edited(folder: Path, old: str, new: str) -> Path:
    text = DEMO_BENCH.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = folder / "bench.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_every_key_of_the_demonstration_is_read() -> None:
    bench = load_bench()
    for table, keys in tomllib.loads(DEMO_BENCH.read_text(encoding="utf-8")).items():
        for key, value in keys.items():
            assert getattr(getattr(bench, table), key) == value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("quality_factor = 60.0", "quality_factor = -1", ("[tank] quality_factor", "above 0", "-1")),
        ("quality_factor = 60.0", "", ("[tank]", "quality_factor", "missing")),
        ("quality_factor = 60.0", "qualty_factor = 60.0", ("[tank]", "unknown key qualty_factor")),
        ("quality_factor = 60.0", "quality_factor = inf", ("quality_factor", "finite")),
        ("quality_factor = 60.0", "quality_factor = nan", ("quality_factor", "finite")),
        ("quality_factor = 60.0", "quality_factor = true", ("quality_factor", "number")),
        ("quality_factor = 60.0", 'quality_factor = "60"', ("quality_factor", "number")),
        ("concentration_u_rel = 0.025", "concentration_u_rel = 2.5", ("concentration_u_rel", "at most 0.2")),
        ('basis = "Fe"', 'basis = "iron"', ("[sample] basis", "Fe3O4", "iron")),
        ('unit = "single"', "unit = 1", ("[osensa] unit", "text")),
        ("serial_number = 20417", "serial_number = 1.5", ("serial_number", "whole")),
        ("[loss]", "[losses]", ("unknown key losses",)),
        ("[loss]", "[[loss]]", ("[loss]", "missing")),
        ("[loss]", "[loss", ("not valid TOML", "line")),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(ConfigError) as caught:
        load_bench(path)
    for word in (str(path), *words):
        assert word in str(caught.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml"):
        load_bench(tmp_path / "nothing.toml")


def test_infinity_is_allowed_where_it_means_absent() -> None:
    assert load_bench().sample.saturation_field_A_per_m == float("inf")
