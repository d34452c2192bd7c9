"""A command on a disk that is nearly full, over and over: run with a folder that nobody else sees.

`unshare --mount python -m tests.crash.filling FOLDER OPERATION FREE...`: mounts a small file system
on FOLDER, and runs the operation there with so many KB of it free.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cli.command import done, workbench
from tests.crash.operations import Operation, operations
from tests.crash.state import assert_tidy, facts, status_rows, totals
from workbench.store.staging import sweep
from workbench.workspace import Workspace

_DISK = 96 * 1024 * 1024


def main() -> None:
    """Prints how each run ended."""
    folder, name, *free = sys.argv[1:]
    disk = Path(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", folder], check=True)
    (operation,) = operations(Path(tempfile.mkdtemp()), (name,))
    whole = disk / "whole"
    arguments = operation.prepare(whole)
    before = totals(whole)
    done(*arguments)
    expected, after = facts(whole), totals(whole)
    shutil.rmtree(whole)
    for kilobytes in map(int, free):
        root = disk / f"free-{kilobytes}"
        arguments = operation.prepare(root)
        ballast = disk / "ballast"
        _fill(ballast, disk, kilobytes * 1024)
        ended = workbench(*arguments)
        print(kilobytes, ended.code, ended.err.replace("\n", " | "), flush=True)
        if ended.code:
            ended.assert_refused("disk is full")
        if operation.is_sweeping:
            status_rows(root)  # the full disk can be read
            found = totals(root)
            assert before.rows <= found.rows <= after.rows, (before, found, after)
        ballast.unlink()
        _finish(operation, root, arguments, expected)
        shutil.rmtree(root)


def _finish(
    operation: Operation, root: Path, arguments: list[str], expected: dict[str, object]
) -> None:
    """There is space again: the same command ends as if there always had been."""
    status_rows(root)
    done(*arguments)
    found = facts(root)
    for key, value in expected.items():
        assert found[key] == value, (key, found[key], value)
    if not operation.is_sweeping:
        sweep(Workspace.open(root).store)
    assert_tidy(root)


def _fill(ballast: Path, disk: Path, free: int) -> None:
    space = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(space.f_bavail * space.f_frsize - free, 1))


if __name__ == "__main__":
    main()
