"""The simulated bench as a process, for every test that needs instruments."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from amfdaq.cli.bench import Bench, start_bench, write_rig

Starter = Callable[..., Bench]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts benches and ends them with the test."""
    running: list[Bench] = []

    def starter(*, speed: float = 8.0, seed: int = 1, config: Path | None = None) -> Bench:
        bench = start_bench(speed=speed, seed=seed, config=config)
        running.append(bench)
        return bench

    yield starter
    for bench in running:
        bench.stop()


@pytest.fixture
def bench(start: Starter) -> Bench:
    """A bench at eight times real speed."""
    return start()


@pytest.fixture
def lab(bench: Bench, tmp_path: Path) -> Path:
    """A folder with the rig, sample, recipe and certificates of the bench."""
    return write_rig(tmp_path / "lab", bench.ready).parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real recordings beside the checkout; tests that need them say so when they are absent."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the real recordings (../shared/data) are not beside this checkout")
    return path
