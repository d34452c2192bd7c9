"""What must hold of every ingest, whatever is in the files? The contract, looked up in the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from unittest.mock import patch

from tests.fuzz.sites import MODEL
from tests.ingest.formats.churn import FEATURES
from workbench.domain.ingested import FileResult, IngestResult, RowCounts
from workbench.ingest.formats.registry import ADAPTERS
from workbench.store.catalog import model_segments
from workbench.store.connections import reading, scratch
from workbench.store.quick_text import QuickReading
from workbench.store.row_files import rows_relation
from workbench.workspace import Workspace

_OURS = "wb_id, wb_timestamp, wb_version, wb_role, wb_prediction, wb_score, wb_label, wb_unparsed"


@dataclass(frozen=True)
class Call:
    """How the files are handed over."""

    format: str = "auto"
    kind: str = "auto"

    def ingest(self, ws: Workspace, paths: Sequence[Path]) -> IngestResult:
        return ws.ingest(paths, MODEL, format=self.format, kind=self.kind)


@dataclass(frozen=True)
class Held:
    """What a store holds, counted in its files and, beside it, in its catalog."""

    rows: int
    live: int
    labels: int
    quarantined: int
    reasons: dict[str, int]

    def __sub__(self, before: Held) -> Held:
        reasons = Counter(self.reasons)
        reasons.subtract(before.reasons)
        return Held(
            self.rows - before.rows, self.live - before.live, self.labels - before.labels,
            self.quarantined - before.quarantined, {r: n for r, n in reasons.items() if n},
        )  # fmt: skip


def held(ws: Workspace) -> Held:
    """Counts a store; its catalog and its files must agree."""
    home = ws.store
    with reading(home) as catalog:
        segments = model_segments(catalog, MODEL, home.segments)
        recorded = catalog.execute(
            "SELECT coalesce(sum(rows), 0)::BIGINT FROM quarantine"
        ).fetchall()
    with scratch(home) as connection:

        def counted(what: str, relation: str) -> list[tuple[int, ...]]:
            return connection.execute(f"SELECT {what} FROM {relation}").fetchall()

        rows, live = counted(
            "count(*), count(*) FILTER (wb_role = 'live')",
            rows_relation([segment.file for segment in segments.predictions]),
        )[0]
        labels = (
            counted("count(*)", rows_relation([segment.file for segment in segments.labels]))[0][0]
            if segments.labels
            else 0
        )
        aside = [str(path) for path in home.quarantine.glob("*.parquet")]
        reasons = (
            connection.execute(
                "SELECT reason, count(*) FROM read_parquet(?) GROUP BY 1", [aside]
            ).fetchall()
            if aside
            else []
        )
    assert rows == sum(segment.rows for segment in segments.predictions)
    assert labels == sum(segment.rows for segment in segments.labels)
    quarantined = sum(int(count) for _, count in reasons)
    assert quarantined == recorded[0][0]
    return Held(rows, live, labels, quarantined, {str(r): int(n) for r, n in reasons})


def assert_kept(ws: Workspace, paths: Sequence[Path], call: Call) -> IngestResult:
    """Ingests files and looks whether every promise was kept; the first result."""
    before = held(ws)
    result = call.ingest(ws, paths)
    after = held(ws)
    added = after - before
    assert len(result.files) == len(paths), "each file has a result"
    for file in result.files:
        _assert_sums(file)
    stored = [file for file in result.files if file.status == "stored"]
    sums = IngestResult("", tuple(stored), 0).counts
    assert added.rows == sums.rows_stored, (added, sums)
    assert added.quarantined == sums.rows_quarantined, (added, sums)
    assert added.labels >= sums.labels_matched + sums.labels_pending, (added, sums)
    reasons = Counter[str]()
    for file in stored:
        reasons.update(dict(file.reasons))
    assert added.reasons == dict(reasons), (added.reasons, reasons)
    _assert_answers(ws, after)
    again = call.ingest(ws, paths)
    if any(map(_was_paired, result.files, again.files)):
        _assert_nothing_lost(held(ws) - after, result, again)
        after, first_files, again = held(ws), again.files, call.ingest(ws, paths)
    else:
        first_files = result.files
    for first, file in zip(first_files, again.files, strict=True):
        _assert_sums(file)
        _assert_nothing_new(first, file)
    assert held(ws) == after, "a second ingest changes nothing"
    return result


def _was_paired(first: FileResult, again: FileResult) -> bool:
    """Whether a file failed at first and not once other halves of its records were stored.

    The n-th request of a key goes with its n-th response: keys that a damaged log gives twice
    may pair otherwise when the file is given again, and no row of a failed file is stored.
    """
    pairs = {adapter.name for adapter in ADAPTERS if adapter.join is not None}
    return (first.status, again.status) == ("failed", "stored") and again.format in pairs


def _assert_nothing_lost(added: Held, result: IngestResult, again: IngestResult) -> None:
    stored = IngestResult("", tuple(f for f in again.files if f.status == "stored"), 0).counts
    assert (added.rows, added.labels) == (stored.rows_stored, 0), (added, again)
    for first, file in zip(result.files, again.files, strict=True):
        _assert_sums(file)
        if not _was_paired(first, file):
            _assert_nothing_new(first, file)


def _assert_sums(file: FileResult) -> None:
    c = file.counts
    assert min(astuple(c)) >= 0, file
    assert file.status in ("stored", "already_ingested", "failed"), file
    if file.status == "failed":
        assert c == RowCounts(), file
        assert file.error, file
        assert file.hint, file
        return
    assert file.error is None, file
    if file.status == "already_ingested":
        assert c == RowCounts(rows_read=c.rows_read, rows_duplicate=c.rows_read), file
        return
    if file.kind == "predictions":
        assert c.rows_read == c.rows_stored + c.rows_duplicate + c.rows_quarantined, file
        assert c.labels_matched == c.labels_pending == 0, file
    else:
        assert file.kind == "labels", file
        parts = c.labels_matched + c.labels_pending + c.rows_duplicate + c.rows_quarantined
        assert c.rows_read == parts, file
        assert c.rows_stored == 0, file
    assert sum(dict(file.reasons).values()) == c.rows_quarantined, file


def _assert_nothing_new(first: FileResult, again: FileResult) -> None:
    expected = "failed" if first.status == "failed" else "already_ingested"
    assert again.status == expected, (first, again)
    assert again.counts.rows_duplicate == again.counts.rows_read == first.counts.rows_read, (
        first,
        again,
    )


def _assert_answers(ws: Workspace, now: Held) -> None:
    """Everything that can be asked still is answered, and agrees with the rows."""
    (status,) = ws.status()
    assert status.period is not None, status.reason
    assert status.rows == now.live, (status, now)
    report = ws.performance_report(MODEL, period="all", version="all")
    assert report.whole.rows == now.live, (report.whole, now)
    assert sum(bucket.rows for bucket in report.buckets) == now.live
    ws.performance_report(MODEL)
    ws.drift(MODEL)
    assert ws.drift(MODEL, period="all", version="all").current_rows == now.live


def assert_same_slowly(fresh: Workspace, paths: Sequence[Path], call: Call, ws: Workspace) -> None:
    """A store into which the files go without the quick way of reading text holds the same.

    Args:
        fresh: a copy of the store as it was before.
        paths: the files.
        call: how they were ingested.
        ws: the store that they are in.
    """
    with patch.object(QuickReading, "open", lambda *_: None):
        call.ingest(fresh, paths)
    assert _content(fresh) == _content(ws)
    assert held(fresh) == held(ws)


def assert_upkeep_changes_nothing(ws: Workspace) -> None:
    """Counting anew and packing give the same answers."""
    before, content = _answers(ws), _content(ws)
    ws.housekeeping.rebuild()
    assert _answers(ws) == before, "rebuilt"
    ws.housekeeping.compact()
    assert _answers(ws) == before, "compacted"
    assert _content(ws) == content


def _answers(ws: Workspace) -> list[object]:
    report = ws.performance_report(MODEL, period="all", version="all")
    drift = ws.drift(MODEL, period="all", version="all")
    return [
        [(b.start, b.rows, b.labelled, round(b.bad, 6)) for b in report.buckets],
        [(c.name, c.status, None if c.psi is None else round(c.psi, 6)) for c in drift.columns],
    ]


def _content(ws: Workspace) -> list[tuple[object, ...]]:
    home = ws.store
    with reading(home) as catalog:
        segments = model_segments(catalog, MODEL, home.segments).predictions
    with scratch(home) as connection:
        rows = connection.execute(
            f"SELECT {_OURS}, {', '.join(FEATURES)} FROM {rows_relation([s.file for s in segments])}"
        ).fetchall()
    return sorted(rows, key=repr)
