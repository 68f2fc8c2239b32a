"""Finding runs that were not finished, and finishing them from their journals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amfdaq.errors import AmfdaqError, StoreError
from amfdaq.store.content import merge
from amfdaq.store.files import is_locked
from amfdaq.store.finish import GUARD, JOURNAL, RECORDER, Built, build_file
from amfdaq.store.journal_reading import read_journal
from amfdaq.store.records import HEADER

Recovered = Built


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run whose journals are still there.

    Attributes:
        file: the run file that they belong to.
        journal: of its engine; may be missing.
        guard_journal: of its guard; may be missing.
        alive: engine, guard or recorder of the run still live.
    """

    file: Path
    journal: Path
    guard_journal: Path
    alive: bool


def journals_of(file: Path) -> tuple[Path, Path]:
    """Where the journals of a run file are while it is not finished: engine's, guard's."""
    return file.with_suffix(JOURNAL), file.with_suffix(GUARD + JOURNAL)


def find_unfinished(folder: Path) -> list[Unfinished]:
    """The runs in a folder, and the folders below it, whose journals are still there; sorted by name."""
    files = set()
    for journal in Path(folder).rglob(f"*{JOURNAL}"):
        stem = journal.name.removesuffix(JOURNAL).removesuffix(GUARD)
        files.add(journal.with_name(f"{stem}.h5"))
    found = []
    for file in sorted(files):
        journal, guard_journal = journals_of(file)
        alive = any(map(is_locked, (journal, guard_journal, file.with_suffix(RECORDER))))
        found.append(Unfinished(file, journal, guard_journal, alive))
    return found


def recover(folder: Path) -> list[Recovered]:
    """Finish every run in a folder (and below) whose processes are gone; the living are left alone.

    Returns:
        what was built; empty when there is nothing to do. Calling it again does no harm.

    Raises:
        StoreError: some runs could not be recovered (all others were); their journals are still there.
    """
    done: list[Recovered] = []
    failures: list[str] = []
    for run in find_unfinished(folder):
        if run.alive:
            continue
        try:
            built = _recover(run)
            if built is not None:
                done.append(built)
        except AmfdaqError as error:
            failures.append(str(error))
    if failures:
        raise StoreError("; ".join(failures))
    return done


def _recover(run: Unfinished) -> Recovered | None:
    """Finish one run; None when its process died before it wrote anything (the empty journal is removed)."""
    parts = {}
    for path, role in ((run.journal, "engine"), (run.guard_journal, "guard")):
        if path.exists():
            if path.stat().st_size < HEADER.size:
                path.unlink()
            else:
                parts[role] = read_journal(path, role)
    if not parts:
        return None
    engine = parts.get("engine")
    shown = merge(engine, parts.get("guard"), None, None)
    if engine is not None and engine.end is not None:
        reason = f"rebuilt from the journal; the run had ended as {shown.status}"
        reason += f": {shown.reason}" if shown.reason else ""
    else:
        reason = f"rebuilt from the journal; {shown.reason}"
    return build_file(run.journal, run.guard_journal, run.file, status="recovered", reason=reason)
