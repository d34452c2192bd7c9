"""Which folder is the workspace, and what does a new one hold?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from workbench.errors import SettingsError, WorkbenchError, WorkspaceNotFoundError
from workbench.settings import Settings, parse_settings, settings_toml

MARKER = "workbench.toml"
STORE = ".workbench"
FOLDERS = ("models", "data", "registry", "reports")


def find_root(start: Path) -> Path:
    """The nearest folder from `start` upwards with a `workbench.toml`.

    Raises:
        WorkspaceNotFoundError: there is none.
    """
    here = start.resolve()
    if not here.exists():
        # Looking above it would answer from another workspace than the one that was meant.
        raise WorkspaceNotFoundError(
            f"there is no folder {start}", "Check the path after -C or in WORKBENCH_WORKSPACE."
        )
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return folder
    raise WorkspaceNotFoundError(
        f"no workspace in {start} or above it",
        "Make one with `workbench init`, or name one with -C DIR or WORKBENCH_WORKSPACE.",
    )


def read_settings(root: Path) -> Settings:
    """The settings of a workspace.

    Raises:
        SettingsError: the file cannot be read or says something unknown.
    """
    try:
        text = (root / MARKER).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"cannot read {MARKER}: {error}", "It is a TOML file in UTF-8; it may be empty."
        ) from error
    return parse_settings(text, MARKER)


def make_folders(root: Path) -> None:
    """Makes a workspace's folders and its settings file, where they are missing.

    Raises:
        WorkbenchError: the folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name in FOLDERS:
            (root / name).mkdir(exist_ok=True)
        marker = root / MARKER
        if not marker.exists():
            write_whole(marker, settings_toml())
        ignored = root / ".gitignore"
        if not ignored.exists():
            write_whole(ignored, f"/{STORE}/\n")
    except OSError as error:
        raise WorkbenchError(
            f"cannot make a workspace in {root}: {error.strerror or error}",
            "Choose a folder that you may write to.",
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Writes a text file whole or not at all: under another name first, then renamed."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
