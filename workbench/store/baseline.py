"""What is a model compared with? The reference, turned into bins, rules and counts, and kept.

The baseline is remade when the reference file or what the card says about it changes; the
stored counts of the model's own rows are then remade from the segments in the same
transaction, so that no reader ever sees counts over bins that are gone.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.card import ModelCard
from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules, identity, outcome_rules, rules_id
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.errors import LogFileError, ReferenceTableError
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.counting import (
    count_categories,
    count_numbers,
    count_outcomes,
    counted_columns,
    group_rows,
    make_empty_counts,
    write_counts,
)
from workbench.store.normalising import normalised_predictions
from workbench.store.outcome_sql import bucket_of
from workbench.store.pseudonym_key import concealment
from workbench.store.pseudonyms import Concealment, concealed_names
from workbench.store.quoting import identifier, literal
from workbench.store.rebuilding import copy_counts, rebuild_counts
from workbench.store.reference_shape import reference_shape
from workbench.store.rows import known_columns, make_rows_view
from workbench.store.source import Source
from workbench.store.sources import open_source

REFERENCE = "reference"
"""The batch that a reference's own counts are stored under."""
_NAME_CAP = 10_000
"""A reference with more categories than this is not listed: unseen names cannot be told."""


@dataclass(frozen=True)
class Baseline:
    """A model's reference, ready to compare with."""

    model: str
    bins_id: str
    rules_id: str
    shape: LogShape
    rules: OutcomeRules
    bins: tuple[ColumnBins, ...]
    """Features first, then prediction, scores and label as far as the reference has them."""
    rows: int
    start: datetime | None
    """Oldest timestamp of the reference; None when it has no times."""
    end: datetime | None
    """Newest one, inclusive."""
    path: str
    """The reference file, relative to the workspace."""

    @property
    def reference_bins_id(self) -> str:
        """What the reference's own profiles are stored under."""
        return f"{REFERENCE}:{self.bins_id}"

    @property
    def reference_rules_id(self) -> str:
        """What the reference's own outcomes are stored under."""
        return f"{REFERENCE}:{self.rules_id}"


def ensure_baseline(home: StoreHome, root: Path, card: ModelCard, now: datetime) -> Baseline:
    """The baseline of a model, made or remade where the stored one is not of this card.

    Args:
        home: the store.
        root: the workspace, which the card's paths are relative to.
        card: the model's card.
        now: the machine's clock.

    Raises:
        ReferenceTableError: the reference cannot be used.
    """
    path = root / card.reference.data
    basis = _basis(card)
    try:
        stat = path.stat()
    except OSError as error:
        raise ReferenceTableError(
            f"the reference of {card.name} is not there: {card.reference.data}",
            "Correct [reference] data in the card, or put the file there.",
        ) from error
    stored = stored_baseline(home, root, card)
    if stored is not None:
        return stored
    digest = file_hash(path)
    with tempfile.TemporaryDirectory(dir=home.folder, prefix="reference-") as folder:
        with scratch(home, Path(folder)) as connection:
            conceal = concealment(home, card, now)
            baseline, tolerance = _measure(
                connection, path, Path(folder), card, digest, basis, now, conceal
            )
            written = write_counts(connection, Path(folder))
        with writing(home, f"storing the baseline of {card.name}") as catalog:
            _store(
                catalog, baseline, tolerance, written, basis, digest, stat.st_size, stat.st_mtime_ns
            )
            rebuild_counts(
                catalog,
                home,
                baseline.model,
                baseline.bins,
                baseline.bins_id,
                baseline.rules,
                baseline.rules_id,
                baseline.shape,
                Path(folder),
            )
    return baseline


def stored_baseline(home: StoreHome, root: Path, card: ModelCard) -> Baseline | None:
    """The baseline of a model as it is stored; None when it is to be made or remade."""
    try:
        stat = (root / card.reference.data).stat()
    except OSError:
        return None
    with reading(home, f"reading the baseline of {card.name}") as catalog:
        return _stored(catalog, card, _basis(card), stat.st_size, stat.st_mtime_ns)


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _basis(card: ModelCard) -> str:
    """What of the card decides bins and outcomes: a change of it remakes the counts."""
    return identity(
        asdict(card.columns), asdict(card.decision), asdict(card.bad_prediction),
        asdict(card.labels), card.model.task, card.monitoring.bucket, card.reference.data,
        *sorted(concealed_names(card)),
    )  # fmt: skip


def _stored(
    catalog: Connection, card: ModelCard, basis: str, size: int, mtime: int
) -> Baseline | None:
    rows = catalog.execute(
        "SELECT bins_id, rules_id, reference_rows, reference_start, reference_end, tolerance, shape, "
        "reference_path FROM baselines WHERE model = ? AND basis = ? AND reference_bytes = ? "
        "AND reference_mtime = ?",
        [card.name, basis, size, mtime],
    ).fetchall()
    if not rows:
        return None
    bins_id, rules_identity, count, start, end, tolerance, shape_text, path = rows[0]
    shape = _read_shape(shape_text)
    bins = catalog.execute(
        "SELECT name, role, kind, edges, psi_edges, categories, other, is_open, center, is_discrete "
        "FROM bins WHERE bins_id = ? ORDER BY column_no",
        [bins_id],
    ).fetchall()
    return Baseline(
        card.name, bins_id, rules_identity, shape, outcome_rules(card, shape, tolerance),
        tuple(
            ColumnBins(name, role, kind, tuple(edges), tuple(psi), tuple(known), tuple(other), open_, center, discrete)
            for name, role, kind, edges, psi, known, other, open_, center, discrete in bins
        ),
        count, aware(start), aware(end), path,
    )  # fmt: skip


def _measure(
    connection: Connection,
    path: Path,
    folder: Path,
    card: ModelCard,
    digest: str,
    basis: str,
    now: datetime,
    conceal: Concealment | None,
) -> tuple[Baseline, float]:
    try:
        source = open_source(connection, path, folder, conceal=conceal)
    except LogFileError as error:
        is_private = card.privacy.is_any
        raise ReferenceTableError(
            f"the reference of {card.name}: {error.discreet if is_private else error.message}",
            error.hint,
        ) from (None if is_private else error)
    shape = reference_shape(connection, source, card)
    rules = outcome_rules(card, shape, card.bad_prediction.tolerance)
    _make_reference_rows(connection, source, card, shape, rules, folder, now)
    if not rules.is_classification and rules.tolerance == 0:
        rules = replace(rules, tolerance=_default_tolerance(connection, rules))
    bins = _bins(connection, source, card, shape, rules)
    day = bucket_of("coalesce(wb_timestamp, TIMESTAMP '1970-01-01')", card.monitoring.bucket)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW judged AS SELECT *, {day} AS wb_bucket, wb_label AS judged_label, "
        "1 AS row_count, 1 AS sign, false AS is_assumed FROM reference_rows "
        + ("" if rules.is_classification else "WHERE true")
    )
    make_empty_counts(connection)
    plain = counted_columns(bins, ("feature", "prediction", "score"), rules.task)
    labels = counted_columns(bins, ("label",), rules.task)
    groups = group_rows(connection, "judged", rules, bins)
    count_categories(connection, groups, [*plain, *labels], "true")
    count_numbers(connection, "judged", plain)
    count_numbers(connection, "(SELECT * FROM judged WHERE judged_label IS NOT NULL)", labels)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW predicted AS SELECT * FROM judged WHERE wb_prediction IS NOT NULL"
    )
    groups = group_rows(connection, "predicted", rules, bins, only_outcomes=True)
    count_outcomes(connection, "predicted", groups, rules, bins)
    rows, start, end = connection.execute(
        "SELECT count(*), min(wb_timestamp), max(wb_timestamp) FROM reference_rows"
    ).fetchall()[0]
    bins_identity = identity("bins", card.name, digest, basis)
    baseline = Baseline(
        card.name, bins_identity, rules_id(card.name, bins_identity, rules), shape, rules, bins,
        int(rows), aware(start), aware(end), card.reference.data,
    )  # fmt: skip
    return baseline, rules.tolerance


def _make_reference_rows(
    connection: Connection,
    source: Source,
    card: ModelCard,
    shape: LogShape,
    rules: OutcomeRules,
    folder: Path,
    now: datetime,
) -> None:
    query = normalised_predictions(
        source, card, shape, rules, file=REFERENCE, now=now, is_reference=True
    ).query
    target = folder / "reference.rows"
    connection.execute(
        f"COPY (SELECT * EXCLUDE (wb_reason, wb_day) FROM ({query})) TO {literal(str(target))} (FORMAT parquet)"
    )
    make_rows_view(connection, "reference_rows", [target], known_columns(rules, shape))


def _default_tolerance(connection: Connection, rules: OutcomeRules) -> float:
    error = "abs(wb_prediction - wb_label)"
    if rules.rule == "relative_error":
        error += " / greatest(abs(wb_label), 1e-9)"
    value = connection.execute(
        f"SELECT quantile_cont({error}, 0.9) FROM reference_rows"
    ).fetchall()[0][0]
    return float(value) if value is not None else 0.0


def _bins(
    connection: Connection, source: Source, card: ModelCard, shape: LogShape, rules: OutcomeRules
) -> tuple[ColumnBins, ...]:
    names = source.names
    kind = "categorical" if rules.is_classification else "numeric"
    bins = [
        _column_bins(connection, f.name, "feature", f.kind, identifier(f.name))
        for f in shape.features
    ]
    if card.columns.prediction in names or (rules.task == "binary" and card.columns.score in names):
        bins.append(
            _column_bins(connection, card.columns.prediction, "prediction", kind, "wb_prediction")
        )
    for name in shape.scores:
        value = "wb_score" if rules.task == "binary" else identifier(name)
        bins.append(_column_bins(connection, name, "score", "numeric", value))
    if card.columns.label in names:
        bins.append(_column_bins(connection, card.columns.label, "label", kind, "wb_label"))
    return tuple(bins)


def _column_bins(connection: Connection, name: str, role: str, kind: str, value: str) -> ColumnBins:
    if kind == "numeric":
        values = connection.execute(
            f"SELECT {value} AS x FROM reference_rows WHERE {value} IS NOT NULL"
        ).fetchnumpy()
        return make_numeric_bins(name, role, values["x"])
    rows = connection.execute(
        f"SELECT {value}, count(*) AS n FROM reference_rows WHERE {value} IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_NAME_CAP + 1}"
    ).fetchall()
    made = make_category_bins(name, role, dict(rows))
    return replace(made, other=made.other[:1], is_open=True) if len(rows) > _NAME_CAP else made


def _store(
    catalog: Connection,
    baseline: Baseline,
    tolerance: float,
    written: dict[str, Path],
    basis: str,
    digest: str,
    size: int,
    mtime: int,
) -> None:
    model = baseline.model
    old = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [model]
    ).fetchall()
    for bins_identity, rules_identity in old:
        for table in ("profile_counts", "profile_moments", "profile_unseen", "bins"):
            catalog.execute(
                f"DELETE FROM {table} WHERE bins_id IN (?, ?)",
                [bins_identity, f"{REFERENCE}:{bins_identity}"],
            )
        for table in ("outcomes", "outcome_scores", "outcome_classes"):
            catalog.execute(
                f"DELETE FROM {table} WHERE rules_id IN (?, ?)",
                [rules_identity, f"{REFERENCE}:{rules_identity}"],
            )
    catalog.execute("DELETE FROM baselines WHERE model = ?", [model])
    catalog.execute(
        "INSERT INTO baselines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [model, baseline.bins_id, baseline.rules_id, basis, baseline.path, size, mtime, digest,
         baseline.rows, baseline.start and naive(baseline.start), baseline.end and naive(baseline.end),
         tolerance, json.dumps(asdict(baseline.shape), ensure_ascii=False)],
    )  # fmt: skip
    for number, b in enumerate(baseline.bins):
        catalog.execute(
            "INSERT INTO bins VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [baseline.bins_id, number, b.role, b.name, b.kind, list(b.edges), list(b.psi_edges),
             list(b.categories), list(b.other), b.is_open, b.center, b.is_discrete],
        )  # fmt: skip
    copy_counts(
        catalog, written, baseline.reference_bins_id, baseline.reference_rules_id, REFERENCE
    )


def _read_shape(text: str) -> LogShape:
    raw = json.loads(text)
    return LogShape(
        tuple(FeatureColumn(**feature) for feature in raw["features"]),
        tuple(raw["segments"]), tuple(raw["scores"]), tuple(raw["classes"]), tuple(raw["reference_columns"]),
    )  # fmt: skip
