"""Is what a batch was checked against still so? Asked under the commit's lock."""

from __future__ import annotations

from workbench.store.baseline import Baseline
from workbench.store.catalog import PREDICTIONS, model_segments
from workbench.store.committing import PreparedBatch
from workbench.store.connections import Connection, StoreHome
from workbench.store.repeats import shares_ids
from workbench.store.replacing import was_restored
from workbench.store.row_files import as_row_files
from workbench.store.rows import make_rows_view
from workbench.store.staging import Staging
from workbench.store.tombstones import erased_version


class OutdatedError(Exception):
    """Something was committed that touches the batch."""


class ErasedError(Exception):
    """Something was erased since the batch was staged, and may be in it."""


def require_fresh(
    catalog: Connection,
    home: StoreHome,
    connection: Connection,
    prepared: PreparedBatch,
    staging: Staging,
) -> None:
    """Raises `OutdatedError` when what was committed since the check touches the batch."""
    require_baseline(catalog, prepared.model, prepared)
    newer = model_segments(catalog, prepared.model, home.segments).since(prepared.checked)
    if newer.before != prepared.retained or was_restored(catalog, prepared.checked):
        raise OutdatedError
    others = (*newer.predictions, *newer.labels)
    if not others:
        return
    ids = {"wb_id": "VARCHAR"}
    own = (
        [segment.file for segment in prepared.segments]
        if prepared.kind == PREDICTIONS
        else as_row_files(sorted(staging.work.glob("labels-*.parquet")))
    )
    make_rows_view(connection, "newer_rows", others, ids)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW newer_ids AS SELECT wb_id FROM newer_rows "
        f"WHERE wb_sequence IS NULL OR wb_sequence > {prepared.checked}"
    )
    make_rows_view(connection, "own_ids", own, ids)
    if own and shares_ids(connection, "newer_ids", "own_ids"):
        raise OutdatedError


def require_standing(catalog: Connection, model: str, erased: int) -> None:
    """Raises `ErasedError` when something was erased that the batch was not searched for."""
    if erased_version(catalog, model) != erased:
        raise ErasedError


def require_baseline(catalog: Connection, model: str, counted: Baseline | PreparedBatch) -> None:
    """Raises `OutdatedError` when a model's baseline is not the one that was counted over."""
    rows = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [model]
    ).fetchall()
    if rows != [(counted.bins_id, counted.rules_id)]:
        raise OutdatedError
