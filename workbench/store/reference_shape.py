"""Which features, scores and classes does a reference table show? The shape of a model's log."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.domain.card import Columns, ModelCard
from workbench.domain.classes import class_name
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.errors import ReferenceTableError
from workbench.store import expressions as sql
from workbench.store.connections import Connection
from workbench.store.quoting import identifier
from workbench.store.source import Source

_CLASS_CAP = 200


def reference_shape(connection: Connection, source: Source, card: ModelCard) -> LogShape:
    """The shape that a card and its reference table give.

    Raises:
        ReferenceTableError: a feature that the card names is not in the table, or there is
            no feature at all, or no row.
    """
    columns = card.columns
    names = source.names
    if source.rows == 0:
        raise ReferenceTableError(
            f"the reference of {card.name} has no rows", "Export it again, with labelled rows."
        )
    scores = score_columns(names, columns, card.model.task)
    wanted = columns.features or tuple(
        name for name in names if name not in role_columns(columns) and name not in scores
    )
    absent = [name for name in wanted if name not in names]
    if absent:
        raise ReferenceTableError(
            f"the reference of {card.name} has no column {', '.join(repr(name) for name in absent)}",
            "Correct [columns] features in the card, or export the reference with it.",
        )
    if not wanted:
        raise ReferenceTableError(
            f"the reference of {card.name} has no feature column",
            "Export it with the model's inputs, in the columns of the log.",
        )
    types = dict(source.columns)
    storages = {name: _storage(connection, source, name, types[name]) for name in wanted}
    features = tuple(
        FeatureColumn(name, _kind(name, storages[name], columns), storages[name]) for name in wanted
    )
    segments = columns.segments or tuple(f.name for f in features if f.kind == "categorical")
    classes = _classes(connection, source, card) if card.is_classification else ()
    return LogShape(features, tuple(dict.fromkeys(segments)), scores, classes, names)


def role_columns(columns: Columns) -> frozenset[str]:
    """The columns of a log that are never features unless the card says so."""
    return frozenset(
        name
        for name in (
            columns.prediction_id, columns.timestamp, columns.prediction, columns.score,
            columns.label, columns.model_version, columns.role, columns.entity,
            columns.experiment, "label_timestamp",
        )
        if name
    )  # fmt: skip


def score_columns(names: Iterable[str], columns: Columns, task: str) -> tuple[str, ...]:
    """The score columns: one for binary, score_<class> for multiclass, none for regression."""
    if task == "binary":
        return tuple(name for name in names if name == columns.score)
    if task == "multiclass" and columns.score:
        return tuple(name for name in names if name.startswith(columns.score + "_"))
    return ()


def _kind(name: str, storage: str, columns: Columns) -> str:
    if name in columns.categorical or storage in ("text", "boolean"):
        return "categorical"
    return "numeric"


def _storage(connection: Connection, source: Source, name: str, type_: str) -> str:
    if sql.is_number(type_):
        return "number"
    if type_ == "BOOLEAN":
        return "boolean"
    if sql.is_time(type_):
        return "time"
    if not source.is_text:
        return "text"
    # A text format has no types: a column is what all of its values can be read as.
    value = identifier(name)
    present, numbers, truths = connection.execute(
        f"SELECT count(*), count({sql.number(name, type_)}), "
        f"count(*) FILTER (WHERE lower({value}) IN ('true', 'false')) FROM {source.relation} "
        f"WHERE {value} IS NOT NULL AND lower(trim({value})) NOT IN ('na', 'nan', 'null', 'none')"
    ).fetchall()[0]
    if present and numbers == present:
        return "number"
    return "boolean" if present and truths == present else "text"


def _classes(connection: Connection, source: Source, card: ModelCard) -> tuple[str, ...]:
    types = dict(source.columns)
    found: set[str] = set()
    for column in (card.columns.label, card.columns.prediction):
        if column in types:
            rows = connection.execute(
                f"SELECT DISTINCT {sql.text(column, types[column])} FROM {source.relation} LIMIT {_CLASS_CAP * 10}"
            ).fetchall()
            found.update(name for (value,) in rows if (name := class_name(value)) is not None)
    return tuple(sorted(found)[:_CLASS_CAP])
