"""Which commits does a folder have, and what was in them? Its git repository, and one of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench.errors import WorkbenchError

LITERAL = "--literal-pathspecs"
"""Before a command of git: brackets and stars in paths stand for themselves."""

_MOST_TAGS = 100
"""Of more tags only the newest are looked at: each costs a call of git."""


class DvcError(WorkbenchError):
    """DVC or git could not do what was asked of it."""


@dataclass(frozen=True)
class Commit:
    """One commit, and the files that it changed."""

    id: str
    time: datetime
    """When it was committed (UTC)."""
    author: str
    message: str
    """Its first line."""
    changed: dict[str, str | None]
    """Path, relative to the folder that was asked about, to blob; None: removed."""


def initialise_git(root: Path) -> None:
    """Makes the workspace a git repository of its own that can commit; nothing if it is one.

    A machine where nobody has told git their name gets one for this repository only.

    Raises:
        DvcError: git is missing or refuses.
    """
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--template=")
    if git(root, "config", "--get", "user.email", check=False) == "":
        git(root, "config", "user.name", "oncall-workbench")
        git(root, "config", "user.email", "workbench@localhost")


def commit(root: Path, message: str, paths: Sequence[str]) -> bool:
    """Commits what changed under `paths` and whether there was anything.

    Ignored files and paths that do not exist are passed over.

    Raises:
        DvcError: git is missing or refuses.
    """
    there = [path for path in paths if (root / path).exists()]
    git(root, LITERAL, "add", "--", *there)
    if not git(root, LITERAL, "status", "--porcelain", "--untracked-files=no", "--", *there):
        return False
    safe = (LITERAL, "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    git(root, *safe, "commit", "--quiet", "-m", message, "--", *there)
    return True


def ignore(root: Path, patterns: Sequence[str]) -> None:
    """Adds patterns to the workspace's `.gitignore` that it lacks."""
    path = root / ".gitignore"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [pattern for pattern in patterns if pattern not in text.splitlines()]
    if missing:
        text = text if text.endswith("\n") or not text else text + "\n"
        path.write_text(text + "".join(f"{pattern}\n" for pattern in missing), encoding="utf-8")


def has_commits(root: Path) -> bool:
    """Whether a folder lies in a git repository that has a commit.

    Raises:
        DvcError: git is missing.
    """
    return commit_of(root, "HEAD") is not None


def commit_of(root: Path, revision: str) -> str | None:
    """The commit that a revision, tag or branch names; None where it names none.

    Raises:
        DvcError: git is missing.
    """
    if not revision or "\0" in revision:
        return None
    named = f"{revision}^{{commit}}"
    found = git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", named, check=False
    ).removeprefix("--end-of-options\n")  # echoed by some versions of git
    return found or None


def files_of(root: Path, revision: str, path: str = ".") -> dict[str, str]:
    """Every file below a folder as of a commit: path relative to `root`, to blob.

    Args:
        root: a folder of the repository.
        revision: a commit.
        path: only this file, or the files below this folder.

    Raises:
        DvcError: git is missing or refuses.
    """
    listed = git(root, "ls-tree", "-r", "-z", revision, "--", path)
    found = {}
    for line in filter(None, listed.split("\0")):
        facts, _, name = line.partition("\t")
        _, kind, blob = facts.split(" ")
        if kind == "blob":
            found[name] = blob
    return found


def working_files(root: Path, patterns: Sequence[str]) -> list[str]:
    """Files of the working tree that git tracks or would track, relative to `root`.

    Raises:
        DvcError: git is missing, or this is no repository.
    """
    shown = git(
        root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns
    )
    return sorted({name for name in shown.split("\0") if name and (root / name).is_file()})


def read_blobs(root: Path, blobs: Iterable[str]) -> dict[str, bytes]:
    """The content of blobs, in one call.

    Args:
        root: a folder of the repository.
        blobs: their names; `COMMIT:./PATH` is one too, and left out where there is none.

    Raises:
        DvcError: git is missing or refuses.
    """
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return {}
    data = _run(root, ("cat-file", "--batch"), "".join(f"{b}\n" for b in wanted).encode()).stdout
    found, at = {}, 0
    for blob in wanted:
        end = data.index(b"\n", at)
        if data[at:end].endswith(b" missing"):
            if ":" not in blob:
                raise DvcError(
                    f"git has lost the object {blob[:12]} of {root}", "Run `git fsck` there."
                )
            at = end + 1
            continue
        head = data[at:end].rsplit(b" ", 2)
        at = end + 1 + int(head[2])
        found[blob] = data[end + 1 : at]
        at += 1
    return found


def commits_of(
    root: Path, patterns: Sequence[str], *, everywhere: bool = False
) -> tuple[Commit, ...]:
    """The commits that changed files of these patterns below `root`, newest first.

    Args:
        root: a folder of the repository.
        patterns: as git's pathspecs.
        everywhere: on any branch or tag, and not only in what HEAD descends from.

    Raises:
        DvcError: git is missing or refuses.
    """
    if not everywhere and not has_commits(root):
        return ()
    text = git(
        root, "log", "-z", "--raw", "--no-abbrev", "--no-renames", "--relative",
        "--diff-merges=first-parent", "--format=%H%x00%ct%x00a%an%x00s%s",
        *(("--all",) if everywhere else ("HEAD",)), "--", *patterns,
    )  # fmt: skip
    tokens = iter([token for raw in text.split("\0") if (token := raw.lstrip("\n"))])
    found: list[Commit] = []
    for token in tokens:
        if token.startswith(":"):
            _, _, _, blob, status = token.split(" ")
            found[-1].changed[next(tokens)] = None if status == "D" else blob
            continue
        time = datetime.fromtimestamp(int(next(tokens)), UTC)
        found.append(Commit(token, time, next(tokens)[1:], next(tokens)[1:], {}))
    return tuple(found)


def tags_of(root: Path, patterns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Commit to the tags as of which it was the last to change files of these patterns.

    Raises:
        DvcError: git is missing or refuses.
    """
    listed = git(
        root, "for-each-ref", f"--count={_MOST_TAGS}", "--sort=-creatordate",
        "--format=%(refname:short)", "refs/tags",
    )  # fmt: skip
    found: dict[str, tuple[str, ...]] = {}
    for tag in sorted(filter(None, listed.split("\n"))):
        last = git(
            root, "log", "-1", "--format=%H", f"refs/tags/{tag}", "--", *patterns, check=False
        )
        if last:
            found[last] = (*found.get(last, ()), tag)
    return found


def git(root: Path, *arguments: str, check: bool = True) -> str:
    """What git prints, stripped; with `check` false an exit code is no error.

    Raises:
        DvcError: git is missing or refuses.
    """
    done = _run(root, arguments, check=check)
    return done.stdout.decode("utf-8", errors="replace").strip()


def _run(
    root: Path, arguments: Sequence[str], given: bytes = b"", *, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            env=environment | {"GIT_TERMINAL_PROMPT": "0"},
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise DvcError("git is not installed", "Versions of tables need git.") from error
    except OSError as error:
        raise DvcError(f"git cannot be run in {root}: {error.strerror or error}") from error
    if check and done.returncode:
        command = next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
        said = done.stderr.decode("utf-8", errors="replace").strip()
        raise DvcError(f"git {command} failed in {root}: {said}")
    return done
