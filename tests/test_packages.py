"""A user's own drivers.py or calibration.py must be named in the error, and amfdaq must stay light."""

import subprocess
import sys
from pathlib import Path

import pytest


def script(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "mine.py").write_text(text)
    return subprocess.run(
        [sys.executable, *options, "mine.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["drivers", "calibration"])
def test_a_file_that_hides_our_package_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("MINE = 1\n")
    result = script(tmp_path, "import amfdaq\n")
    assert result.returncode == 1
    assert str(tmp_path / f"{name}.py") in result.stderr
    assert "rename it" in result.stderr
    assert "AttributeError" not in result.stderr


def test_a_package_that_hides_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "__init__.py").write_text("")
    assert str(tmp_path / "drivers") in script(tmp_path, "import amfdaq\n").stderr


def test_a_data_folder_with_the_name_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "calibration").mkdir()
    (tmp_path / "calibration" / "coil.csv").write_text("1,2\n")
    result = script(tmp_path, "import amfdaq, calibration\nprint(calibration.__file__)\n")
    assert result.returncode == 0, result.stderr
    assert str(tmp_path) not in result.stdout


def test_python_with_safe_path_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "drivers.py").write_text("MINE = 1\n")
    assert script(tmp_path, "import amfdaq\n", "-P").returncode == 0


def test_importing_amfdaq_brings_in_nothing_heavy_and_nothing_above_it(tmp_path: Path) -> None:
    result = script(
        tmp_path,
        "import sys, amfdaq\n"
        "heavy = {'numpy', 'scipy', 'h5py', 'matplotlib', 'pydantic', 'pyvisa', 'serial', 'PySide6'}\n"
        "above = {'drivers', 'calibration', 'mocks', 'gui'}\n"
        "print(sorted((heavy | above) & set(sys.modules)))\n",
    )
    assert result.stdout.strip() == "[]", result.stderr
