"""What another process commits between the check of a batch and its commit: forced, in every order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.domain.ingested import RowCounts
from workbench.store import steps
from workbench.workspace import Workspace

LOG = binary_log(400, hours=96)
BARE = LOG.drop("label")
LABELS = LOG.select("prediction_id", "label")
WRONG = int((LOG["prediction"] != LOG["label"]).sum())


class Site:
    """A workspace, and what is to happen whenever a batch is staged and not yet committed."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.create(root / "ws")
        binary_log(600, seed=99, first_id=10**6).write_parquet(root / "reference.parquet")
        self.workspace.add_model("m", root / "reference.parquet")
        self.workspace.check_cards()
        self.meanwhile: Iterator[Callable[[], RowCounts]] = iter(())
        self._root, self._number, self._is_other = root, 0, False

    def ingest(self, frame: pl.DataFrame) -> RowCounts:
        self._number += 1
        path = self._root / f"{self._number}.csv"
        frame.write_csv(path)
        result = self.workspace.ingest(path, "m")
        assert not result.failed
        return result.counts

    def reached(self, step: str) -> None:
        if step != steps.STAGED or self._is_other:
            return
        other = next(self.meanwhile, None)
        if other is not None:
            self._is_other = True
            other()
            self._is_other = False

    def totals(self) -> tuple[int, int, int]:
        whole = self.workspace.performance_report("m", period="all").whole
        return whole.rows, whole.labelled, round(whole.bad)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = Site(tmp_path)
    monkeypatch.setattr(steps, "reached", made.reached)
    return made


def test_predictions_that_come_between_are_matched_by_the_labels(site: Site) -> None:
    site.meanwhile = iter([lambda: site.ingest(BARE)])
    assert site.ingest(LABELS) == RowCounts(rows_read=400, labels_matched=400)
    assert site.totals() == (400, 400, WRONG)


def test_labels_that_come_between_are_counted_with_their_predictions(site: Site) -> None:
    site.meanwhile = iter([lambda: site.ingest(LABELS)])
    assert site.ingest(BARE) == RowCounts(rows_read=400, rows_stored=400)
    assert site.totals() == (400, 400, WRONG)


def test_a_revision_that_comes_between_is_not_undone(site: Site) -> None:
    site.ingest(BARE)
    timed = LABELS.with_columns(label_timestamp=pl.lit("2024-03-01"))
    newer = LABELS.with_columns(label=1 - pl.col("label"), label_timestamp=pl.lit("2024-03-02"))
    site.meanwhile = iter([lambda: site.ingest(newer)])
    assert site.ingest(timed) == RowCounts(rows_read=400, labels_matched=400)
    assert site.totals() == (400, 400, 400 - WRONG)


def test_the_same_rows_and_labels_that_come_between_count_once(site: Site) -> None:
    site.meanwhile = iter([lambda: site.ingest(LOG.head(300))])
    assert site.ingest(LOG) == RowCounts(rows_read=400, rows_stored=100, rows_duplicate=300)
    site.meanwhile = iter([lambda: site.ingest(LABELS.head(300))])
    site.ingest(LABELS)
    assert site.totals() == (400, 400, WRONG)


def test_who_is_overtaken_again_and_again_ends_under_the_lock(site: Site) -> None:
    parts = [BARE.slice(start, 80) for start in range(0, 400, 80)]
    site.meanwhile = iter([lambda part=part: site.ingest(part) for part in parts])  # type: ignore[misc]
    counts = site.ingest(LOG)
    # The last parts found it at its own commit; the labels of all repeated rows are kept.
    assert counts.rows_stored + counts.rows_duplicate == 400
    for part in site.meanwhile:
        part()
    assert site.totals() == (400, 400, WRONG)


def test_labels_that_are_overtaken_again_and_again_are_all_matched(site: Site) -> None:
    parts = [BARE.slice(start, 80) for start in range(0, 240, 80)]
    site.meanwhile = iter([lambda part=part: site.ingest(part) for part in parts])  # type: ignore[misc]
    assert site.ingest(LABELS) == RowCounts(rows_read=400, labels_matched=240, labels_pending=160)
    site.ingest(BARE.tail(200))
    assert site.totals() == (400, 400, WRONG)


def test_a_reference_that_changes_between_is_the_one_that_is_counted_over(site: Site) -> None:
    def change() -> RowCounts:
        path = next(site.workspace.root.parent.glob("reference.parquet"))
        binary_log(700, seed=98, first_id=10**6).write_parquet(path)
        site.workspace.status()
        return RowCounts()

    site.meanwhile = iter([change])
    assert site.ingest(LOG) == RowCounts(rows_read=400, rows_stored=400)
    assert site.totals() == (400, 400, WRONG)
    assert site.workspace.drift("m", period="all").current_rows == 400
