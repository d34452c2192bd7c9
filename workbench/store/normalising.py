"""How does a row of an export become a row of ours? One SELECT a file, nothing raised.

The internal columns begin with `wb_`; features, scores and columns that the card does not
know follow under their own names. `wb_reason` says why a row is unusable, else it is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.card import ModelCard
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import LogShape
from workbench.errors import LogFileError
from workbench.store import expressions as sql
from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal
from workbench.store.row_files import FILE_OF_COPY
from workbench.store.source import Source

FUTURE_ALLOWANCE = timedelta(hours=1)
PREFIX = "wb_"
_FILE = "\0file"
"""Stands for the SQL of the file's identity; no name or literal can hold a NUL."""


@dataclass(frozen=True)
class Normalised:
    """The SELECT that reads a file as our rows."""

    query: str
    notes: tuple[str, ...]
    """What the operator should know: missing features and the like."""
    reading: str = ""
    """The SELECT list for a copy of the file: see `row_files.RowFile`."""
    plain_reading: str = ""
    """The same for a file whose rows all pass and whose ids need no trimming: id and time are
    then the columns as they are, which is what lets a reader skip what it does not need."""
    untrimmed: str = ""
    """The SELECT that gives a row where an id is not its own trimmed text; empty: none is."""

    def copied_reading(self, connection: Connection) -> str:
        """How a copy of the file is read, all of whose rows pass."""
        if self.untrimmed and connection.execute(self.untrimmed).fetchall():
            return self.reading
        return self.plain_reading


def normalised_predictions(
    source: Source,
    card: ModelCard,
    shape: LogShape,
    rules: OutcomeRules,
    *,
    file: str,
    now: datetime,
    is_reference: bool = False,
) -> Normalised:
    """The SELECT that reads a prediction log.

    Args:
        source: the opened file.
        card: names the columns.
        shape: the features, with their types.
        rules: the classes and the threshold.
        file: the file's identity (start of its hash), part of the id of rows without one.
        now: the machine's clock; later rows are unusable.
        is_reference: the file is a reference table, which needs no id, time or prediction.

    Raises:
        LogFileError: a required column is missing.
    """
    types = dict(source.columns)
    if not is_reference:
        _require(source, card, rules)
    fields = _own_fields(types, card, rules)
    values, unread = _values(types, card, shape, rules)
    known = {*_known(card, shape, rules), source.position_column} - {""}
    fields["wb_unparsed"] = _map(unread)
    derived = {"wb_day": "wb_timestamp::DATE", "wb_reason": _reason(now)}
    listed = [f"{expression} AS {name}" for name, expression in fields.items()]
    others = [
        f"{expression} AS {identifier(name)}"
        for name, expression in (values | _extras(types, known, set(values))).items()
    ]
    plain = fields | _plain_fields(types, card)
    plainly = [f"{expression} AS {name}" for name, expression in plain.items()]
    read, read_plainly = ", ".join([*listed, *others]), ", ".join([*plainly, *others])
    outer = ", ".join(f"{expression} AS {name}" for name, expression in derived.items())
    missing = [name for name in shape.feature_names if name not in types]
    own_id = identifier(card.columns.prediction_id)
    return Normalised(
        f"SELECT *, {outer} FROM (SELECT {read.replace(_FILE, literal(file))} FROM {source.relation})",
        (f"columns missing from the file: {', '.join(missing)}",) if missing else (),
        read.replace(_FILE, FILE_OF_COPY),
        read_plainly.replace(_FILE, FILE_OF_COPY),
        f"SELECT 1 FROM {source.relation} WHERE trim({own_id}) <> {own_id} LIMIT 1"
        if plain["wb_id"] != fields["wb_id"]
        else "",
    )


def _own_fields(types: dict[str, str], card: ModelCard, rules: OutcomeRules) -> dict[str, str]:
    """Our own columns of a row, by name; a row without an id is known by its file and place."""
    columns = card.columns
    value_type = "VARCHAR" if rules.is_classification else "DOUBLE"
    return {
        "wb_id": f"nullif(trim({sql.text(columns.prediction_id, types[columns.prediction_id])}), '')"
        if columns.prediction_id and columns.prediction_id in types
        else f"{_FILE} || ':' || file_row_number",
        "wb_timestamp": sql.moment(columns.timestamp, types[columns.timestamp], columns.timezone)
        if columns.timestamp in types
        else "NULL::TIMESTAMP",
        "wb_version": _text_or(types, columns.model_version, card.model.version),
        "wb_role": f"lower({_text_or(types, columns.role, 'live')})",
        "wb_prediction": f"({_prediction(types, card, rules)})::{value_type}",
        "wb_score": sql.number(columns.score, types[columns.score])
        if rules.task == "binary" and columns.score in types
        else "NULL::DOUBLE",
        "wb_label": label_value(columns.label, types.get(columns.label), rules),
        "wb_arm": _optional_text(types, columns.experiment),
        "wb_file": _FILE,
        "wb_row": "file_row_number",
    }


def _values(
    types: dict[str, str], card: ModelCard, shape: LogShape, rules: OutcomeRules
) -> tuple[dict[str, str], dict[str, str]]:
    """Features, scores, entity and segments under their own names; and what of the features is unreadable."""
    values, unread = _features(types, shape)
    for name in shape.scores if rules.task == "multiclass" else ():
        if name in types:
            values[name] = sql.number(name, types[name])
    for name in (card.columns.entity, *rules.segments):
        if name and name in types and name not in values:
            values[name] = sql.category(name, types[name], "text")
    return values, unread


def _known(card: ModelCard, shape: LogShape, rules: OutcomeRules) -> set[str]:
    """The columns that the card or the reference tell the meaning of."""
    columns = card.columns
    known = {
        columns.prediction_id, columns.timestamp, columns.model_version, columns.role,
        columns.prediction, columns.label, columns.experiment, columns.entity,
        *shape.feature_names, *rules.segments,
    }  # fmt: skip
    if rules.task == "binary":
        known.add(columns.score)
    return known.union(shape.scores) if rules.task == "multiclass" else known


def _reason(now: datetime) -> str:
    """Why a row is unusable; NULL where it is not."""
    return (
        "CASE WHEN wb_id IS NULL THEN 'unreadable_id' "
        "WHEN wb_timestamp IS NULL THEN 'unreadable_timestamp' "
        f"WHEN wb_timestamp > {_timestamp(now + FUTURE_ALLOWANCE)} THEN 'future_timestamp' "
        "WHEN wb_prediction IS NULL THEN 'unreadable_prediction' END"
    )


def _plain_fields(types: dict[str, str], card: ModelCard) -> dict[str, str]:
    """Id and time as the file's columns are, where every row passes and no id needs trimming."""
    columns = card.columns
    plain = {}
    if types.get(columns.prediction_id) == "VARCHAR":
        plain["wb_id"] = identifier(columns.prediction_id)
    if types.get(columns.timestamp) == "TIMESTAMP" and columns.timezone == "UTC":
        plain["wb_timestamp"] = identifier(columns.timestamp)
    return plain


def normalised_labels(
    source: Source, card: ModelCard, rules: OutcomeRules, *, file: str
) -> Normalised:
    """The SELECT that reads a label file: id, label and, where there is one, its time.

    Raises:
        LogFileError: the id or the label column is missing.
    """
    types = dict(source.columns)
    columns = card.columns
    for name, what in ((columns.prediction_id, "prediction id"), (columns.label, "label")):
        if not name or name not in types:
            raise _missing_column(source, name, what)
    moment = (
        sql.moment("label_timestamp", types["label_timestamp"], columns.timezone)
        if "label_timestamp" in types
        else "NULL::TIMESTAMP"
    )
    empty = f"{identifier(columns.label)} IS NULL"
    if sql.is_text(types[columns.label]):
        empty += f" OR trim({identifier(columns.label)}) = ''"
    timed = (
        f"{identifier('label_timestamp')} IS NOT NULL" if "label_timestamp" in types else "false"
    )
    return Normalised(
        "SELECT wb_id, wb_label, wb_label_timestamp, wb_file, wb_row, "
        f"CASE WHEN wb_id IS NULL THEN 'unreadable_id' WHEN wb_empty THEN 'missing_label' "
        "WHEN wb_label IS NULL THEN 'unreadable_label' WHEN wb_label_timestamp IS NULL AND wb_timed "
        "THEN 'unreadable_timestamp' END AS wb_reason FROM (SELECT "
        f"nullif(trim({sql.text(columns.prediction_id, types[columns.prediction_id])}), '') AS wb_id, "
        f"{label_value(columns.label, types[columns.label], rules)} AS wb_label, {empty} AS wb_empty, "
        f"{timed} AS wb_timed, {moment} AS wb_label_timestamp, {literal(file)} AS wb_file, file_row_number AS wb_row "
        f"FROM {source.relation})",
        (),
    )


def label_value(column: str, duckdb_type: str | None, rules: OutcomeRules) -> str:
    """The label as our rows store it: a class as text, a number as DOUBLE."""
    known = (rules.positive_class, rules.negative_class)
    if rules.is_classification:
        return "NULL::VARCHAR" if duckdb_type is None else sql.class_of(column, duckdb_type, known)
    return "NULL::DOUBLE" if duckdb_type is None else sql.number(column, duckdb_type)


def _prediction(types: dict[str, str], card: ModelCard, rules: OutcomeRules) -> str:
    column = card.columns.prediction
    given = None
    if column in types:
        given = (
            sql.class_of(column, types[column], (rules.positive_class, rules.negative_class))
            if rules.is_classification
            else sql.number(column, types[column])
        )
    if rules.task != "binary" or card.columns.score not in types:
        return given or "NULL"
    score = sql.number(card.columns.score, types[card.columns.score])
    limit = repr(rules.threshold)
    if rules.threshold_column and rules.threshold_column in types:
        own = sql.number(rules.threshold_column, types[rules.threshold_column])
        limit = f"coalesce({own}, {limit})"
    decided = (
        f"CASE WHEN ({score}) IS NULL THEN NULL WHEN ({score}) >= {limit} "
        f"THEN {literal(rules.positive_class)} ELSE {literal(rules.negative_class)} END"
    )
    return f"coalesce({given}, {decided})" if given else decided


def _features(types: dict[str, str], shape: LogShape) -> tuple[dict[str, str], dict[str, str]]:
    values: dict[str, str] = {}
    unread: dict[str, str] = {}
    for feature in shape.features:
        type_ = types.get(feature.name)
        if feature.kind == "categorical":
            values[feature.name] = (
                "NULL::VARCHAR"
                if type_ is None
                else sql.category(feature.name, type_, feature.storage)
            )
            continue
        if type_ is None:
            values[feature.name] = "NULL::DOUBLE"
        elif feature.storage == "time":
            moment = sql.moment(feature.name, type_, "UTC")
            values[feature.name] = f"epoch({moment})::DOUBLE"
        else:
            values[feature.name] = sql.number(feature.name, type_)
        if type_ is not None and not sql.is_number(type_):
            unread[feature.name] = sql.unread(feature.name, values[feature.name])
    return values, unread


def _extras(types: dict[str, str], used: set[str], taken: set[str]) -> dict[str, str]:
    """Columns that the card does not know, kept; a name that would clash gets an underscore."""
    lowered = {name.lower() for name in taken}
    extras: dict[str, str] = {}
    for name in types:
        if name in used or name == "file_row_number":
            continue
        kept = name
        while kept.lower() in lowered or kept.lower().startswith(PREFIX):
            kept = f"_{kept}" if kept.lower().startswith(PREFIX) else f"{kept}_"
        lowered.add(kept.lower())
        extras[kept] = identifier(name)
    return extras


def _map(entries: dict[str, str]) -> str:
    if not entries:
        return "NULL::MAP(VARCHAR, VARCHAR)"
    listed = ", ".join(f"{{'k': {literal(name)}, 'v': {value}}}" for name, value in entries.items())
    any_ = " OR ".join(f"({value}) IS NOT NULL" for value in entries.values())
    return f"CASE WHEN {any_} THEN map_from_entries(list_filter([{listed}], lambda e: e.v IS NOT NULL)) END"


def _require(source: Source, card: ModelCard, rules: OutcomeRules) -> None:
    names = source.names
    columns = card.columns
    if columns.prediction_id and columns.prediction_id not in names:
        raise _missing_column(
            source,
            columns.prediction_id,
            "prediction id",
            'or set prediction_id = "" for a log without ids',
        )
    if columns.timestamp not in names:
        raise _missing_column(source, columns.timestamp, "timestamp")
    has_score = rules.task == "binary" and columns.score in names
    if columns.prediction not in names and not has_score:
        raise _missing_column(source, columns.prediction, "prediction")
    clashing = _differ_in_case(names)
    if clashing:
        raise LogFileError(
            f"columns {clashing[0]!r} and {clashing[1]!r} differ only in case",
            "Rename one of them in the export.",
            "two columns differ only in case",
        )


def _differ_in_case(names: Iterable[str]) -> tuple[str, str] | None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            return other, name
    return None


def _missing_column(source: Source, name: str, what: str, more: str = "") -> LogFileError:
    has = ", ".join(source.names[:12]) + (" ..." if len(source.names) > 12 else "")
    hint = f"Name the {what} column under [columns] in the card" + (f", {more}" if more else "")
    # What stands where the names should be may be a row: an export without a header.
    discreet = f"the file has no {what} column {name!r} ({len(source.names)} others)"
    return LogFileError(
        f"the file has no {what} column {name!r} (it has: {has})", hint + ".", discreet
    )


def _optional_text(types: dict[str, str], column: str) -> str:
    if not column or column not in types:
        return "NULL::VARCHAR"
    return f"nullif(trim({sql.text(column, types[column])}), '')"


def _text_or(types: dict[str, str], column: str, default: str) -> str:
    return f"coalesce({_optional_text(types, column)}, {literal(default)})"


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.strftime('%Y-%m-%d %H:%M:%S')}'"
