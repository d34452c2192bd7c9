"""DVC repositories for tests: real git, real DVC, a remote that is a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from workbench.diff.dvc_repository import Added, add, initialise_git


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def table(version: int) -> str:
    """The content of a version of a table: each has another length."""
    return "id,x\n" + "".join(f"{i},{version}\n" for i in range(version))


def three_versions(root: Path) -> list[Added]:
    """A workspace in which data/train.csv has the versions v1, v2 and v3, each tagged.

    The objects of v1 and v2 are in the remote only.
    """
    path = root / "data" / "train.csv"
    path.parent.mkdir(parents=True)
    (root / "workbench.toml").touch()
    initialise_git(root)
    made = []
    for number in (1, 2, 3):
        path.write_text(table(number), encoding="utf-8")
        made.append(add(root, "data/train.csv", f"version {number}"))
        git(root, "tag", f"v{number}")
    for one in made[:2]:
        cached(root, one.md5).unlink()
    return made


def cached(root: Path, md5: str) -> Path:
    """Where the cache has an object."""
    return root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]


def kept(root: Path, md5: str) -> Path:
    """Where the remote has an object."""
    return root / ".workbench" / "dvc" / "remote" / "files" / "md5" / md5[:2] / md5[2:]


def copied(root: Path, target: Path) -> Path:
    """A copy of a repository, to be changed."""
    shutil.copytree(root, target, symlinks=True)
    return target


def tree(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file of the working tree and of DVC: its size, time and inode."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            stat = (Path(folder) / name).stat()
            path = str((Path(folder) / name).relative_to(root))
            found[path] = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return found
