"""Where do stored rows and the labels that stand for them come together? Relations to select from.

Everything here makes views or tables of a scratch connection; nothing touches the catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import LogShape
from workbench.store.catalog import Segment, naive
from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal
from workbench.store.row_files import PATH, RowFile, as_row_files, rows_relation

CORE = {
    "wb_id": "VARCHAR", "wb_timestamp": "TIMESTAMP", "wb_version": "VARCHAR", "wb_role": "VARCHAR",
    "wb_score": "DOUBLE", "wb_arm": "VARCHAR", "wb_file": "VARCHAR", "wb_row": "BIGINT",
    "wb_unparsed": "MAP(VARCHAR, VARCHAR)",
}  # fmt: skip


def known_columns(rules: OutcomeRules, shape: LogShape) -> dict[str, str]:
    """The columns of a prediction row that the card knows, with the type they are stored in."""
    value = "VARCHAR" if rules.is_classification else "DOUBLE"
    columns = dict(CORE) | {"wb_prediction": value, "wb_label": value}
    for feature in shape.features:
        columns[feature.name] = "DOUBLE" if feature.kind == "numeric" else "VARCHAR"
    if rules.task == "multiclass":
        columns |= dict.fromkeys(shape.scores, "DOUBLE")
    for name in rules.segments:
        columns.setdefault(name, "VARCHAR")
    return columns


def outcome_columns(rules: OutcomeRules, shape: LogShape) -> dict[str, str]:
    """The known columns that outcomes are counted from: all but the features that are no segments."""
    needless = {"wb_file", "wb_row", "wb_unparsed", *shape.feature_names, *shape.scores} - {
        *rules.segments
    }
    known = known_columns(rules, shape)
    return {name: type_ for name, type_ in known.items() if name not in needless}


def make_rows_view(
    connection: Connection,
    view: str,
    files: Sequence[Path | RowFile | Segment],
    columns: dict[str, str],
    *,
    others: bool = False,
    relation: str | None = None,
) -> None:
    """Makes a view of stored rows in the card's types, whatever the files' columns are.

    A column that no file has is NULL; one that is stored otherwise (the card did not know it
    when it was ingested) is read as far as it can be. `wb_path` is the file's path, and
    `wb_sequence` the commit that brought the row where its file says so: one that was made of
    several segments does, elsewhere it is the segment's. With `others` the columns that are
    not among `columns` follow as they are. `relation` is another FROM clause over the files.
    """
    columns = columns | {"wb_sequence": "BIGINT"}
    if not files:
        fields = ", ".join(
            f"NULL::{type_} AS {identifier(name)}" for name, type_ in columns.items()
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT {fields}, NULL::VARCHAR AS wb_path WHERE false"
        )
        return
    relation = relation or rows_relation(
        as_row_files(file.file if isinstance(file, Segment) else file for file in files)
    )
    found = {
        str(row[0]): str(row[1])
        for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    }
    lowered = {name.lower(): name for name in found}
    fields = ", ".join(
        f"{_stored(lowered.get(name.lower()), found, type_)} AS {identifier(name)}"
        for name, type_ in columns.items()
    )
    asked = {name.lower() for name in columns} | {PATH}
    for name in found if others else ():
        if name.lower() not in asked:
            fields += f", {identifier(name)}"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT {fields}, wb_path FROM {relation}"
    )


def _stored(name: str | None, found: dict[str, str], type_: str) -> str:
    if name is None:
        return f"NULL::{type_}"
    if found[name] == type_:
        return identifier(name)
    return f"TRY_CAST({identifier(name)} AS {type_})"


def make_sequences(
    connection: Connection,
    table: str,
    segments: Sequence[Segment],
    new: Sequence[RowFile],
    sequence: int,
) -> None:
    """Makes a table (wb_path, sequence): which commit each file belongs to.

    Args:
        connection: scratch.
        table: its name.
        segments: committed files.
        new: staged files, which count as committed last.
        sequence: the number given to them.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} (wb_path VARCHAR, sequence BIGINT)")
    entries = [(str(s.path), s.sequence) for s in segments] + [(str(f.path), sequence) for f in new]
    if entries:
        values = ", ".join(f"({literal(path)}, {number})" for path, number in entries)
        connection.execute(f"INSERT INTO {table} VALUES {values}")


def make_label_records(
    connection: Connection,
    view: str,
    segments: Sequence[Segment],
    rules: OutcomeRules,
    as_of: datetime | None = None,
    *,
    up_to: int | None = None,
) -> None:
    """Makes a table of label records: wb_id, wb_label, wb_label_timestamp, wb_row, sequence.

    Args:
        connection: scratch.
        view: its name.
        segments: committed label files.
        rules: tell the label's type.
        as_of: records with a later `label_timestamp` are left out.
        up_to: records that a later commit brought are left out.
    """
    type_ = "VARCHAR" if rules.is_classification else "DOUBLE"
    make_rows_view(
        connection,
        f"{view}_files",
        segments,
        {
            "wb_id": "VARCHAR",
            "wb_label": type_,
            "wb_label_timestamp": "TIMESTAMP",
            "wb_row": "BIGINT",
        },
    )
    make_sequences(connection, f"{view}_sequences", segments, (), 0)
    limits = []
    if as_of is not None:
        moment = naive(as_of).isoformat(sep=" ")
        limits.append(f"(wb_label_timestamp IS NULL OR wb_label_timestamp <= TIMESTAMP '{moment}')")
    if up_to is not None:
        limits.append(f"coalesce(wb_sequence, sequence) <= {up_to:d}")
    limit = f"WHERE {' AND '.join(limits)}" if limits else ""
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT * EXCLUDE (wb_path, wb_sequence, sequence), "
        f"coalesce(wb_sequence, sequence) AS sequence FROM {view}_files "
        f"JOIN {view}_sequences USING (wb_path) {limit}"
    )


def standing_labels(records: str, where: str = "") -> str:
    """The SELECT of the label that stands for each id: (wb_id, standing, standing_time, standing_sequence).

    The newest `label_timestamp` wins; a record without one is older than any; then the one
    ingested last, then the later row.
    """
    order = (
        "struct_pack(t := coalesce(wb_label_timestamp, TIMESTAMP '0001-01-01'), "
        "s := sequence, r := wb_row)"
    )
    return (
        f"SELECT wb_id, arg_max(struct_pack(v := wb_label, t := wb_label_timestamp, s := sequence), {order}) "
        f"AS standing FROM {records} {where} GROUP BY wb_id"
    )


def label_that_stands(row_sequence: str) -> str:
    """The label of a row that was joined with `standing_labels`: its own or the standing record.

    A label in the log itself has no time: a label record with one is newer, and so is one
    that was ingested after the row.
    """
    return (
        "CASE WHEN standing IS NULL THEN wb_label WHEN wb_label IS NULL OR standing.t IS NOT NULL "
        f"OR standing.s >= {row_sequence} THEN standing.v ELSE wb_label END"
    )
