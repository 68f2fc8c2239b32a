"""Recipes: what to do with a sample, how long it takes, and whether the rig allows it.

A recipe is written as ``recipe.toml`` (keys in docs/configuration.md) or put together in Python from
`Equilibrate`, `Heat` and `Cool`.
"""

from amfdaq.recipe.envelope import CoilLookup, TimelineRow, dry_run, timeline
from amfdaq.recipe.file import RecipeFile, load_recipe, parse_recipe
from amfdaq.recipe.recipe import Duration, PlannedRun, Recipe
from amfdaq.recipe.steps import Cool, Equilibrate, Heat, PlannedStep, Step, StepError

__all__ = [
    "CoilLookup",
    "Cool",
    "Duration",
    "Equilibrate",
    "Heat",
    "PlannedRun",
    "PlannedStep",
    "Recipe",
    "RecipeFile",
    "Step",
    "StepError",
    "TimelineRow",
    "dry_run",
    "load_recipe",
    "parse_recipe",
    "timeline",
]
