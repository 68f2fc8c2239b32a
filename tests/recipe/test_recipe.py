"""Recipes: the runs they come to, their labels, how long they take, and whether the rig allows them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from amfdaq.errors import BadInput
from amfdaq.field import CoilLine
from amfdaq.limits import Limits
from amfdaq.quantity import parse
from amfdaq.recipe import Cool, Equilibrate, Heat, Recipe, dry_run, load_recipe, timeline

LIMITS = Limits(
    temperature_max=70.0, rate_max=3.0, field_max=16e3, field_frequency_max=5e9, time_on_max=600.0, stale_after=2.0,
    heartbeat=1.0, lost_readings=3, temperature_min=2.0, current_max=14.0,
)  # fmt: skip
LINE = CoilLine(1000.0, 0.0, 20.0, 10.0, 0.0, 260e3, 270e3, 15.0)
STEPS = (Equilibrate("60 s"), Heat("5 min", field="12 kA/m", frequency="265 kHz"), Cool("8 min"))


def test_a_recipe_in_python_and_in_toml_are_the_same(folder: Path) -> None:
    path = folder / "recipe.toml"
    path.write_text(
        """\
repeat = 2
[recipe]
name = "both"
[sweep]
field = ["4 kA/m", "8 kA/m"]
[[step]]
kind = "equilibrate"
duration = "60 s"
drift = "0.2 mK/s"
timeout = "10 min"
[[step]]
kind = "heat"
duration = "5 min"
frequency = "265 kHz"
until = "45 degC"
[[step]]
kind = "cool"
duration = "8 min"
""",
        encoding="utf-8",
    )
    steps = (
        Equilibrate("60 s", drift="0.2 mK/s", timeout="10 min"),
        Heat("5 min", frequency="265 kHz", until="45 degC"),
        Cool("8 min"),
    )
    made = Recipe("both", steps=steps, repeat=2, fields=["4 kA/m", "8 kA/m"])
    loaded = load_recipe(path)
    assert loaded.expand() == made.expand()
    assert loaded.to_json() == made.to_json()
    assert loaded.text == path.read_text(encoding="utf-8")


def test_repeat_as_a_table(folder: Path) -> None:
    path = folder / "recipe.toml"
    head = '[recipe]\nname = "x"\n[repeat]\ncount = 3\n'
    path.write_text(head + '[[step]]\nkind = "cool"\nduration = "1 s"\n', encoding="utf-8")
    assert [run.label for run in load_recipe(path).expand()] == ["r1", "r2", "r3"]


def test_the_order_of_a_sweep() -> None:
    recipe = Recipe(
        "sweep",
        steps=(Heat("60 s"),),
        repeat=2,
        fields=["4 kA/m", "8 kA/m"],
        frequencies=["158 kHz", "265 kHz"],
    )
    runs = recipe.expand()
    assert [run.label for run in runs] == [
        "4.0kApm_158kHz_r1", "8.0kApm_158kHz_r1", "4.0kApm_158kHz_r2", "8.0kApm_158kHz_r2",
        "4.0kApm_265kHz_r1", "8.0kApm_265kHz_r1", "4.0kApm_265kHz_r2", "8.0kApm_265kHz_r2",
    ]  # fmt: skip
    assert [run.index for run in runs] == list(range(1, 9))
    assert runs[1].steps[0].field == pytest.approx(8e3)
    assert runs[1].steps[0].frequency == pytest.approx(158e3)
    assert runs[3].repeat == 2


def test_labels_get_the_decimals_they_need() -> None:
    fine = Recipe("x", steps=(Heat("60 s", frequency="265 kHz"),), fields=["4.01 kA/m", "4.02 kA/m"])
    assert [run.label for run in fine.expand()] == ["4.01kApm_265.0kHz_r1", "4.02kApm_265.0kHz_r1"]
    finer = Recipe("x", steps=(Heat("60 s", frequency="265 kHz"),), fields=["4 kA/m", "4.0000001 kA/m"])
    assert len({run.label for run in finer.expand()}) == 2


def test_a_step_keeps_a_field_of_its_own() -> None:
    steps = (Heat("60 s", field="2 kA/m", frequency="265 kHz"), Heat("60 s", frequency="265 kHz"))
    run = Recipe("x", steps=steps, fields=["8 kA/m"]).expand()[0]
    assert [step.field for step in run.steps] == [pytest.approx(2e3), pytest.approx(8e3)]


def test_durations() -> None:
    plain = Recipe("x", steps=STEPS, repeat=3).duration()
    assert plain.run == (840.0, 840.0)
    assert plain.total == (2520.0, 2520.0)
    open_ended = Recipe(
        "x",
        steps=(
            Equilibrate("60 s", drift="0.2 mK/s", timeout="10 min"),
            Heat("5 min", field="12 kA/m", frequency="265 kHz", until="45 degC"),
            Cool("8 min"),
        ),
    ).duration()
    assert open_ended.run == (60.0 + 480.0, 600.0 + 300.0 + 480.0)


def test_a_drift_limit_has_a_timeout_by_itself() -> None:
    assert Equilibrate("60 s", drift="0.2 mK/s").plan().timeout == 1800.0
    assert Equilibrate("1 h", drift="0.2 mK/s").plan().timeout == 3600.0
    assert Equilibrate("60 s").plan().timeout is None


def test_fields_in_millitesla_leave_a_note() -> None:
    recipe = Recipe("x", steps=(Heat("60 s", field="15 mT", frequency="265 kHz"),))
    assert recipe.expand()[0].steps[0].field == pytest.approx(11936.6, abs=0.1)
    assert len(recipe.notes) == 1
    assert "15 mT" in recipe.notes[0]
    assert Heat("60 s", field=parse("15 kA/m", "field"), frequency="265 kHz").plan().field == pytest.approx(
        15e3
    )


def test_a_recipe_within_its_limits() -> None:
    recipe = Recipe("x", steps=STEPS)
    assert dry_run(recipe, LIMITS, LINE) == []
    assert dry_run(recipe, LIMITS) == []


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        (
            Heat("5 min", "17 kA/m", "265 kHz"),
            ["above the limit of 16 kA/m", "but the coil certificate ends at 15.00 A"],
        ),
        (Heat("10 min", "12 kA/m", "265 kHz"), ["600 s on is not below the limit of 600 s"]),
        (Heat("5 min", "14.5 kA/m", "265 kHz"), ["it needs 14.5 A, above the limit of 14 A"]),
        (Heat("5 min", "12 kA/m", "280 kHz"), ["280 kHz is not between 260 and 270 kHz"]),
        (
            Heat("5 min", "12 kA/m", "265 kHz", until="75 degC"),
            ["until 75 degC is not below the limit of 70 degC"],
        ),
        (Heat("5 min", "12 kA/m", "265 kHz", until="1 degC"), ["is below the lower limit of 2 degC"]),
    ],
)
def test_a_step_beyond_a_limit(heat: Heat, words: list[str]) -> None:
    found = dry_run(Recipe("x", steps=(Equilibrate("60 s"), heat), repeat=3), LIMITS, LINE)
    assert len(found) == len(words)
    for sentence, expected in zip(found, words, strict=True):
        assert sentence.startswith("step 2 (heat, ")
        assert expected in sentence


def test_the_product_of_field_and_frequency() -> None:
    tight = replace(LIMITS, field_frequency_max=3e9)
    found = dry_run(Recipe("x", steps=STEPS), tight, LINE)
    assert len(found) == 1
    assert "H x f = 3.18e+09 A/(m s) is above the limit of 3e+09" in found[0]


def test_cooling_below_the_lower_limit() -> None:
    found = dry_run(Recipe("x", steps=(Cool("60 s", until="1 degC"),)), LIMITS)
    assert found == ["step 1 (cool): cooling until 1 degC is below the lower limit of 2 degC"]


def test_every_bad_value_of_a_sweep_is_found_once() -> None:
    recipe = Recipe(
        "x", steps=(Heat("60 s", frequency="265 kHz"),), fields=["8 kA/m", "17 kA/m", "18 kA/m"], repeat=4
    )
    found = dry_run(recipe, LIMITS)
    assert [sentence[: sentence.index(":")] for sentence in found] == [
        "step 1 (heat, 17 kA/m, 265 kHz)",
        "step 1 (heat, 18 kA/m, 265 kHz)",
    ]


def test_a_sweep_of_the_frequency_finds_its_lines() -> None:
    def find(frequency: float) -> CoilLine:
        if frequency > 300e3:
            raise BadInput("no line covers it")
        return replace(LINE, gain=frequency / 265.0)

    recipe = Recipe("x", steps=(Heat("60 s", field="8 kA/m"),), frequencies=["158 kHz", "265 kHz", "405 kHz"])
    assert dry_run(recipe, LIMITS, find) == ["step 1 (heat, 8 kA/m, 405 kHz): no line covers it"]
    first = timeline(recipe.expand()[0], find)
    assert first[0].current == pytest.approx(8e3 / (158e3 / 265.0))


def test_the_timeline_takes_the_longest_times() -> None:
    steps = (Equilibrate("60 s", drift="0.2 mK/s", timeout="10 min"), *STEPS[1:])
    rows = timeline(Recipe("x", steps=steps).expand()[0], LINE)
    assert [(row.t_start, row.t_end, row.step, row.field, row.frequency) for row in rows] == [
        (0.0, 600.0, "equilibrate", 0.0, None),
        (600.0, 900.0, "heat", pytest.approx(12e3), pytest.approx(265e3)),
        (900.0, 1380.0, "cool", 0.0, None),
    ]
    assert rows[1].current == pytest.approx(12.0)
