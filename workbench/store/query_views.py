"""What does a query see of a model? Its rows with the label that stands, and its label records.

The columns have the card's own names, as the export has them; what the store adds begins
with `wb_`. Values of sensitive columns are withheld: what is missing stays missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import LogShape
from workbench.store.baseline_record import read_shape
from workbench.store.catalog import ModelSegments, model_segments, naive
from workbench.store.connections import Connection
from workbench.store.joined_rows import joined_rows
from workbench.store.quoting import identifier, literal
from workbench.store.rows import (
    CORE,
    known_columns,
    label_that_stands,
    make_label_records,
    make_rows_view,
    make_sequences,
    standing_labels,
)

_OURS = {*CORE, "wb_prediction", "wb_label", "wb_sequence", "wb_path"}
WITHHELD = "(withheld)"
"""Stands for every value that must not be seen."""


@dataclass(frozen=True)
class StoredModel:
    """A model as the catalog knows it."""

    name: str
    card: ModelCard | None
    """None where there is none that can be read: what is sensitive is then unknown."""
    segments: ModelSegments
    bins_id: str = ""
    rules_id: str = ""
    tolerance: float = 0.0
    shape: LogShape = field(default_factory=lambda: LogShape((), ()))

    @property
    def sensitive(self) -> frozenset[str] | None:
        """The folded names of the columns whose values are withheld; None: all of them."""
        if self.card is None:
            return None
        return frozenset(folded(name) for name in self.card.privacy.sensitive)

    def withholds(self, column: str) -> bool:
        """Whether the values of a column must not be seen."""
        sensitive = self.sensitive
        return sensitive is None or folded(column) in sensitive


def folded(name: str) -> str:
    """A column's name as it is compared: a stored name may have got an underscore."""
    return name.casefold().strip("_")


def read_models(
    catalog: Connection, folder: Path, cards: dict[str, ModelCard | None]
) -> list[StoredModel]:
    """Every model that has a card or rows.

    Args:
        catalog: a catalog, or a copy of one.
        folder: the folder of the segments.
        cards: the card of each model; None for one that cannot be read.
    """
    stored = {
        str(row[0]): row[1:]
        for row in catalog.execute(
            "SELECT model, bins_id, rules_id, tolerance, shape FROM baselines"
        ).fetchall()
    }
    known = {
        str(row[0]) for row in catalog.execute("SELECT DISTINCT model FROM batches").fetchall()
    }
    models = []
    for name in sorted(known | set(stored) | set(cards)):
        segments = model_segments(catalog, name, folder)
        if name not in stored:
            models.append(StoredModel(name, cards.get(name), segments))
            continue
        bins_id, rules_id, tolerance, shape = stored[name]
        models.append(
            StoredModel(
                name, cards.get(name), segments, bins_id, rules_id, tolerance, read_shape(shape)
            )
        )  # fmt: skip
    return models


def make_model_views(
    connection: Connection,
    model: StoredModel,
    card: ModelCard,
    number: int,
    view: str,
    labels_view: str | None,
    as_of: datetime | None,
) -> None:
    """Makes the views of one model.

    Args:
        connection: scratch.
        model: whose rows.
        card: its card.
        number: tells its inner views from those of others.
        view: the name of the view over its rows.
        labels_view: the name of the view over its label records; None: it is not needed.
        as_of: later predictions and labels do not exist.
    """
    rules = outcome_rules(card, model.shape, model.tolerance)
    records, rows = f"wb_records_{number}", f"wb_rows_{number}"
    make_label_records(connection, records, model.segments.labels, rules, as_of)
    if labels_view is not None:
        fields = _listed(model, _label_fields(card))
        connection.execute(
            f"CREATE VIEW {identifier(labels_view)} AS SELECT {fields} FROM {records}"
        )
    types = known_columns(rules, model.shape)
    segments = model.segments.predictions
    make_rows_view(connection, rows, segments, types, others=True)
    described = connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
    if any(str(row[1]).endswith((")", "]")) and str(row[0]) not in types for row in described):
        # DuckDB makes one type of plain values, but of plain and nested ones a failing cast.
        relation = joined_rows(connection, segments, with_path=True)
        make_rows_view(connection, rows, segments, types, others=True, relation=relation)
    make_sequences(connection, f"{rows}_sequences", model.segments.predictions, (), 0)
    further = [
        str(row[0])
        for row in connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
        if str(row[0]) not in _OURS
    ]
    standing = f"({standing_labels(records)})"
    until = f" WHERE wb_timestamp <= TIMESTAMP '{naive(as_of).isoformat(sep=' ')}'" if as_of else ""
    fields = _listed(model, _row_fields(card, rules, further))
    connection.execute(
        f"CREATE VIEW {identifier(view)} AS SELECT {fields} FROM {rows} JOIN {rows}_sequences "
        f"USING (wb_path) LEFT JOIN {standing} USING (wb_id){until}"
    )


def withheld_text(value: str) -> str:
    """SQL that says whether there is a value and not which."""
    return f"CASE WHEN ({value}) IS NULL THEN NULL ELSE {literal(WITHHELD)} END"


def _label_fields(card: ModelCard) -> list[tuple[str, str, str]]:
    columns = card.columns
    return [
        (columns.prediction_id or "prediction_id", columns.prediction_id, "wb_id"),
        (columns.label or "label", columns.label, "wb_label"),
        ("label_timestamp", "label_timestamp", "wb_label_timestamp"),
        ("wb_commit", "", "sequence"),
    ]


def _row_fields(
    card: ModelCard, rules: OutcomeRules, further: Sequence[str]
) -> list[tuple[str, str, str]]:
    """(name in the view, the card's column, SQL) of every column, in order."""
    columns = card.columns
    sequence = "coalesce(wb_sequence, sequence)"
    fields = [
        (columns.prediction_id or "prediction_id", columns.prediction_id, "wb_id"),
        (columns.timestamp, columns.timestamp, "wb_timestamp"),
        (columns.model_version or "model_version", columns.model_version, "wb_version"),
        (columns.role or "role", columns.role, "wb_role"),
        (columns.prediction or "prediction", columns.prediction, "wb_prediction"),
        (columns.label or "label", columns.label, label_that_stands(sequence)),
        ("label_timestamp", "label_timestamp", "standing.t"),
    ]
    if rules.task == "binary":
        fields.insert(5, (columns.score or "score", columns.score, "wb_score"))
    if columns.experiment:
        fields.insert(4, (columns.experiment, columns.experiment, "wb_arm"))
    named = {name.lower() for name, _, _ in fields}
    roles = {column.lower() for _, column, _ in fields}
    for name in further:
        if name.lower() in roles:
            continue
        fields.append((_free(name, named), name, identifier(name)))
    return [
        *fields,
        ("wb_unparsed", "", "wb_unparsed"),
        ("wb_file", "", "wb_file"),
        ("wb_row", "", "wb_row"),
        ("wb_commit", "", sequence),
    ]


def _listed(model: StoredModel, fields: Iterable[tuple[str, str, str]]) -> str:
    return ", ".join(
        f"{_seen(model, column, expression)} AS {identifier(name)}"
        for name, column, expression in fields
    )


def _seen(model: StoredModel, column: str, expression: str) -> str:
    if expression == "wb_unparsed":
        hidden = " OR ".join(
            f"e.key = {literal(f.name)}" for f in model.shape.features if model.withholds(f.name)
        )
        kept = f"list_filter(map_entries(wb_unparsed), lambda e: NOT ({hidden}))"
        return f"map_from_entries({kept})" if hidden else expression
    if column and model.withholds(column):
        return withheld_text(expression)
    return expression


def _free(name: str, taken: set[str]) -> str:
    while name.lower() in taken:
        name += "_"
    taken.add(name.lower())
    return name
