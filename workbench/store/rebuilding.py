"""How are counts copied into the catalog, and remade from the rows when their basis changes?"""

from __future__ import annotations

from pathlib import Path

from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import LogShape
from workbench.store.catalog import ModelSegments, model_segments
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.counting import (
    OUTCOME_TABLES,
    PROFILE_TABLES,
    count_categories,
    count_numbers,
    count_outcomes,
    count_parse_failures,
    counted_columns,
    group_rows,
    make_empty_counts,
    write_counts,
)
from workbench.store.judging import make_judged_view
from workbench.store.quoting import literal

REBUILT = "rebuilt"
"""The batch that remade counts are stored under."""


def copy_counts(
    catalog: Connection, written: dict[str, Path], bins_id: str, rules_id: str, batch: str
) -> None:
    """Copies the files of `write_counts` into the catalog's tables."""
    for table, path in written.items():
        basis = bins_id if table in PROFILE_TABLES else rules_id
        catalog.execute(
            f"INSERT INTO {table} SELECT ?, ?, * FROM read_parquet({literal(str(path))})",
            [basis, batch],
        )


def rebuild_counts(
    catalog: Connection,
    home: StoreHome,
    model: str,
    bins: tuple[ColumnBins, ...],
    bins_id: str,
    rules: OutcomeRules,
    rules_id: str,
    shape: LogShape,
    folder: Path,
) -> None:
    """Replaces a model's counts by those that its segments give, in the open transaction.

    Args:
        catalog: the open transaction.
        home: where the segments lie.
        model: whose counts.
        bins: the bins to count over, with their identity `bins_id`.
        bins_id: see `bins`.
        rules: the rules to judge by, with their identity `rules_id`.
        rules_id: see `rules`.
        shape: the features.
        folder: for spilling and for the counts on their way.
    """
    for table in PROFILE_TABLES:
        catalog.execute(f"DELETE FROM {table} WHERE bins_id = ?", [bins_id])
    for table in OUTCOME_TABLES:
        catalog.execute(f"DELETE FROM {table} WHERE rules_id = ?", [rules_id])
    segments = model_segments(catalog, model, home.segments)
    if not segments.predictions:
        return
    with scratch(home, folder) as connection:
        make_empty_counts(connection)
        count_rows(connection, segments, rules, shape, bins)
        copy_counts(catalog, write_counts(connection, folder), bins_id, rules_id, REBUILT)


def count_rows(
    connection: Connection,
    segments: ModelSegments,
    rules: OutcomeRules,
    shape: LogShape,
    bins: tuple[ColumnBins, ...],
) -> None:
    """Adds every count of some committed rows, with the labels that stand for them."""
    make_judged_view(connection, segments, rules, shape)
    count_judged(connection, rules, bins)


def count_judged(connection: Connection, rules: OutcomeRules, bins: tuple[ColumnBins, ...]) -> None:
    """Adds every count of the view `judged`: outcomes of all roles, profiles of live rows."""
    groups = group_rows(connection, "judged", rules, bins)
    count_outcomes(connection, "judged", groups, rules, bins)
    live = "(SELECT * FROM judged WHERE wb_role = 'live' AND NOT is_assumed)"
    plain = counted_columns(bins, ("feature", "prediction", "score"), rules.task)
    labels = counted_columns(bins, ("label",), rules.task)
    count_categories(connection, groups, [*plain, *labels])
    count_numbers(connection, live, plain)
    count_parse_failures(connection, live, plain)
    labelled = "(SELECT * FROM judged WHERE wb_role = 'live' AND NOT is_assumed AND judged_label IS NOT NULL)"
    count_numbers(connection, labelled, labels)
