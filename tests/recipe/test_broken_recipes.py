"""Broken recipes: every fault at its line, with a sentence that helps; and the same faults in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.errors import BadInput
from amfdaq.recipe import Cool, Equilibrate, Heat, Recipe, load_recipe

Check = Callable[[Callable[[Path], Any], str], None]

CASES = {
    "no steps": """\
#! none step: missing table: add [[step]]
[recipe]
name = "x"
""",
    "step without a kind": """\
[recipe]
name = "x"
[[step]] #! step[1]: missing key: add kind, one of "equilibrate", "heat", "cool"
duration = "60 s"
""",
    "unknown kind": """\
[recipe]
name = "x"
[[step]]
kind = "heating" #! step[1].kind: unknown kind of step "heating"; did you mean "heat"?
duration = "60 s"
""",
    "heat without a field": """\
[recipe]
name = "x"
[[step]] #! step[1]: missing key: add field = "15 kA/m" (or a [sweep] of field)
kind = "heat"
duration = "60 s"
frequency = "265 kHz"
""",
    "key of another step": """\
[recipe]
name = "x"
[[step]]
kind = "cool"
duration = "60 s"
field = "12 kA/m" #! step[1].field: unknown key "field"; known keys here: duration, kind, until
""",
    "duration of nothing": """\
[recipe]
name = "x"
[[step]]
kind = "cool"
duration = "0 s" #! step[1].duration: must be above zero
""",
    "field of nothing": """\
[recipe]
name = "x"
[[step]]
kind = "heat"
duration = "60 s"
field = "0 kA/m" #! step[1].field: must be above zero
frequency = "265 kHz"
""",
    "timeout without a drift limit": """\
[recipe]
name = "x"
[[step]]
kind = "equilibrate"
duration = "60 s"
timeout = "10 min" #! step[1].timeout: has a meaning only with a drift limit
""",
    "timeout shorter than the duration": """\
[recipe]
name = "x"
[[step]]
kind = "equilibrate"
duration = "60 s"
drift = "0.2 mK/s"
timeout = "30 s" #! step[1].timeout: "30 s" is shorter than duration = "60 s"
""",
    "sweep of a field that is given": """\
[recipe]
name = "x"
[sweep]
field = ["4 kA/m", "8 kA/m"] #! sweep.field: every heat step has a field of its own
[[step]]
kind = "heat"
duration = "60 s"
field = "12 kA/m"
frequency = "265 kHz"
""",
    "sweep with a value twice": """\
[recipe]
name = "x"
[sweep]
field = ["4 kA/m", "4000 A/m"] #! sweep.field: a field is there twice; use repeat
[[step]]
kind = "heat"
duration = "60 s"
frequency = "265 kHz"
""",
    "one bad value in a sweep": """\
[recipe]
name = "x"
[sweep]
field = [
  "4 kA/m",
  "8 kHz", #! sweep.field[2]: a field is needed here
  8, #! sweep.field[3]: has no unit
]
[[step]]
kind = "heat"
duration = "60 s"
frequency = "265 kHz"
""",
    "sweep that is no list": """\
[recipe]
name = "x"
[sweep]
field = "4 kA/m" #! sweep.field: is not a list; write it like field = ["4 kA/m",
[[step]]
kind = "heat"
duration = "60 s"
frequency = "265 kHz"
""",
    "repeat of nothing": """\
repeat = 0 #! repeat.count: 0 must be at least 1
[recipe]
name = "x"
[[step]]
kind = "cool"
duration = "60 s"
""",
    "single brackets": """\
[recipe]
name = "x"
[step] #! step: write [[step]] with double brackets
kind = "cool"
duration = "60 s"
""",
    "everything at once": """\
[recipe] #! recipe.name: missing key
title = "x" #! recipe.title: unknown key "title"
[[step]]
kind = "heat"
duration = "5 m" #! step[1].duration: is a length; a time is needed here
until = "60 kHz" #! step[1].until: a temperature is needed here
[[step]]
kind = "wait" #! step[2].kind: unknown kind of step "wait": it is one of
""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_faults_are_reported_at_their_lines(check_broken: Check, text: str) -> None:
    check_broken(load_recipe, text)


def test_in_python_a_fault_is_one_sentence_too() -> None:
    with pytest.raises(BadInput, match=r'^heat step: duration: "60" has no unit'):
        Heat("60", field="12 kA/m", frequency="265 kHz")
    with pytest.raises(BadInput, match=r"^equilibrate step: timeout: has a meaning only with a drift limit"):
        Equilibrate("60 s", timeout="10 min")
    with pytest.raises(BadInput, match=r'^cool step: until: "20 s" is a time'):
        Cool("60 s", until="20 s")
    with pytest.raises(BadInput, match=r'^recipe x: missing key: add field = "15 kA/m"'):
        Recipe("x", steps=(Heat("60 s", frequency="265 kHz"),))
    with pytest.raises(BadInput, match=r"^recipe x: a recipe needs at least one step"):
        Recipe("x", steps=())
    with pytest.raises(BadInput, match=r"^sweep of field: "):
        Recipe("x", steps=(Heat("60 s", frequency="265 kHz"),), fields=["4 s"])
