"""Links lead somewhere, and the configuration files that pages show are ones that load."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.recipe import load_recipe
from amfdaq.rig import load_rig
from amfdaq.sample import load_sample
from calibration import load_coil_certificate, load_thermometer_certificate

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONFIGURED = [
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
]
LOADERS: dict[str, Callable[[Path], object]] = {
    "rig": load_rig,
    "sample": load_sample,
    "recipe": load_recipe,
    "coil": load_coil_certificate,
    "thermometer": load_thermometer_certificate,
}


def prose(page: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            wrong.append(target)
    assert not wrong, f"{page.relative_to(ROOT)} links to what is not there: {', '.join(wrong)}"


@pytest.mark.parametrize("page", CONFIGURED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_configuration_files_that_a_page_shows_load(page: Path, tools: Any, tmp_path: Path) -> None:
    for block in tools.read_blocks(page):
        if block.language != "toml":
            continue
        data = tomllib.loads(block.code)
        original = block.remark("the same as")
        if original is not None:
            assert data == tomllib.loads((ROOT / original).read_text(encoding="utf-8")), block.where
        elif block.file is not None:
            file = tmp_path / block.file
            file.write_text(block.code, encoding="utf-8")
            kind = (
                data["certificate"]["kind"]
                if "certificate" in data
                else next(k for k in LOADERS if k in data)
            )
            LOADERS[kind](file)
        else:
            said = 'neither "saved as", "the same as" nor "not a whole file" is said of this block'
            assert block.remark("not a whole file") is not None, f"{block.where}: {said}"
