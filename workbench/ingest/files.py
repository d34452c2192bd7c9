"""Which files did the user mean? Paths, folders and globs, in a stable order."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import LogFileError

ENDINGS = (
    ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".arrow", ".feather", ".ipc", ".log",
)  # fmt: skip
PACKINGS = (".gz", ".gzip", ".zst", ".zstd")


def expand_paths(paths: Sequence[str | Path]) -> tuple[Path, ...]:
    """The files that paths, folders and globs name, each once.

    A folder stands for the files below it with a known ending, hidden ones left out, sorted
    by path. A name that exists is never taken as a glob.

    Raises:
        LogFileError: a path or a glob names nothing, or a folder holds no known file.
    """
    found: dict[Path, None] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            below = _files_below(path)
            if not below:
                raise LogFileError(
                    f"no log file in the folder {given}",
                    f"Known endings: {' '.join(ENDINGS)}, each also with .gz or .zst.",
                )
            found.update(dict.fromkeys(below))
        elif path.exists() or not glob.has_magic(str(given)):
            found[path] = None
        else:
            matched = sorted(Path(name) for name in glob.iglob(str(given), recursive=True))  # noqa: PTH207 - may be absolute
            files = [name for name in matched if name.is_file()]
            if not files:
                raise LogFileError(f"nothing matches {given}", "Check the path; quote a pattern.")
            found.update(dict.fromkeys(files))
    return tuple(found)


def _files_below(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and _is_known(path)
    )


def _is_known(path: Path) -> bool:
    name = path.name.lower()
    for packing in PACKINGS:
        name = name.removesuffix(packing)
    return name.endswith(ENDINGS)
