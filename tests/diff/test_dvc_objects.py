"""Objects of versions: settings as DVC writes them, and copies fetched by DVC itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.diff.repositories import kept, table, three_versions
from workbench.diff.dvc_objects import Places, object_path, places_of, presence_of, readable
from workbench.diff.dvc_records import LEGACY, Entry
from workbench.diff.git_repository import DvcError
from workbench.diff.revisions import located


def configured(root: Path, config: str, local: str = "") -> Path:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(config, encoding="utf-8")
    (root / ".dvc" / "config.local").write_text(local, encoding="utf-8")
    return root


def test_settings_are_read_as_dvc_writes_them(tmp_path: Path) -> None:
    config = (
        "[core]\n    remote = my store\n[cache]\n    dir = ../elsewhere\n"
        "['remote \"my store\"']\n    url = ../kept/100%\n['remote \"s3\"']\n    url = s3://b/c\n"
    )
    root = configured(tmp_path, config).resolve()
    assert places_of(root) == Places(root / "elsewhere", "my store", root / "kept" / "100%")
    assert places_of(root, "s3") == Places(root / "elsewhere", "s3", None)


def test_local_settings_win(tmp_path: Path) -> None:
    root = configured(
        tmp_path,
        "[core]\n    remote = a\n['remote \"a\"']\n    url = s3://a\n",
        f"['remote \"a\"']\n    url = file://{tmp_path}/b\n",
    )
    assert places_of(root).remote == (tmp_path / "b").resolve()


def test_settings_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(DvcError, match=r"cannot read the settings of DVC"):
        places_of(configured(tmp_path, "remote = x"))


def test_objects_of_old_versions_of_dvc_lie_elsewhere(tmp_path: Path) -> None:
    md5 = "0123456789abcdef0123456789abcdef"
    entry = Entry("a.csv", md5, None, "a.csv.dvc", LEGACY)
    places = Places(tmp_path, None, None)
    assert not presence_of(places, entry).in_cache
    path = object_path(tmp_path, md5, LEGACY)
    assert path == tmp_path / "01" / md5[2:]
    path.parent.mkdir()
    path.touch()
    assert presence_of(places, entry).in_cache
    assert presence_of(places, entry).in_remote is None


def test_what_only_dvc_can_reach_is_fetched_once(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    first, *_ = three_versions(root)
    entry = Entry("data/train.csv", first.md5, first.size, first.record)
    # As for a remote that is no folder: DVC itself is asked.
    far = Places(root / ".dvc" / "cache", "workspace", None)

    path, md5 = readable(root, far, entry)

    assert (path.read_text(), md5) == (table(1), first.md5)
    kept(root, first.md5).unlink()
    assert readable(root, far, entry)[0] == path
    path.unlink()
    with pytest.raises(DvcError, match="neither in the cache nor in the remote"):
        readable(root, far, entry)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([{"relpath": "../../x", "md5": "ab"}], "outside"),
        ([{"relpath": "/etc/x", "md5": "ab"}], "outside"),
        ([{"relpath": "x", "md5": "../../ab"}], "outside"),
        ([{"md5": "ab"}], "cannot be read"),
        ("no list", "cannot be read"),
    ],
)
def test_a_folder_may_not_reach_outside_of_itself(
    tmp_path: Path, members: object, said: str
) -> None:
    md5 = "0123456789abcdef0123456789abcdef.dir"
    listing = object_path(tmp_path, md5)
    listing.parent.mkdir(parents=True)
    listing.write_text(json.dumps(members), encoding="utf-8")
    with pytest.raises(DvcError, match=said):
        readable(tmp_path, Places(tmp_path, None, None), Entry("days", md5, 1, "days.dvc"))


def test_a_remote_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    first, *_ = three_versions(root)
    (root / ".dvc" / "config").write_text(
        "[core]\n    remote = far\n['remote \"far\"']\n    url = http://127.0.0.1:9/none\n",
        encoding="utf-8",
    )
    with pytest.raises(DvcError, match="the remote cannot be read: ") as raised:
        located(root, "data/train.csv", first.md5)
    assert "fetch.log" in raised.value.hint
