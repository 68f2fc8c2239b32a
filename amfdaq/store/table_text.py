"""From the bytes of a logger's file to lines of text, or one sentence that says why not.

Loggers write ASCII, UTF-8 with and without a byte order mark, latin-1 (the degree sign) and UTF-16 (some
Windows programs), with LF, CRLF or CR at the line ends. Files of other kinds are recognised by their first
bytes, because the sentence "save it as CSV" helps more than "no numbers found".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amfdaq.errors import DataFileError

LARGEST: Final = 512 * 1024 * 1024  # bytes: four days at 1 kHz; a larger "table" is another kind of file

# First bytes of files that people pass in place of a table -> what to say.
_SIGNATURES: Final = (
    (
        b"\x89HDF\r\n\x1a\n",
        "is an HDF5 file, not a table: a run file is analysed as it is, without an import",
    ),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet (.xlsx, .ods): open it and save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old spreadsheet (.xls): open it and save the sheet as CSV"),
    (b"%PDF", "is a PDF document: export the data as CSV"),
    (b"\x1f\x8b", "is compressed with gzip: unpack it first"),
    (b"BZh", "is compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz: unpack it first"),
    (b"PAR1", "is a Parquet file: export it as CSV"),
    (b"TDSm", "is a LabVIEW TDMS file: export it as CSV"),
    (b"\x89PNG", "is a picture: name the table itself"),
    (b"\xff\xd8\xff", "is a picture: name the table itself"),
    (b"SQLite format 3", "is an SQLite database: export the table as CSV"),
)
_CONTROLS: Final = bytes(
    set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a")
)  # 0x1a ends text files of old DOS programs


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file in memory.

    Attributes:
        path: where it is.
        lines: its lines without line ends; line 1 of the file is ``lines[0]``.
        encoding: how it was decoded.
        sha256: hash of the bytes, hexadecimal.
        complete: the last line ends with a line end.
        notes: what was repaired.
    """

    path: Path
    lines: list[str]
    encoding: str
    sha256: str
    complete: bool
    notes: tuple[str, ...]


def read_text(path: Path) -> TextFile:
    """Read a text file of unknown encoding and line ends.

    Raises:
        DataFileError: not found, not readable, a folder, empty, too large, or not text.
    """
    data = _read_bytes(path)
    for signature, sentence in _SIGNATURES:
        if data.startswith(signature):
            raise DataFileError(f"{path} {sentence}")
    encoding = _encoding(data)
    notes = []
    if not encoding.startswith("utf-16"):
        kept = data.rstrip(b"\0")
        if len(kept) < len(data):  # the file system's trace of a power cut
            notes.append(
                f"{len(data) - len(kept)} NUL bytes at the end of the file were ignored (power cut?)"
            )
        _check_controls(path, kept)
        text = kept.decode(encoding)
    else:
        text = data.decode(encoding, errors="replace")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\x1a")
    if not text.strip():
        raise DataFileError(f"{path} is empty: was the logger stopped before it wrote?")
    complete = text.endswith("\n")
    lines = text.split("\n")
    if complete:
        lines.pop()
    return TextFile(path, lines, encoding, hashlib.sha256(data).hexdigest(), complete, tuple(notes))


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise DataFileError(f"{path} is a folder: name the table inside it")
        if path.exists() and not path.is_file():
            raise DataFileError(f"{path} is a device or a pipe, not a file: name a table")
        if path.stat().st_size > LARGEST:
            raise DataFileError(f"{path} has more than {LARGEST >> 20} MB: split it before the import")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataFileError(f"{path}: there is no such file; check the name and the folder") from None
    except OSError as error:
        raise DataFileError(
            f"{path} cannot be read ({error.strerror}): check the disk and the permissions"
        ) from error


def _encoding(data: bytes) -> str:
    """UTF-8 if it is valid; UTF-16 by its mark or its NUL pattern; otherwise latin-1, which accepts all."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = data[:4096]
    half = max(1, len(head) // 2)
    if head[1::2].count(0) > 0.7 * half and head[0::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if head[0::2].count(0) > 0.7 * half and head[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _check_controls(path: Path, data: bytes) -> None:
    """Refuse binary data; a few stray bytes (a disturbed serial line) only make their rows unreadable."""
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls <= max(3, len(data) // 200):
        return
    first = next(index for index, byte in enumerate(data) if byte in _CONTROLS)
    line = data.count(b"\n", 0, first) + 1
    raise DataFileError(f"{path}: binary data from line {line} on; export the recording as text (CSV)")
