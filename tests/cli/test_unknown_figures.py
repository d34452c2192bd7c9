"""In every document a figure that is null has a reason beside it, and a count is a whole number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cli.command import workbench
from tests.workspace.daily_site import after, calm, make_site, wrong
from workbench.cli.documents import ESTIMATED_METRICS, METRICS
from workbench.cli.unknown_figures import estimated_metric_reasons, metric_reasons
from workbench.domain.fault import KINDS, OF_LABELS
from workbench.domain.rates import RateBucket

COUNTS = {"rows", "labelled", "bad", "reference_labelled", "reference_rows", "sampled"}
NO_FIGURES = {
    "value", "above", "up_to", "hidden", "segment", "repair", "note", "error", "since_onset",
    "closed_at", "cause", "previous", "kind", "incident_closed",
}  # fmt: skip
"""Null says something here: no such condition, no repair, not closed."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ws = make_site(tmp_path_factory.mktemp("nulls"), "[columns]\nsegments = ['c']\n")
    ws = after(ws, wrong(10).with_columns(c=pl.lit("new")), 10)
    return after(ws, calm(11).drop("label"), 11).root


def unexplained(value: Any, path: str = "") -> Iterator[str]:
    """The places of nulls without a reason in the same object or of their own."""
    if isinstance(value, list):
        for entry in value:
            yield from unexplained(entry, path)
    if not isinstance(value, dict):
        return
    explained = any("reason" in key and entry for key, entry in value.items())
    for key, entry in value.items():
        reasons = value.get(f"{key}_reasons")
        if isinstance(reasons, dict) and isinstance(entry, dict):
            missing = [name for name, figure in entry.items() if figure is None]
            if key == "metrics" or reasons:
                assert list(reasons) == missing, path
            continue
        if entry is None and "reason" not in key and key not in NO_FIGURES and not explained:
            yield f"{path}.{key}"
        if key in COUNTS:
            assert isinstance(entry, int), f"{path}.{key}: {entry}"
        yield from unexplained(entry, f"{path}.{key}")


@pytest.mark.parametrize(
    "command",
    [
        ("status",), ("performance", "m"), ("performance", "m", "--segment", "c"), ("drift", "m"),
        ("quality", "m"), ("slices", "m", "--period", "all"), ("check",), ("incident", "list"),
    ],
)  # fmt: skip
def test_a_null_has_a_reason_and_a_count_is_whole(root: Path, command: tuple[str, ...]) -> None:
    document = workbench("-C", root, *command, "--json").document

    assert sorted(set(unexplained(document))) == []


def test_a_check_names_the_kinds_of_faults_that_it_looked_for(root: Path) -> None:
    (looks,) = workbench("-C", root, "check", "--json").document["looks"]

    assert set(KINDS) - set(OF_LABELS) <= set(looks["kinds"])
    assert not set(OF_LABELS) & set(looks["kinds"])
    assert len(looks["kinds"]) == len(set(looks["kinds"]))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_metrics_of_another_task_are_said_to_be_of_another_task(task: str) -> None:
    from tests.workspace.daily_site import DAY, FIRST

    empty = RateBucket(FIRST, FIRST + DAY, 5, 0, 0.0, None, None, None, "unknown", "no labels")
    reasons = metric_reasons(empty, task, METRICS)

    assert set(reasons) == set(METRICS)
    own = {
        "binary": set(METRICS) - {"mae", "rmse"},
        "multiclass": {"accuracy", "f1"},
        "regression": {"mae", "rmse"},
    }[task]
    assert {name for name, why in reasons.items() if "models" not in why} == own
    assert estimated_metric_reasons(empty, task, ESTIMATED_METRICS) == {}
