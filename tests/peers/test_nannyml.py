"""Jensen-Shannon and performance without labels as NannyML has them, on real data."""

from __future__ import annotations

from typing import Any

import pytest

from tests.peers.figures import DATA_SETS, Told, counted, told_by
from tests.peers.monitored import MODEL, monitored_workspace
from workbench.domain.rates import PerformanceReport
from workbench.drift.divergence import jensen_shannon
from workbench.workspace import Workspace


@pytest.fixture(scope="module", params=DATA_SETS)
def told(request: pytest.FixtureRequest) -> Told:
    return told_by("nannyml", request.param)


@pytest.fixture(scope="module")
def workspace(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return monitored_workspace(tmp_path_factory.mktemp("peers") / "ws", told)


@pytest.fixture(scope="module")
def report(workspace: Workspace) -> PerformanceReport:
    return workspace.performance_report(MODEL, period="all", by="1d")


def test_jensen_shannon_on_the_same_bins_is_nannymls(told: Told) -> None:
    for name, column in told.columns.items():
        before = counted(told.reference[name], column)
        whole = jensen_shannon(before, counted(told.monitored[name], column))
        assert whole == pytest.approx(column["whole"], abs=1e-9), name
        chunks = [jensen_shannon(before, counted(c[name], column)) for c in told.chunks()]
        assert chunks == pytest.approx(column["chunks"], abs=1e-9), name


def test_the_drift_of_categories_is_nannymls(told: Told, workspace: Workspace) -> None:
    found = {column.name: column.js for column in workspace.drift(MODEL, period="all").columns}
    by_value = [name for name in told.figures["data"]["features"] if "values" in told.columns[name]]
    assert len(by_value) >= 3
    for name in by_value:
        assert found[name] == pytest.approx(told.columns[name]["whole"], abs=1e-9), name


def test_every_bucket_is_a_chunk(told: Told, report: PerformanceReport) -> None:
    assert [b.rows for b in report.buckets] == [c["rows"] for c in chunks_of(told)]


@pytest.mark.parametrize(("metric", "within"), [("accuracy", 1e-9), ("roc_auc", 0.001)])
def test_realised_performance_is_nannymls(
    told: Told, report: PerformanceReport, metric: str, within: float
) -> None:
    found = [b.metrics[metric] for b in report.buckets]
    assert found == pytest.approx([c["realised"][metric] for c in chunks_of(told)], abs=within)


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc"])
def test_performance_estimated_without_labels_is_nannymls(
    told: Told, report: PerformanceReport, metric: str
) -> None:
    found = [b.estimated_metrics.get(metric) for b in report.buckets]
    assert None not in found
    assert found == pytest.approx([c["estimated"][metric] for c in chunks_of(told)], abs=0.005)


def chunks_of(told: Told) -> list[dict[str, Any]]:
    return list(told.figures["performance"]["chunks"])
