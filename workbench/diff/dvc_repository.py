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
from typing import Any

from workbench.diff.git_repository import (
    DvcError,
    commit,
    has_commits,
    ignore,
    initialise_git,
)
from workbench.store.modes import close_to_others

__all__ = [
    "HOME", "Added", "DvcError", "Reproduction", "add", "commit", "fetch", "home_of", "ignore",
    "initialise_git", "reproduce",
]  # fmt: skip

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
    log = home_of(root) / "reproduce.log"
    document = _asked(root, "reproduce", {"pipeline": pipeline}, log, on_stage)
    if "ran" not in document:
        raise DvcError(
            str(document.get("error", _NO_ANSWER)) + _last_words(log),
            f"All it printed is in {log}.",
        )
    return Reproduction(tuple(document["ran"]), log)


@dataclass(frozen=True)
class Added:
    """What became of a file that was given to DVC."""

    md5: str
    size: int | None
    record: str
    """The `.dvc` file, relative to the repository."""
    is_new: bool
    """Whether a commit was made; False: this version was recorded already."""
    not_pushed: str | None
    """Why it is in the cache only; None: it is in the remote too."""


def add(root: Path, path: str, message: str) -> Added:
    """Records the present version of a file: added to DVC, committed, pushed.

    The repository is made first where there is none, its remote with it.

    Args:
        root: the repository's folder, or the workspace where there is none yet.
        path: the file, relative to it.
        message: of the commit.

    Raises:
        DvcError: git is missing, or DVC refuses.
    """
    home = home_of(root)
    log = home / "track.log"
    document = _asked(root, "add", {"path": path, "message": message}, log)
    if "md5" not in document:
        raise DvcError(str(document.get("error", _NO_ANSWER)), f"All it printed is in {log}.")
    log.unlink(missing_ok=True)
    return Added(**document)


def fetch(
    root: Path, objects: Sequence[tuple[str, str]], target: Path, remote: str | None = None
) -> None:
    """Copies objects from the remote, of whatever kind it is, into a folder.

    Args:
        root: the repository's folder.
        objects: hash, and the name of the kind of hash.
        target: gets one file an object, named by its hash.
        remote: its name; the default one if None.

    Raises:
        DvcError: the remote cannot be reached or lacks one of them.
    """
    home = home_of(root)
    log = home / "fetch.log"
    asked = {"objects": [list(one) for one in objects], "target": str(target), "remote": remote}
    document = _asked(root, "fetch", asked, log)
    if "fetched" not in document:
        raise DvcError(str(document.get("error", _NO_ANSWER)), f"All it printed is in {log}.")
    log.unlink(missing_ok=True)


def home_of(root: Path) -> Path:
    """Where files about a repository lie that are nobody's data; the folder is made.

    In a workspace beside its store; elsewhere in DVC's own folder for such files.

    Raises:
        DvcError: it cannot be written.
    """
    is_foreign = (root / ".dvc" / "config").exists() and not (
        (root / "workbench.toml").exists() or (root / ".workbench").is_dir()
    )
    home = root / ".dvc" / "tmp" / "workbench" if is_foreign else root / HOME
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DvcError(
            f"cannot write {home}: {error.strerror or error}", "Check its permissions."
        ) from error
    return home


def _asked(
    root: Path,
    operation: str,
    arguments: Mapping[str, object],
    log: Path,
    on_stage: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The answer of a process of its own; empty when it ended without one."""
    answer = log.parent / f"answer-{os.getpid()}-{operation}.json"
    command = [
        sys.executable, "-P", "-m", __name__, operation, str(root), str(answer),
        json.dumps(arguments),
    ]  # fmt: skip
    try:
        _run_logged(command, _environment(root), log, on_stage)
        text = answer.read_text(encoding="utf-8") if answer.exists() else "{}"
    finally:
        answer.unlink(missing_ok=True)
        if log.parent == root / HOME:
            close_to_others(log.parent)
    document: dict[str, Any] = json.loads(text)
    return document


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
        "DVC_SITE_CACHE_DIR": str(home_of(root) / "site"),
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
    folder = home_of(root) / "bin"
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


def _initialise_dvc(root: Path) -> None:
    from dvc.repo import Repo

    config = root / ".dvc" / "config"
    # Without a commit, a set-up may have been cut short between the two steps.
    if config.exists() and has_commits(root):
        return
    if not config.exists():
        is_below = not (root / ".git").exists()
        Repo.init(str(root), force=(root / ".dvc").exists(), subdir=is_below).close()
    if not config.read_text(encoding="utf-8").strip():
        config.write_text(_CONFIG, encoding="utf-8")
    ignore(root, ["/.workbench/"])
    commit(root, "Set up data versions", [".dvc", ".dvcignore", ".gitignore"])


def _reproduce_here(root: Path, asked: Mapping[str, Any]) -> dict[str, object]:
    from dvc.repo import Repo

    _initialise_dvc(root)
    with Repo(str(root)) as repo:
        stages = repo.reproduce(str(root / asked["pipeline"]))
        if stages:
            repo.push()
        return {"ran": [stage.name for stage in stages]}


def _add_here(root: Path, asked: Mapping[str, Any]) -> dict[str, object]:
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    _initialise_dvc(root)
    # A hard link would make the file in the workspace the one in the cache: see _CONFIG.
    with Repo(str(root), config={"cache": {"type": ["reflink", "copy"]}}) as repo:
        (stage,) = repo.add([asked["path"]])
        (out,) = stage.outs
        record = Path(stage.path).relative_to(root)
        beside = (record.parent / ".gitignore").as_posix()
        is_new = commit(root, asked["message"], [record.as_posix(), beside])
        try:
            repo.push(targets=[record.as_posix()])
        except DvcException as error:
            not_pushed: str | None = _causes(error)
        except Exception as error:  # noqa: BLE001 - a remote's own library raises what it likes
            not_pushed = f"{type(error).__name__}: {error}"
        else:
            not_pushed = None
        return {
            "md5": out.hash_info.value,
            "size": out.meta.size if out.meta else None,
            "record": record.as_posix(),
            "is_new": is_new,
            "not_pushed": not_pushed,
        }


def _fetch_here(root: Path, asked: Mapping[str, Any]) -> dict[str, object]:
    from dvc.repo import Repo

    target = Path(asked["target"])
    with Repo(str(root)) as repo:
        for md5, name in asked["objects"]:
            cache = repo.cache.local if name == "md5" else repo.cache.legacy
            part = target / f".{md5}-{os.getpid()}"
            try:
                odb = cache
                if not cache.exists(md5):
                    odb = repo.cloud.get_remote_odb(asked["remote"], "fetch", hash_name=name)
                odb.fs.get_file(odb.oid_to_path(md5), str(part))
                part.replace(target / md5)
            except FileNotFoundError:
                return {"error": f"the object {md5} is neither in the cache nor in the remote"}
            except Exception as error:  # noqa: BLE001 - a remote's own library raises what it likes
                return {"error": f"the remote cannot be read: {_causes(error)}"}
            finally:
                part.unlink(missing_ok=True)
    return {"fetched": len(asked["objects"])}


_OPERATIONS: Mapping[str, Callable[[Path, Mapping[str, Any]], dict[str, object]]] = {
    "reproduce": _reproduce_here,
    "add": _add_here,
    "fetch": _fetch_here,
}


def _answer_here(operation: str, root: Path, asked: Mapping[str, Any]) -> dict[str, object]:
    """The answer of the process of its own, or `error` in the operator's words."""
    import logging
    import traceback

    import dvc.logger
    from dvc.exceptions import DvcException

    if not logging.getLogger("dvc").handlers:
        dvc.logger.setup(level=logging.INFO)
    logging.getLogger("dvc").setLevel(logging.INFO)
    os.chdir(root)  # DVC names files from here, and its messages are for the operator.
    try:
        return _OPERATIONS[operation](root, asked)
    except DvcError as error:
        return {"error": error.message}
    except DvcException as error:
        return {"error": _causes(error)}
    except Exception as error:  # noqa: BLE001 - DVC's own libraries raise what they like
        traceback.print_exc()
        return {"error": f"unexpected {type(error).__name__} in DVC: {error}"}


def _causes(error: BaseException) -> str:
    """An error and what it came from."""
    said: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        said.append(str(cause))
        cause = cause.__cause__
    return ": ".join(dict.fromkeys(said))


if __name__ == "__main__":
    _operation, _root, _answer, _asked_for = sys.argv[1:]
    _text = json.dumps(_answer_here(_operation, Path(_root), json.loads(_asked_for)))
    Path(_answer).write_text(_text, encoding="utf-8")
