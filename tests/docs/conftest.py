"""The pages of the documentation as their readers see them: blocks of code, and what the comments above them say."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import amfdaq

from amfdaq.cli.bench import start_bench, write_rig

SPEED = 20.0
RECIPES = ("recipe.toml", "sweep.toml", "weak.toml")
_COMMENT = re.compile(r"<!-- (.*) -->")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: it is from.
        line: of its first line in the page.
        language: behind the opening fence.
        code: what is in it.
        remarks: HTML comments between it and the text above, such as ``exit code 1``.
    """

    page: Path
    line: int
    language: str
    code: str
    remarks: tuple[str, ...]

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.page.name}:{self.line}"

    def remark(self, beginning: str) -> str | None:
        """What follows this beginning in one of the remarks, or None."""
        for text in self.remarks:
            if text.startswith(beginning):
                return text[len(beginning) :].strip(": ")
        return None

    @property
    def file(self) -> str | None:
        """Name under which the page wants the block saved, or None."""
        named = re.match(r"# (\S+\.toml)\n", self.code)
        return self.remark("saved as") or (named[1] if named else None)


def read_blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found: list[Block] = []
    remarks: list[str] = []
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, text in lines:
        if text.lstrip().startswith("```"):
            indent = len(text) - len(text.lstrip())
            code = _until_fence(lines, indent)
            found.append(Block(page, number + 1, text.strip().strip("`"), code, tuple(remarks)))
            remarks = []
        elif comment := _COMMENT.fullmatch(text.strip()):
            remarks.append(comment[1])
        elif text.strip():
            remarks = []
    return found


def _until_fence(lines: Iterator[tuple[int, str]], indent: int) -> str:
    code: list[str] = []
    for _, text in lines:
        if text.strip() == "```":
            break
        code.append(text[indent:])
    return "\n".join(code) + "\n"


def shortened(text: str) -> str:
    """The same with durations that a test can wait for: a baseline of 20 s, everything longer 40 s."""
    text = re.sub(r'"(\d+) s"', lambda s: f'"{min(int(s[1]), 20 if int(s[1]) < 100 else 40)} s"', text)
    return re.sub(r'"\d+ min"', '"40 s"', text)


def shorten_recipes(folder: Path) -> None:
    """Shorten the recipes in a folder, and take two fields of a sweep instead of four."""
    for name in RECIPES:
        file = folder / name
        if file.exists():
            text = file.read_text(encoding="utf-8").replace('["6 kA/m", "8 kA/m", ', "[")
            file.write_text(shortened(text), encoding="utf-8")


def make_patient(rig: Path) -> None:
    """At this speed the 5 s after which a probe is stale are a quarter of a second: too short for a busy computer."""
    text = rig.read_text(encoding="utf-8")
    rig.write_text(text.replace('stale = "5 s"', 'stale = "60 s"'), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Tools:
    """The functions above, for the tests, which cannot import a conftest."""

    read_blocks: Callable[[Path], list[Block]] = read_blocks
    shortened: Callable[[str], str] = shortened
    shorten_recipes: Callable[[Path], None] = shorten_recipes
    make_patient: Callable[[Path], None] = make_patient
    speed: float = SPEED


@pytest.fixture(scope="session")
def tools() -> Tools:
    """What the tests of this folder share."""
    return Tools()


@pytest.fixture
def ready_bench(tmp_path: Path) -> Iterator[Path]:
    """A folder with the files of a running bench, for a page that does not start one itself."""
    bench = start_bench(speed=SPEED, seed=1)
    make_patient(write_rig(tmp_path, bench.ready))
    yield tmp_path
    bench.stop()


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is left of a bench that was used once.

    Attributes:
        file: a finished, analysed run file.
        run: what ``amfdaq run --json`` printed.
        off: what ``amfdaq off --json`` printed.
    """

    file: Path
    run: dict[str, Any]
    off: dict[str, Any]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One run on the bench."""
    folder = tmp_path_factory.mktemp("run")
    bench = start_bench(speed=SPEED, seed=1)
    try:
        rig, sample = write_rig(folder, bench.ready), folder / "sample.toml"
        make_patient(rig)
        shorten_recipes(folder)
        done = amfdaq("run", folder / "recipe.toml", "--rig", rig, "--sample", sample, "-o", folder, "--json")
        off = amfdaq("off", rig, "--json")
    finally:
        bench.stop()
    assert (done.returncode, off.returncode) == (0, 0), done.stderr + off.stderr
    document = json.loads(done.stdout)
    return Recorded(Path(document["runs"][0]["file"]), document, json.loads(off.stdout))


@pytest.fixture(scope="session")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of a logger: 60 s without the field, 300 s with it, cooling; one thermal node, 20 mK of noise."""
    t = np.arange(0.0, 900.0, 0.5)
    rise = 10.8 * (1 - np.exp(-np.clip(t - 60, 0, 300) / 180)) * np.exp(-np.clip(t - 360, 0, None) / 180)
    temperature = 22.0 + rise + np.random.default_rng(3).normal(0.0, 0.02, t.size)
    file = tmp_path_factory.mktemp("table") / "run.csv"
    np.savetxt(file, np.column_stack([t, temperature]), "%.3f", ",", header="time (s),T (degC)", comments="")
    return file
