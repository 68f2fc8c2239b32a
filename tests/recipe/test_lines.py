"""The scanner that finds the line of a key."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from amfdaq.config import Loc, key_lines, line_of

TEXT = r"""
top = 1
[a]
"b c".d = QQQx
[not] = "a table"
QQQ # a remark
arr = [
  1, # [no]
  {k = "v # no", j = [1,
2]},
]
[[t]]
x=1
[t.opt]
y.z = 'C:\'
[[t]]
  [[t.sub]]
  q = 1979-05-27 07:32:00
  [[t.sub]]
  r = "\""
[p.q]
'quoted.key' = "it's"
last = {}
""".replace("QQQ", 3 * '"')


def test_every_kind_of_key() -> None:
    lines = key_lines(TEXT)
    expected: dict[Loc, str] = {
        ("top",): "top = 1",
        ("a",): "[a]",
        ("a", "b c", "d"): '"b c".d = """x',
        ("a", "arr"): "arr = [",
        ("a", "arr", 0): "1, # [no]",
        ("a", "arr", 1, "k"): '{k = "v # no", j = [1,',
        ("a", "arr", 1, "j", 1): "2]},",
        ("t",): "[[t]]",
        ("t", 0, "x"): "x=1",
        ("t", 0, "opt"): "[t.opt]",
        ("t", 0, "opt", "y", "z"): r"y.z = 'C:\'",
        ("t", 1): "[[t]]",
        ("t", 1, "sub", 0, "q"): "q = 1979-05-27 07:32:00",
        ("t", 1, "sub", 1, "r"): r'r = "\""',
        ("p", "q"): "[p.q]",
        ("p", "q", "quoted.key"): "'quoted.key' = \"it's\"",
        ("p", "q", "last"): "last = {}",
    }
    rows = TEXT.split("\n")
    assert {loc: rows[lines[loc] - 1].strip() for loc in expected} == expected
    assert lines["t",] < lines["t", 1]


def test_every_key_of_the_data_has_a_line() -> None:
    lines = key_lines(TEXT)
    missing = [loc for loc in paths(tomllib.loads(TEXT)) if loc not in lines]
    assert missing == []


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    lines = key_lines("a = 1\n[b]\nc = 2\n")
    assert line_of(lines, ("b", "d")) == 2
    assert line_of(lines, ("z",)) is None


def paths(value: Any, above: Loc = ()) -> list[Loc]:
    if isinstance(value, dict):
        return [loc for key, item in value.items() for loc in [(*above, key), *paths(item, (*above, key))]]
    if isinstance(value, list):
        return [loc for i, item in enumerate(value) for loc in [(*above, i), *paths(item, (*above, i))]]
    return []


KEYS = st.text("abcdefgh-_ .", min_size=1, max_size=4)
SCALARS = st.one_of(st.integers(-5, 5), st.booleans(), st.text("ab#\"'[]{}=,.\\ é", max_size=6))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def written(value: Any) -> str:
    """A value as TOML in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(written(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {written(item)}" for key, item in value.items()) + "}"
    return str(value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), st.booleans()), max_size=5))
def test_lines_of_any_file(tables: list[tuple[str, dict[str, Any], bool]]) -> None:
    rows: list[str] = []
    expected: dict[Loc, int] = {}
    seen: set[str] = set()
    for name, content, as_array in tables:
        if name in seen:
            continue
        seen.add(name)
        for index in range(2 if as_array else 1):
            rows.append(f"[[{quoted(name)}]] # {name}" if as_array else f"[{quoted(name)}]")
            loc: Loc = (name, index) if as_array else (name,)
            expected[loc] = len(rows)
            for key, value in content.items():
                rows.append(f"{quoted(key)} = {written(value)}")
                expected.update({(*loc, key, *below): len(rows) for below in [(), *paths(value)]})
    text = "\n".join(rows)
    tomllib.loads(text)
    lines = key_lines(text)
    assert {loc: lines.get(loc) for loc in expected} == expected
