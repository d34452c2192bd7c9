"""Can versions of tables be kept here? Git, DVC, the repository and its remote."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from shutil import which

from workbench.diff.dvc_objects import places_of
from workbench.diff.git_repository import has_commits
from workbench.diff.revisions import Tracked, repository_of
from workbench.domain.health import OK, WARNING, Check
from workbench.domain.names import shown
from workbench.errors import WorkbenchError

_NAME = "versions"
_LOST = "`data track`, `data log` and FILE@REVISION are not possible"


def check_data_versions(root: Path) -> Check:
    """Whether versions of a workspace's tables can be kept, and what is missing for it.

    That none are kept yet is well: everything else works without.
    """
    if which("git") is None:
        return Check(_NAME, WARNING, f"git is not installed: {_LOST}", "Install git.")
    if find_spec("dvc") is None:
        return Check(_NAME, WARNING, f"DVC is not installed: {_LOST}", "Run `pip install dvc`.")
    tracked = repository_of(root / "data")
    if tracked is None:
        return Check(_NAME, OK, "no version of a table is kept yet")
    try:
        return _repository(tracked)
    except WorkbenchError as error:
        return Check(_NAME, WARNING, error.message, error.hint)


def _repository(tracked: Tracked) -> Check:
    if not has_commits(tracked.root):
        what = f"DVC is set up without a commit in git: {_LOST}"
        return Check(_NAME, WARNING, what, "Run `git init` where .dvc/ lies, and commit it.")
    places = places_of(tracked.root)
    if places.remote_name is None:
        what = "versions of tables are kept in the cache only: no remote is set up"
        return Check(_NAME, WARNING, what, "Set one up: dvc remote add -d NAME URL")
    if places.remote is not None and not places.remote.parent.is_dir():
        what = f"the remote of the versions of tables is not there: {shown(places.remote)}"
        return Check(_NAME, WARNING, what, "Mount it, or correct its url in .dvc/config.")
    return Check(_NAME, OK, f"tables have versions in git and DVC, remote {places.remote_name}")
