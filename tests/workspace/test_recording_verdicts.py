"""When is a verdict recorded? Once nobody can give it up any more, and never before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs import binary_log
from tests.store.upkeep import make_workspace
from workbench.workspace.triaging import newest_verdict


class GivenUpError(Exception):
    """The operator does not wait any longer."""


def test_what_is_given_up_after_the_last_step_is_not_recorded(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    binary_log(300, hours=48).write_parquet(tmp_path / "log.parquet")
    ws.ingest(tmp_path / "log.parquet", model="m")
    steps: list[str] = []

    def given_up() -> None:
        steps.append("reached")
        raise GivenUpError

    with pytest.raises(GivenUpError):
        ws.triage("m", told=lambda step, _: steps.append(step), reached=given_up)
    assert "harm" in steps
    assert steps[-1] == "reached"
    assert newest_verdict(ws, "m") is None

    verdict = ws.triage("m", reached=lambda: None)
    assert verdict.id == 1
    assert newest_verdict(ws, "m") is not None
