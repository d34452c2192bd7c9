"""What a store says, and what it holds: figures to compare a disturbed workspace by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.cli.command import done
from workbench.store.catalog import model_segments
from workbench.store.connections import StoreHome, reading, scratch
from workbench.store.row_files import rows_relation
from workbench.store.staging import sweep
from workbench.workspace import Workspace

_COUNTS = {
    "profile_counts": ("model_version, bucket, column_no, bin", "n"),
    "profile_unseen": ("model_version, bucket, column_no, name", "n"),
    "profile_moments": (
        "model_version, bucket, column_no",
        "missing, parse_failures, total, total_squares",
    ),
    "outcomes": (
        "model_version, role, arm, bucket, is_assumed, segment_no, segment",
        "rows, labelled, bad, correct, true_positive, false_positive, absolute_error, log_loss",
    ),
    "outcome_scores": ("model_version, role, bucket, is_assumed, bin", "positive, negative"),
}
"""Tables of counts: what to sum by, and what to sum."""


@dataclass(frozen=True)
class Totals:
    """What one look at a store says; every commit moves it as a whole."""

    rows: int
    labelled: int
    bad: float
    files: int
    read: int
    quarantined: int
    batches: int


def status_rows(root: Path) -> int:
    """The rows of model m, by the ordinary command: the store opens by itself."""
    return int(done("-C", root, "status", "--json").document["models"][0]["rows"])


def totals(root: Path) -> Totals:
    """One look at the store."""
    ws = Workspace.open(root)
    rows, labelled, bad = 0, 0, 0.0
    if status_rows(root):
        whole = ws.performance_report("m", period="all").whole
        rows, labelled, bad = whole.rows, whole.labelled, round(whole.bad, 6)
    with reading(ws.store) as catalog:
        (files, read, aside, batches) = catalog.execute(
            "SELECT count(*), coalesce(sum(rows_read), 0)::BIGINT, "
            "coalesce(sum(rows_quarantined), 0)::BIGINT, (SELECT count(*) FROM batches) FROM files"
        ).fetchall()[0]
    return Totals(rows, labelled, bad, files, read, aside, batches)


def facts(root: Path) -> dict[str, Any]:
    """Everything that must be the same after a disturbed and an undisturbed run."""
    ws = Workspace.open(root)
    report = ws.performance_report("m", period="all")
    drift = ws.drift("m", period="all")
    found: dict[str, Any] = {
        "buckets": [(b.start, b.end, b.rows, b.labelled, round(b.bad, 6)) for b in report.buckets],
        "roles": [(b.segment, b.rows, b.labelled, round(b.bad, 6)) for b in report.by_role],
        "drift": [(c.name, c.status, _rounded(c.psi)) for c in drift.columns],
    }
    with reading(ws.store) as catalog:
        found["files"] = catalog.execute(
            "SELECT kind, sha256, path, rows_read, rows_stored, rows_duplicate, rows_quarantined, "
            "labels_matched, labels_pending FROM files ORDER BY ALL"
        ).fetchall()
        found["quarantine"] = catalog.execute(
            "SELECT source, reason, sum(rows)::BIGINT FROM quarantine GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        for table, (by, sums) in _COUNTS.items():
            listed = ", ".join(f"sum({name})::DOUBLE" for name in sums.split(", "))
            rows = catalog.execute(
                f"SELECT {by}, {listed} FROM {table} GROUP BY {by} ORDER BY {by}"
            ).fetchall()
            number = len(sums.split(", "))
            found[table] = [
                (*row[:-number], *(_rounded(value) for value in row[-number:]))
                for row in rows
                if any(abs(value) > 1e-9 for value in row[-number:])
            ]
        segments = model_segments(catalog, "m", ws.store.segments)
    with scratch(ws.store) as connection:
        for kind, of_kind in (("rows", segments.predictions), ("labels", segments.labels)):
            if not of_kind:
                continue
            order = "wb_id, wb_version, wb_role" if kind == "rows" else "wb_id, wb_label"
            found[kind] = connection.execute(
                "SELECT count(*), count(DISTINCT wb_id), "
                f"md5(string_agg(concat_ws('|', {order}, wb_label), ';' ORDER BY {order}, wb_label)) "
                f"FROM {rows_relation([segment.file for segment in of_kind])}"
            ).fetchall()
    return found


def assert_tidy(root: Path) -> None:
    """What is on the disk is what the catalog knows, and nothing waits or is left over."""
    home = Workspace.open(root).store
    with reading(home) as catalog:
        known = catalog.execute("SELECT path, removed_version IS NULL FROM segments").fetchall()
        quarantine = {
            str(row[0]) for row in catalog.execute("SELECT path FROM quarantine").fetchall()
        }
    stand = {str(path) for path, stands in known if stands}
    assert stand <= _files(home.segments) <= {str(path) for path, _ in known}
    assert _files(home.quarantine) == quarantine
    assert list(home.staging.iterdir()) == []
    assert list((home.folder / "readers").iterdir()) == []
    assert not list(home.folder.glob("store.new*"))
    hasty = StoreHome(home.folder, replace(home.resources, grace=0))
    sweep(hasty, datetime.now(UTC))
    assert _files(home.segments) == stand


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def _rounded(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else value
