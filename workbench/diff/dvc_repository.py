"""Which versions of its tables does a workspace have, and what made them? Its DVC repository.

The one module that imports DVC, and only in a process of its own: DVC keeps global state,
prints to stdout and takes a second to import, none of which belongs in a front end. The
process writes its answer to a file; all that DVC and the stages print goes to a log.

The repository is the workspace itself, in a git repository of its own. Settings and remote
are in its first commit, since DVC reads a revision with the settings of that revision.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import WorkbenchError

HOME = ".workbench/dvc"
"""What DVC keeps outside its own folder, relative to the workspace: site cache, remote, log."""

# Not hard links: the file in the workspace would be the one in the cache, and whoever appends
# to it in place would change an old version without a word.
_CONFIG = """\
[core]
    analytics = false
    autostage = true
    check_update = false
    remote = workspace
[cache]
    type = "reflink,copy"
['remote "workspace"']
    url = ../.workbench/dvc/remote
"""
_RUNNING = re.compile(r"Running stage '(?P<name>[^']+)'")
_NO_ANSWER = "the process of DVC ended without an answer"


class DvcError(WorkbenchError):
    """DVC or git could not do what was asked of it."""


@dataclass(frozen=True)
class Reproduction:
    """What a run of a pipeline did."""

    ran: tuple[str, ...]
    """The stages that ran, in order; the others were up to date."""
    log: Path
    """All that DVC and the stages printed."""


def reproduce(
    root: Path, pipeline: str, on_stage: Callable[[str], None] | None = None
) -> Reproduction:
    """Runs the stages of a pipeline that are not up to date, and copies their outputs away.

    The repository is made first where there is none. Stages that call `python` get this
    interpreter.

    Args:
        root: the workspace.
        pipeline: its `dvc.yaml`, relative to the workspace.
        on_stage: told the name of each stage as it starts.

    Raises:
        DvcError: git is missing, a stage failed, or another process holds the repository.
    """
    initialise_git(root)
    home = root / HOME
    home.mkdir(parents=True, exist_ok=True)
    log, answer = home / "reproduce.log", home / f"answer-{os.getpid()}.json"
    command = [sys.executable, "-P", "-m", __name__, str(root), pipeline, str(answer)]
    try:
        _run_logged(command, _environment(root), log, on_stage)
        document = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}
    finally:
        answer.unlink(missing_ok=True)
    if "ran" not in document:
        raise DvcError(
            document.get("error", _NO_ANSWER) + _last_words(log), f"All it printed is in {log}."
        )
    return Reproduction(tuple(document["ran"]), log)


def initialise_git(root: Path) -> None:
    """Makes the workspace a git repository of its own that can commit; nothing if it is one.

    A machine where nobody has told git their name gets one for this repository only.

    Raises:
        DvcError: git is missing or refuses.
    """
    if not (root / ".git").exists():
        _git(root, "init", "--quiet", "--template=")
    if _git(root, "config", "--get", "user.email", check=False) == "":
        _git(root, "config", "user.name", "oncall-workbench")
        _git(root, "config", "user.email", "workbench@localhost")


def commit(root: Path, message: str, paths: Sequence[str]) -> bool:
    """Commits what changed under `paths` and whether there was anything.

    Ignored files and paths that do not exist are passed over.

    Raises:
        DvcError: git is missing or refuses.
    """
    there = [path for path in paths if (root / path).exists()]
    _git(root, "add", "--", *there)
    if not _git(root, "status", "--porcelain", "--untracked-files=no", "--", *there):
        return False
    safe = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    _git(root, *safe, "commit", "--quiet", "-m", message, "--", *there)
    return True


def ignore(root: Path, patterns: Sequence[str]) -> None:
    """Adds patterns to the workspace's `.gitignore` that it lacks."""
    path = root / ".gitignore"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [pattern for pattern in patterns if pattern not in text.splitlines()]
    if missing:
        text = text if text.endswith("\n") or not text else text + "\n"
        path.write_text(text + "".join(f"{pattern}\n" for pattern in missing), encoding="utf-8")


def _environment(root: Path) -> dict[str, str]:
    """The caller's environment, without what would make DVC or git act somewhere else."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "DVC_STAGE", "DVC_ROOT", "DVC_EXP_"))
        and name not in ("PYTHONSAFEPATH", "PYTHONSTARTUP")
    }
    path = os.pathsep.join([str(_folder_of_python(root)), kept.get("PATH", os.defpath)])
    return {
        # More threads than free cores make a fit twenty times slower.
        "OMP_NUM_THREADS": "1",
        **kept,
        "PATH": path,
        "SHELL": "/bin/sh",
        "DVC_NO_ANALYTICS": "1",
        "DVC_STUDIO_OFFLINE": "1",
        "DVC_SITE_CACHE_DIR": str(root / HOME / "site"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _folder_of_python(root: Path) -> Path:
    """A folder whose `python` is this interpreter."""
    own = Path(sys.executable).parent
    if (own / "python").exists():
        return own
    # A script and not a link: a linked interpreter may not find its own packages.
    folder = root / HOME / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "python"
    quoted = "'" + sys.executable.replace("'", "'\\''") + "'"
    script.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def _run_logged(
    command: list[str],
    environment: Mapping[str, str],
    log: Path,
    on_stage: Callable[[str], None] | None,
) -> None:
    with (
        log.open("w", encoding="utf-8") as written,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                written.write(line)
                written.flush()
                found = _RUNNING.search(line)
                if found and on_stage is not None:
                    on_stage(found["name"].rpartition(":")[2])
        except BaseException:
            process.terminate()
            raise


def _last_words(log: Path) -> str:
    """What the failing stage said last, to go behind a message; empty when it said nothing."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip() and not line.startswith(">")]
    said = [line for line in said if not line.startswith(("ERROR", "WARNING", "Running stage"))]
    return f": {said[-1]}" if said else ""


def _git(root: Path, *arguments: str, check: bool = True) -> str:
    """What git prints, stripped; with `check` false an exit code is no error."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise DvcError("git is not installed", "Versions of tables need git.") from error
    if check and done.returncode:
        raise DvcError(f"git {arguments[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout.strip()


def _initialise_dvc(root: Path) -> None:
    from dvc.repo import Repo

    config = root / ".dvc" / "config"
    # Without a commit, a set-up may have been cut short between the two steps.
    if config.exists() and _git(root, "rev-parse", "--verify", "--quiet", "HEAD", check=False):
        return
    if not config.exists():
        Repo.init(str(root), force=(root / ".dvc").exists()).close()
    config.write_text(_CONFIG, encoding="utf-8")
    ignore(root, ["/.workbench/"])
    commit(root, "Set up data versions", [".dvc", ".dvcignore", ".gitignore"])


def _reproduce_here(root: Path, pipeline: str) -> dict[str, object]:
    """The answer of the process of its own: `ran`, or `error` in the operator's words."""
    import logging
    import traceback

    import dvc.logger
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    if not logging.getLogger("dvc").handlers:
        dvc.logger.setup(level=logging.INFO)
    logging.getLogger("dvc").setLevel(logging.INFO)
    os.chdir(root)  # DVC names files from here, and its messages are for the operator.
    try:
        _initialise_dvc(root)
        with Repo(str(root)) as repo:
            stages = repo.reproduce(str(root / pipeline))
            if stages:
                repo.push()
            return {"ran": [stage.name for stage in stages]}
    except DvcError as error:
        return {"error": error.message}
    except DvcException as error:
        causes: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            causes.append(str(cause))
            cause = cause.__cause__
        return {"error": ": ".join(causes)}
    except Exception as error:  # noqa: BLE001 - DVC's own libraries raise what they like
        traceback.print_exc()
        return {"error": f"unexpected {type(error).__name__} in DVC: {error}"}


if __name__ == "__main__":
    _root, _pipeline, _answer = sys.argv[1:]
    _text = json.dumps(_reproduce_here(Path(_root), _pipeline))
    Path(_answer).write_text(_text, encoding="utf-8")
