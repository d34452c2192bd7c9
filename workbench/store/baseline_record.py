"""What does the catalog remember of a reference? Its bins, rules and shape, now and from before.

A baseline is kept after another took its place as long as there are counts over it whose rows
retention took: they can be read over no other bins.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules, identity, outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection
from workbench.store.pseudonyms import concealed_names

REFERENCE = "reference"
"""The batch that a reference's own counts are stored under."""

_BASELINE = (
    "bins_id, rules_id, reference_rows, reference_start, reference_end, shape, reference_path"
)


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
        return reference_id(self.bins_id)

    @property
    def reference_rules_id(self) -> str:
        """What the reference's own outcomes are stored under."""
        return reference_id(self.rules_id)

    @property
    def ids(self) -> tuple[str, str]:
        """The identities of its bins and of its rules."""
        return self.bins_id, self.rules_id


@dataclass(frozen=True)
class ReferenceFile:
    """What tells one state of a reference file from another."""

    size: int
    """Bytes."""
    modified: int
    """Nanoseconds since 1970."""
    sha256: str


def reference_id(own: str) -> str:
    """What a reference's counts are stored under, from the identity of its bins or rules."""
    return f"{REFERENCE}:{own}"


def card_basis(card: ModelCard) -> str:
    """What of the card decides bins and outcomes: a change of it remakes the counts."""
    return identity(
        asdict(card.columns), asdict(card.decision), asdict(card.bad_prediction),
        asdict(card.labels), card.model.task, card.monitoring.bucket, card.reference.data,
        *sorted(concealed_names(card)),
    )  # fmt: skip


def read_baseline(catalog: Connection, card: ModelCard, size: int, mtime: int) -> Baseline | None:
    """The stored baseline where it is of this card and of a reference file of this size and time."""
    rows = catalog.execute(
        f"SELECT {_BASELINE}, tolerance FROM baselines WHERE model = ? AND basis = ? "
        "AND reference_bytes = ? AND reference_mtime = ?",
        [card.name, card_basis(card), size, mtime],
    ).fetchall()
    if not rows:
        return None
    *found, tolerance = rows[0]
    shape = read_shape(found[5])
    return _baseline(catalog, card.name, found, shape, outcome_rules(card, shape, tolerance))


def read_last_baseline(catalog: Connection, model: str) -> Baseline | None:
    """The stored baseline of a model, whatever its card says now; None where its rules are not kept."""
    return _read_kept(catalog, "baselines", "model = ? AND rules IS NOT NULL", [model], model)


def read_kept_baseline(
    catalog: Connection, model: str, bins_id: str, rules_id: str
) -> Baseline | None:
    """A baseline that counts are kept over whose rows are gone."""
    where = "model = ? AND bins_id = ? AND rules_id = ?"
    return _read_kept(catalog, "kept_baselines", where, [model, bins_id, rules_id], model)


def keep_baseline(catalog: Connection, baseline: Baseline) -> None:
    """Keeps a baseline for the time when another has taken its place."""
    b = baseline
    if read_kept_baseline(catalog, b.model, b.bins_id, b.rules_id) is not None:
        return
    catalog.execute(
        "INSERT INTO kept_baselines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [b.model, b.bins_id, b.rules_id, b.path, b.rows, b.start and naive(b.start),
         b.end and naive(b.end), _text(b.shape), _text(b.rules)],
    )  # fmt: skip


def write_baseline(
    catalog: Connection, baseline: Baseline, card: ModelCard, file: ReferenceFile
) -> None:
    """Puts a baseline in the place of the model's stored one; its bins as well where they are new."""
    b = baseline
    catalog.execute("DELETE FROM baselines WHERE model = ?", [b.model])
    catalog.execute(
        "INSERT INTO baselines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [b.model, b.bins_id, b.rules_id, card_basis(card), b.path, file.size, file.modified,
         file.sha256, b.rows, b.start and naive(b.start), b.end and naive(b.end),
         b.rules.tolerance, _text(b.shape), _text(b.rules)],
    )  # fmt: skip
    if _read_bins(catalog, b.bins_id):
        return
    for number, c in enumerate(b.bins):
        catalog.execute(
            "INSERT INTO bins VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [b.bins_id, number, c.role, c.name, c.kind, list(c.edges), list(c.psi_edges),
             list(c.categories), list(c.other), c.is_open, c.center, c.is_discrete],
        )  # fmt: skip


def _read_kept(
    catalog: Connection, table: str, where: str, values: list[str], model: str
) -> Baseline | None:
    rows = catalog.execute(f"SELECT {_BASELINE}, rules FROM {table} WHERE {where}", values)
    row = rows.fetchone()
    if row is None:
        return None
    *found, rules = row
    raw = json.loads(rules)
    kept = OutcomeRules(**{**raw, "segments": tuple(raw["segments"])})
    return _baseline(catalog, model, found, read_shape(found[5]), kept)


def _baseline(
    catalog: Connection, model: str, found: list[Any], shape: LogShape, rules: OutcomeRules
) -> Baseline:
    bins_id, rules_identity, count, start, end, _, path = found
    bins = _read_bins(catalog, bins_id)
    return Baseline(
        model, bins_id, rules_identity, shape, rules, bins, count, aware(start), aware(end), path
    )


def _read_bins(catalog: Connection, bins_id: str) -> tuple[ColumnBins, ...]:
    rows = catalog.execute(
        "SELECT name, role, kind, edges, psi_edges, categories, other, is_open, center, is_discrete "
        "FROM bins WHERE bins_id = ? ORDER BY column_no",
        [bins_id],
    ).fetchall()
    return tuple(
        ColumnBins(name, role, kind, tuple(edges), tuple(psi), tuple(known), tuple(other), open_, center, discrete)
        for name, role, kind, edges, psi, known, other, open_, center, discrete in rows
    )  # fmt: skip


def _text(record: LogShape | OutcomeRules) -> str:
    return json.dumps(asdict(record), ensure_ascii=False)


def read_shape(text: str) -> LogShape:
    """The shape that the catalog keeps as text."""
    raw = json.loads(text)
    return LogShape(
        tuple(FeatureColumn(**feature) for feature in raw["features"]),
        tuple(raw["segments"]), tuple(raw["scores"]), tuple(raw["classes"]), tuple(raw["reference_columns"]),
    )  # fmt: skip
