"""What does the workspace's owner want to happen after a promotion? A command, run and reported."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TOLD = 2000
"""Bytes of the command's output that are told: the last ones."""


@dataclass(frozen=True)
class HookRun:
    """How the command ended."""

    command: str
    failure: str | None
    """Why it counts as failed; None when it ended well."""
    output: str
    """The end of what it printed."""

    @property
    def document(self) -> dict[str, str | None]:
        """As `--json` prints it."""
        return {"command": self.command, "failure": self.failure, "output": self.output}


def run_hook(
    root: Path, command: str, timeout: float, environment: Mapping[str, str]
) -> HookRun | None:
    """Runs the owner's command in the workspace; None where there is none.

    It runs without a shell, in a session of its own that is killed whole when the time is over.
    Whatever becomes of it, nothing is raised: what it follows has happened.

    Args:
        root: the workspace, where it runs.
        command: as the settings have it.
        timeout: seconds that it may take.
        environment: what it is told besides the environment of now.
    """
    arguments = shlex.split(command)
    if not arguments:
        return None
    with tempfile.TemporaryFile() as told:
        try:
            process = subprocess.Popen(
                arguments,
                cwd=root,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return HookRun(command, f"it could not be started: {why}", "")
        failure = None
        try:
            code = process.wait(timeout)
            if code:
                failure = (
                    f"it ended with {code}" if code > 0 else f"it was killed by signal {-code}"
                )
        except subprocess.TimeoutExpired:
            failure = f"it took longer than {timeout:g} s and was killed"
        except BaseException:
            _end(process)
            raise
        if failure is not None and process.poll() is None:
            _end(process)
        told.seek(max(told.seek(0, os.SEEK_END) - _TOLD, 0))
        return HookRun(command, failure, told.read().decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
