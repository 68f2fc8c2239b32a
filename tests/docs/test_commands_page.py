"""docs/commands.md names the commands, options, choices and JSON keys that there are, and no others."""

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from running import amfdaq

from amfdaq.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[2]
FREE = {"parameters", "settings"}  # what is in these differs between estimators


def section(name: str) -> str:
    """The text about a command."""
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    found = re.search(rf"^## amfdaq {name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no section for amfdaq {name}"
    return found[1]


def unfenced(text: str) -> str:
    """A text without its fenced blocks, whose fences would be taken for back-quotes."""
    return re.sub(r"^```text\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def words(text: str) -> set[str]:
    """What stands in back-quotes, word by word."""
    return {
        word for quoted in re.findall(r"`([^`]+)`", unfenced(text)) for word in re.findall(r"\w+", quoted)
    }


def first_column(text: str, heading: str) -> set[str]:
    """The words of the first column of the table under this heading."""
    table = re.search(rf"^\| {heading} \|.*?\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"no table {heading!r}"
    return set().union(*(words(row.split("|")[1]) for row in table[1].splitlines()))


def keys_in(document: Any) -> set[str]:
    """All keys of a JSON document, at any depth."""
    if isinstance(document, list):
        return set().union(*map(keys_in, document))
    if isinstance(document, dict):
        return {
            *document,
            *(k for name, value in document.items() if name not in FREE for k in keys_in(value)),
        }
    return set()


def load(result: Any) -> dict[str, Any]:
    document = json.loads(result.stdout)
    assert isinstance(document, dict)
    return document


def test_each_command_has_a_section_and_no_other_has() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## amfdaq (\w+)$", text, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_are_those_of_the_command(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    known = {text for option in options for text in option.opts}
    spoken = section(name)
    fenced = re.findall(r"^```text\n(.*?)^```$", spoken, re.MULTILINE | re.DOTALL)
    spans = " ".join([*re.findall(r"`([^`]+)`", unfenced(spoken)), *fenced])
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", spans))
    assert named == known
    for option in options:
        if isinstance(option.type, click.Choice) and name != "import":  # which refers to analyze for these
            assert set(map(str, option.type.choices)) <= words(spoken.replace("\\|", " ")), option.opts


def test_keys_of_analyze(table_file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    sample = tmp_path / "sample.toml"
    sample.write_text((ROOT / "mocks" / "demo" / "sample.toml").read_text(encoding="utf-8"), encoding="utf-8")
    stated: list[str | Path] = [
        "--sample",
        sample,
        "--field",
        "15 kA/m",
        "--frequency",
        "300 kHz",
        "--on",
        "60",
        "--off",
        "360",
    ]
    document = load(amfdaq("analyze", table_file, table_file, empty, *stated, "--json"))
    assert first_column(section("analyze"), "JSON key") == set(document)
    assert first_column(section("analyze"), "key of a run") == set(document["runs"][0])
    assert keys_in(document) <= words(section("analyze"))


def test_keys_of_the_small_commands(table_file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    cases = {
        "import": amfdaq("import", table_file, empty, "-o", tmp_path / "runs", "--json"),
        "check": amfdaq("check", ROOT / "mocks" / "demo" / "sample.toml", "--json"),
        "recover": amfdaq("recover", tmp_path, "--json"),
        "drivers": amfdaq("drivers", "--json"),
    }
    for name, result in cases.items():
        assert keys_in(load(result)) <= words(section(name)), name


def test_keys_of_run_and_off(recorded: Any) -> None:
    assert set(recorded.run) <= first_column(section("run"), "JSON key")
    assert keys_in(recorded.run) <= words(section("run")) | words(section("analyze"))
    assert set(recorded.off) <= words(section("off"))
