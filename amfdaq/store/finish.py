"""From journals to the finished run file: at the end of a run, and after a crash.

There is one way to a finished file, and it is safe at any point: the file is built in memory (HDF5 dies
when the disk is full, a plain write does not), written beside its place, forced to the disk, read back and
compared, renamed, and only then are the journals removed. Whoever finds journals beside a file that was
built from them removes them; whoever finds journals without one builds it again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amfdaq.errors import StoreError
from amfdaq.store import layout
from amfdaq.store.content import RunContent, merge
from amfdaq.store.files import advice, folder_lock, is_locked, sync_folder, write_durable
from amfdaq.store.journal_reading import JournalContent, read_journal

if TYPE_CHECKING:
    import h5py

JOURNAL = ".journal"
GUARD = ".guard"
RECORDER = ".recorder"


@dataclass(frozen=True, slots=True)
class Built:
    """A run file that was built from journals.

    Attributes:
        file: the run file.
        rows: readings in it.
        status: of the run, as the file says.
        reason: why.
        lost_bytes: what could not be read of the journals; these are then kept as ``*.journal.damaged``.
    """

    file: Path
    rows: int
    status: str
    reason: str
    lost_bytes: int


def build_file(
    journal: Path,
    guard_journal: Path,
    out: Path,
    *,
    status: str | None = None,
    reason: str | None = None,
) -> Built:
    """Turn the journals of a run into its finished file, and remove them.

    Args:
        journal: of the engine; may be missing when the guard's is there.
        guard_journal: of the guard; may be missing.
        out: the run file; a running one there is replaced.
        status: how the run counts; None takes what the journals say.
        reason: why; None takes what the journals say.

    Raises:
        StoreError: there is neither a journal nor a finished file, a journal is damaged from its first
            byte, or the file could not be written; the journals are then still there.
    """
    paths = {"engine": journal, "guard": guard_journal}
    with folder_lock(out.parent):
        parts = {role: read_journal(path, role) for role, path in paths.items() if path.exists()}
        built = _finished_from(out, parts) or _build(paths, parts, out, status, reason)
        _retire({paths[role]: part for role, part in parts.items()})
        recorder = out.with_suffix(RECORDER)
        if not is_locked(recorder):
            recorder.unlink(missing_ok=True)
        sync_folder(out.parent)
        return built


def _build(
    paths: dict[str, Path],
    parts: dict[str, JournalContent],
    out: Path,
    status: str | None,
    reason: str | None,
) -> Built:
    """Write the file that these journals give."""
    if not parts:
        raise StoreError(f"{out}: there is neither a finished file nor a journal to build it from")
    for role, part in parts.items():
        if part.good_bytes == 0 and part.lost_bytes:
            raise StoreError(f"{paths[role]}: {part.problem}; nothing was changed")
    content = merge(parts.get("engine"), parts.get("guard"), status, reason)
    lost = sum(part.lost_bytes for part in parts.values())
    before = _finished_from(out, {})
    if before is not None and before.rows > content.row_count:
        raise StoreError(
            f"{out}: the finished file holds {before.rows} readings, the journals beside it only "
            f"{content.row_count}: it was left as it is; move the journals away"
        )
    if before is None and lost and out.exists():  # the growing file may hold what the journal has lost since
        out.replace(out.with_name(f"{out.stem}.before-recovery{out.suffix}"))
    write_file(out, content)
    return Built(out, content.row_count, content.status, content.reason, lost)


def write_file(out: Path, content: RunContent) -> None:
    """Write a finished run file: whole, on the disk and verified, or not at all.

    Args:
        out: its place; what is there is replaced, but analyses of the same run are carried over.
        content: of the run.

    Raises:
        StoreError: it could not be written or does not read back as it should.
    """

    def write(file: h5py.File) -> None:
        layout.write_run(file, content)
        if out.exists():
            _carry_analyses(out, file, str(content.meta.get("run_id", "")))

    part = out.with_name(out.name + ".part")
    write_durable(part, layout.file_image(write))
    _verify(part, content)
    try:
        part.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise StoreError(f"{out}: the finished file cannot be put in its place: {advice(error)}") from error


def _carry_analyses(old: Path, file: h5py.File, run_id: str) -> None:
    """Copy the analyses of the file that will be replaced, where it is readable and of the same run."""
    import h5py

    try:
        with h5py.File(old, "r", locking=False) as source:
            entry = source["entry"]
            if entry["run_id"].asstr()[()] == run_id:
                for name in entry:
                    if name.startswith("analysis_"):
                        source.copy(entry[name], file["entry"], name)
    except (OSError, KeyError):  # a running file that its writer left behind damaged has no analyses
        return


def _verify(path: Path, content: RunContent) -> None:
    """Read a written file back and compare it with what it was made from.

    Raises:
        StoreError: it differs.
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            channels = file["entry/channels"]
            counts = {layout.safe_name(c.spec.name): len(c.rows) for c in content.channels}
            written = {name: channels[name]["value"].shape[0] for name in channels}
            same = counts == written and layout.raw_sha256(file) == file["entry"].attrs["raw_sha256"]
    except (OSError, KeyError) as error:
        raise StoreError(
            f"{path}: the file just written cannot be read back ({error}); check the disk"
        ) from error
    if not same:
        raise StoreError(f"{path}: the file just written reads back differently; check the disk")


def _finished_from(out: Path, parts: dict[str, JournalContent]) -> Built | None:
    """The finished file, when it holds everything that these journals do; None when it has to be built."""
    import h5py

    if not out.exists():
        return None
    try:
        with h5py.File(out, "r", locking=False) as file:
            entry = file["entry"]
            status = str(entry["run_status"].asstr()[()])
            used: dict[str, Any] = json.loads(entry["journals"].asstr()[()])
            rows = sum(group["value"].shape[0] for group in entry["channels"].values())
            reason = str(entry["run_reason"].asstr()[()])
    except (OSError, KeyError, ValueError):  # a running file has no list of journals
        return None
    if status == "running" or any(
        used.get(role) != {"bytes": part.good_bytes + part.lost_bytes, "sha256": part.sha256}
        for role, part in parts.items()
    ):
        return None
    return Built(out, rows, status, reason, sum(part.lost_bytes for part in parts.values()))


def is_finished(file: Path) -> bool:
    """Whether a run file is there and finished (False also when it is damaged)."""
    return _finished_from(file, {}) is not None


def _retire(journals: dict[Path, JournalContent]) -> None:
    """Remove the journals that are in the file: all or none, because a later recovery needs them together.

    They stay when one of them may still grow. One that could not be read to its end is kept under another name.
    """
    if any(_may_grow(path, content) for path, content in journals.items()):
        return
    for path, content in reversed(journals.items()):  # the engine's last: it names the run
        try:
            if content.lost_bytes:
                path.replace(path.with_name(path.name + ".damaged"))
            else:
                path.unlink()
        except OSError as error:
            raise StoreError(
                f"{path}: its file is finished, but it cannot be removed: {advice(error)}"
            ) from error


def _may_grow(path: Path, content: JournalContent) -> bool:
    """Whether there is, or may come, more in a journal than was read."""
    grown = path.stat().st_size != content.good_bytes + content.lost_bytes
    return grown or (content.end is None and is_locked(path))
