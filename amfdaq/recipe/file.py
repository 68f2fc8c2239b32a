"""The keys of ``recipe.toml``, and reading it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic import Field as Constraint

from amfdaq.config import (
    POSITIVE,
    Field,
    Frequency,
    Key,
    Rate,
    Section,
    Temperature,
    Text,
    Time,
    TomlFile,
    check_table,
    parse_toml,
    raise_problems,
    read_toml,
)
from amfdaq.config.sentences import did_you_mean, shown
from amfdaq.errors import Problem
from amfdaq.recipe.recipe import Recipe, contradictions
from amfdaq.recipe.steps import Cool, Equilibrate, Heat, Step, StepError


class RecipeSection(Section):
    """``[recipe]``."""

    name: Annotated[Text, Key('"5 min at 12 kA/m"', "name of the recipe, part of the title of runs")]
    description: Annotated[str, Key('"for the ring test"', "anything worth knowing")] = ""


class EquilibrateSection(Section):
    """``[[step]]`` with ``kind = "equilibrate"``."""

    kind: Annotated[Literal["equilibrate"], Key('"equilibrate"', "field off until the temperature is steady")]
    duration: Annotated[Time, POSITIVE, Key('"60 s"', "shortest time")]
    drift: Annotated[
        Rate | None, Key('"0.2 mK/s"', "go on when the temperature changes by less than this")
    ] = None
    timeout: Annotated[
        Time | None, Key('"10 min"', "go on all the same after this time; 30 min when there is a drift limit")
    ] = None

    def build(self) -> Step:
        """The step."""
        return Equilibrate(self.duration, self.drift, self.timeout)


class HeatSection(Section):
    """``[[step]]`` with ``kind = "heat"``."""

    kind: Annotated[Literal["heat"], Key('"heat"', "field on")]
    duration: Annotated[Time, POSITIVE, Key('"5 min"', "how long; at most, with `until`")]
    field: Annotated[Field | None, Key('"12 kA/m"', "field amplitude (peak); may come from the sweep")] = None
    frequency: Annotated[Frequency | None, Key('"265 kHz"', "frequency; may come from the sweep")] = None
    until: Annotated[
        Temperature | None, Key('"45 degC"', "ends the step early when the core probe reaches it")
    ] = None

    def build(self) -> Step:
        """The step."""
        return Heat(self.duration, self.field, self.frequency, self.until)


class CoolSection(Section):
    """``[[step]]`` with ``kind = "cool"``."""

    kind: Annotated[Literal["cool"], Key('"cool"', "field off, recording goes on")]
    duration: Annotated[Time, POSITIVE, Key('"8 min"', "how long; at most, with `until`")]
    until: Annotated[
        Temperature | None, Key('"24 degC"', "ends the step early when the core probe has cooled to it")
    ] = None

    def build(self) -> Step:
        """The step."""
        return Cool(self.duration, self.until)


class RepeatSection(Section):
    """``[repeat]``; ``repeat = 3`` at the top of the file is the same."""

    count: Annotated[int, Constraint(ge=1, le=1000), Key("3", "how often each setting is measured")] = 1


class SweepSection(Section):
    """``[sweep]``: one run for each value, in the heat steps that leave the key out."""

    field: Annotated[
        list[Annotated[Field, POSITIVE]],
        Key('["4 kA/m", "8 kA/m", "12 kA/m"]', "swept field amplitudes (peak)"),
    ] = Constraint(default_factory=list, min_length=1)
    frequency: Annotated[
        list[Annotated[Frequency, POSITIVE]], Key('["158 kHz", "265 kHz"]', "swept frequencies")
    ] = Constraint(default_factory=list, min_length=1)


def _count(value: Any) -> Any:
    return {"count": value} if isinstance(value, int) else value


class RecipeFile(Section):
    """The whole of ``recipe.toml``; each step is one of the three step models."""

    recipe: RecipeSection
    step: Annotated[
        list[dict[str, Any]],
        Constraint(min_length=1),
        Key('[{ kind = "cool", duration = "8 min" }]', "the steps of every run, in their order"),
    ]
    repeat: Annotated[RepeatSection, BeforeValidator(_count)] = RepeatSection()
    sweep: SweepSection = SweepSection()


STEPS: dict[str, type[EquilibrateSection | HeatSection | CoolSection]] = {
    "equilibrate": EquilibrateSection,
    "heat": HeatSection,
    "cool": CoolSection,
}


def load_recipe(path: Path | str) -> Recipe:
    """Read a ``recipe.toml``.

    Raises:
        ConfigError: with every problem of the file.
    """
    return _build(read_toml(path))


def parse_recipe(text: str, path: Path) -> Recipe:
    """The same for a text that came from elsewhere, such as the one a run file carries."""
    return _build(parse_toml(text, path))


def _build(file: TomlFile) -> Recipe:
    content, problems = check_table(file, RecipeFile)
    written = file.data.get("step")
    steps = [
        _step(file, index, problems) for index in range(len(written) if isinstance(written, list) else 0)
    ]
    good = [step for step in steps if step is not None]
    if len(good) == len(steps):
        problems += _contradictions(file, good)
    raise_problems(problems)
    if content is None:
        raise AssertionError("a model that could not be built has problems")
    return Recipe(
        content.recipe.name,
        good,
        repeat=content.repeat.count,
        fields=content.sweep.field,
        frequencies=content.sweep.frequency,
        description=content.recipe.description,
        path=file.path,
        text=file.text,
    )


def _step(file: TomlFile, index: int, problems: list[Problem]) -> Step | None:
    """One step, or None after its problems have been added."""
    table = file.at(("step", index))
    if not isinstance(table, dict):
        return None  # the model of the file has said so already
    kind = table.get("kind")
    model = STEPS.get(kind) if isinstance(kind, str) else None
    if model is None:
        listed = ", ".join(f'"{name}"' for name in STEPS)
        if kind is None:
            problems.append(file.problem(("step", index), f"missing key: add kind, one of {listed}"))
        else:
            meant = did_you_mean(str(kind), list(STEPS))
            hint = f'; did you mean "{meant}"?' if meant is not None else f": it is one of {listed}"
            problems.append(
                file.problem(("step", index, "kind"), f"unknown kind of step {shown(kind)}{hint}")
            )
        return None
    section, more = check_table(file, model, ("step", index))
    problems += more
    if section is None:
        return None
    try:
        return section.build()
    except StepError as error:
        problems.append(file.problem(("step", index, error.key), error.reason))
        return None


def _contradictions(file: TomlFile, steps: list[Step]) -> list[Problem]:
    sweep, _ = check_table(file, SweepSection, ("sweep",))
    if sweep is None or not steps:
        return []
    found = contradictions(steps, 1, sweep.field, sweep.frequency)
    return [file.problem(loc, message) for loc, message in found]
