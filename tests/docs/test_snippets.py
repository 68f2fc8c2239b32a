"""What README, tutorial and how-to pages tell a reader to type is typed here, page by page, on a simulated bench."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SELF_CONTAINED = ["docs/how-to/analyse-old-csv-files.md", "docs/how-to/write-your-own-certificates.md"]
WITH_A_BENCH = ["docs/tutorial.md", "docs/how-to/acquire-from-a-script.md"]
CONTROL = '"127.0.0.1", 35795'  # as the pages show it


class Reader:
    """Does what a page says, block by block, in one folder.

    Only lines that begin with ``amfdaq`` are typed; ``amfdaq sim`` goes on in the background.

    Args:
        folder: where everything happens.
        tools: of the conftest.
    """

    def __init__(self, folder: Path, tools: Any) -> None:
        self.folder = folder
        self.tools = tools
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.port = ""
        self.output = ""
        self.sims: list[subprocess.Popen[str]] = []
        self.helpers: list[subprocess.Popen[str]] = []
        self.done = 0

    def follow(self, block: Any) -> None:
        """Do one block."""
        skip = block.remark("not executed")
        if skip is not None:
            assert skip, f"{block.where}: say why it is not executed"
        elif block.file is not None:
            (self.folder / block.file).write_text(block.code, encoding="utf-8")
        elif block.language == "python":
            self.run_python(block)
        elif block.language == "sh":
            self.type_lines(block)
        elif block.remark("the same every time") is not None:
            for line in block.code.splitlines():
                assert line.strip() in self.output, f"{block.where}: {line!r} is not in\n{self.output}"

    def run_python(self, block: Any) -> None:
        """Run a block in the namespace of the page, or as a program of its own."""
        self.done += 1
        code = self.tools.shortened(block.code.replace(CONTROL, f'"127.0.0.1", {self.port}'))
        if block.remark("in the background") is not None:
            code = code.replace("time.sleep(10)", "time.sleep(0.5)")  # the heating is that much shorter, too
            helper = subprocess.Popen([sys.executable, "-c", code], cwd=self.folder, text=True)
            self.helpers.append(helper)
            return
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(code, block.where, "exec"), self.names)  # noqa: S102 the documentation is part of this repository
        self.output = printed.getvalue()
        assert "print(" not in code or self.output.strip(), f"{block.where}: nothing was printed"

    def type_lines(self, block: Any) -> None:
        """Type the lines of a block that begin with ``amfdaq``."""
        expected = int(block.remark("exit code") or 0)
        for line in block.code.splitlines():
            if line.startswith("amfdaq sim "):
                self.start_bench(line)
                self.done += 1
            elif line.startswith("amfdaq "):
                if line.startswith("amfdaq run "):
                    self.tools.shorten_recipes(self.folder)
                    self.tools.shorten_recipes(self.folder / "bench")
                result = self.shell(line)
                self.output = result.stdout + result.stderr
                assert result.returncode == expected, f"{block.where}: {line}\n{self.output}"
                self.done += 1

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line the way a terminal does, with the ``amfdaq`` of this environment."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def start_bench(self, line: str) -> None:
        """Start a bench that runs faster than the page says, and read its control port from what it shows."""
        words = re.sub(r"--speed \S+", f"--speed {self.tools.speed}", line).split()[1:]
        sim = subprocess.Popen(
            [sys.executable, "-P", "-m", "amfdaq.cli.main", *words],
            cwd=self.folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.sims.append(sim)
        assert sim.stdout is not None
        while not self.port:
            shown = sim.stdout.readline()
            assert shown, "the bench ended"
            if found := re.search(r"control\s+127\.0\.0\.1:(\d+)", shown):
                self.port = found[1]
        self.tools.make_patient(self.folder / "bench" / "rig.toml")

    def leave(self) -> None:
        """End what goes on in the background."""
        for process in (*self.helpers, *self.sims):
            process.terminate()
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def reader(tmp_path: Path, tools: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    someone = Reader(tmp_path, tools)
    yield someone
    someone.leave()


def follow(reader: Reader, page: str) -> None:
    """Do everything a page says."""
    for block in reader.tools.read_blocks(ROOT / page):
        reader.follow(block)
    assert reader.done, f"{page} has nothing to do"
    end = time.monotonic() + 10
    for helper in reader.helpers:
        assert helper.wait(max(0.1, end - time.monotonic())) == 0, "a program in the background failed"


@pytest.mark.parametrize("page", SELF_CONTAINED)
def test_a_page_without_a_bench(reader: Reader, page: str) -> None:
    follow(reader, page)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_A_BENCH)
def test_a_page_that_starts_a_bench(reader: Reader, page: str) -> None:
    follow(reader, page)


@pytest.mark.slow
def test_reading_a_run_file(reader: Reader, recorded: Any) -> None:
    shutil.copy(recorded.file, reader.folder / "run.h5")
    follow(reader, "docs/how-to/read-a-run-file.md")


@pytest.mark.slow
def test_the_readme(reader: Reader, ready_bench: Path, recorded: Any, table_file: Path) -> None:
    assert ready_bench == reader.folder
    shutil.copy(recorded.file, reader.folder / "run.h5")
    shutil.copy(table_file, reader.folder / "run.csv")
    follow(reader, "README.md")


def test_every_how_to_page_is_followed() -> None:
    pages = {f"docs/how-to/{page.name}" for page in (ROOT / "docs" / "how-to").glob("*.md")}
    assert pages == {*SELF_CONTAINED, WITH_A_BENCH[1], "docs/how-to/read-a-run-file.md"}
