"""Which files did the user mean? Paths, folders and globs, in a stable order."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import LogFileError

ENDINGS = (
    ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc", ".log",
)  # fmt: skip
_ROTATED = re.compile(r"\.(log|jsonl|json)\.[0-9]{4}-?[0-9]{2}-?[0-9]{2}[0-9tT_-]*$")
"""What log rotation makes of a name: the day after the ending."""
PACKINGS = (".gz", ".gzip", ".zst", ".zstd")


def expand_paths(paths: Sequence[str | Path]) -> tuple[tuple[Path, LogFileError | None], ...]:
    """The files that paths, folders and globs name, each once, in order.

    A folder stands for the files below it with a known ending, hidden ones left out, sorted
    by path. A name that exists is never taken as a glob. A glob that matches nothing and a
    folder without a known file are listed with their error: they stop no other.
    """
    found: dict[Path, LogFileError | None] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            files = _files_below(path)
            nothing = no_log_file(given)
        elif path.exists() or not glob.has_magic(str(given)):
            files = [path]
        else:
            matched = sorted(Path(name) for name in glob.iglob(str(given), recursive=True))  # noqa: PTH207 - may be absolute
            files = [name for name in matched if name.is_file()]
            nothing = nothing_matches(given)
        found |= dict.fromkeys(files) if files else {path: nothing}
    return tuple(found.items())


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and is_log_name(path.name)
    )


def is_log_name(name: str) -> bool:
    """Whether a file's name has a known ending."""
    name = name.lower()
    for packing in PACKINGS:
        name = name.removesuffix(packing)
    return name.endswith(ENDINGS) or bool(_ROTATED.search(name))


def no_log_file(folder: str | Path) -> LogFileError:
    """The failure of a folder without a known file."""
    return LogFileError(
        f"no log file in the folder {folder}",
        f"Known endings: {' '.join(ENDINGS)}, each also with .gz or .zst.",
    )


def nothing_matches(pattern: str | Path) -> LogFileError:
    """The failure of a pattern without a file."""
    return LogFileError(f"nothing matches {pattern}", "Check the path; quote a pattern.")
