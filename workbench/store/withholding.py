"""Which of the catalog's columns hold values of rows, and for whom must they not be seen?

The catalog is shown table by table as it is, but for what the cards call sensitive: bins,
names and sums of such columns are withheld. A table that is not named here is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workbench.store.baseline import REFERENCE
from workbench.store.connections import Connection
from workbench.store.query_views import WITHHELD, StoredModel
from workbench.store.quoting import literal, literal_list

OPEN_TABLES = frozenset(
    {
        "commits",
        "batches",
        "files",
        "quarantine",
        "schema_steps",
        "profile_counts",
        "retained",
        "remote_objects",
        "label_delays",
        "alerts",
        "alert_tellings",
        "incidents",
        "events",
        "verdict_overrules",
        "version_baselines",
        "version_lives",
    }
)
"""Tables without a value of any row."""
HIDDEN_TABLES = frozenset({"pseudonym_keys", "tombstones"})
"""Tables that are not shown: with them it could be tried who is meant."""
_BIN_HIDDEN = (
    "((bins_id, column_no) IN (SELECT * FROM wb_hidden_bins) "
    f"OR replace(bins_id, '{REFERENCE}:', '') NOT IN (SELECT bins_id FROM wb_known_bins))"
)
_TEXT, _NUMBER = literal(WITHHELD), "NULL"


def _of_rules(what: str) -> str:
    return f"(rules_id, {literal(what)}) IN (SELECT * FROM wb_hidden_rules) OR {_RULES_UNKNOWN}"


_RULES_UNKNOWN = "rules_id NOT IN (SELECT rules_id FROM wb_known_rules)"
_SEGMENT_HIDDEN = (
    f"segment_no > 0 AND ((rules_id, 'segment ' || segment_no) IN (SELECT * FROM wb_hidden_rules) "
    f"OR {_RULES_UNKNOWN})"
)
_KEYS = {"model_version": (_of_rules("model_version"), _TEXT), "arm": (_of_rules("arm"), _TEXT)}
_JUDGED = f"{_of_rules('label')} OR {_of_rules('prediction')}"
_ERRORS, _CLASSES = (_JUDGED, _NUMBER), (_JUDGED, _TEXT)

VEILED_TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "bins": dict.fromkeys(
        ("edges", "psi_edges", "categories", "other", "center"), (_BIN_HIDDEN, "NULL")
    ),
    "profile_moments": dict.fromkeys(
        ("total", "total_squares", "minimum", "maximum"), (_BIN_HIDDEN, _NUMBER)
    ),
    "profile_unseen": {"name": (_BIN_HIDDEN, _TEXT)},
    "outcomes": _KEYS
    | {"segment": (_SEGMENT_HIDDEN, _TEXT)}
    | dict.fromkeys(("error", "absolute_error", "squared_error"), _ERRORS),
    "outcome_scores": _KEYS,
    "outcome_classes": _KEYS
    | {"label": (_of_rules("label"), _TEXT), "prediction": (_of_rules("prediction"), _TEXT)},
    "row_estimates": {"versions": (_of_rules("model_version"), _TEXT), "figures": _CLASSES},
    "segments": {"reading": ("model IN (SELECT * FROM wb_veiled_models)", _TEXT)},
    "alert_entries": {"message": ("alert IN (SELECT * FROM wb_veiled_alerts)", _TEXT)},
    "incident_entries": {"text": ("incident IN (SELECT * FROM wb_veiled_incidents)", _TEXT)},
    "decisions": dict.fromkeys(
        ("reason", "evidence"), ("model IN (SELECT * FROM wb_veiled_models)", _TEXT)
    ),
    "verdicts": {"document": ("model IN (SELECT * FROM wb_veiled_models)", _TEXT)},
    "runs": dict.fromkeys(
        ("result", "reason", "forced"), ("model IN (SELECT * FROM wb_veiled_models)", _TEXT)
    ),
    "run_fits": {"note": ("run IN (SELECT * FROM wb_veiled_runs)", _TEXT)},
    "baselines": {"shape": _CLASSES, "rules": _CLASSES},
    "kept_baselines": {"shape": _CLASSES, "rules": _CLASSES},
}
"""Table to column to (when it is withheld, what stands in its place)."""


def make_catalog_views(
    connection: Connection, database: str, schema: str, models: Sequence[StoredModel]
) -> None:
    """Makes a view of every table of the catalog in a schema.

    Args:
        connection: scratch, with the copy of the catalog attached.
        database: the name it is attached under.
        schema: where the views go; it exists.
        models: every model, with what its card calls sensitive.
    """
    _make_hidden(connection, database, models)
    for name in catalog_tables(connection, database):
        columns = "*"
        veiled = _present(connection, database, name)
        if veiled:
            replaced = ", ".join(
                f"CASE WHEN {column} IS NULL OR {hidden} THEN {_kept(column, instead)} ELSE {column} END AS {column}"
                for column, (hidden, instead) in veiled.items()
            )
            columns += f" REPLACE ({replaced})"
        connection.execute(
            f"CREATE VIEW {schema}.{name} AS SELECT {columns} FROM {database}.main.{name}"
        )


def catalog_tables(connection: Connection, database: str) -> list[str]:
    """The tables of the catalog that are shown, sorted."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY 1", [database]
    ).fetchall()
    return [str(row[0]) for row in found if row[0] in OPEN_TABLES or row[0] in VEILED_TABLES]


def _present(connection: Connection, database: str, table: str) -> dict[str, tuple[str, str]]:
    """What is withheld of the columns that a table has."""
    rows = connection.execute(f"DESCRIBE {database}.main.{table}").fetchall()
    names = {row[0] for row in rows}
    return {name: how for name, how in VEILED_TABLES.get(table, {}).items() if name in names}


def _kept(column: str, instead: str) -> str:
    return instead if instead == _NUMBER else f"CASE WHEN {column} IS NOT NULL THEN {instead} END"


def _make_hidden(connection: Connection, database: str, models: Sequence[StoredModel]) -> None:
    """Makes the tables of what is withheld, and of the bins and rules that are known."""
    of_bins = {model.bins_id: model for model in models if model.bins_id}
    columns = connection.execute(
        f"SELECT bins_id, column_no, name FROM {database}.main.bins"
    ).fetchall()
    hidden = [
        (prefix + str(bins_id), int(number))
        for bins_id, number, name in columns
        for prefix in ("", f"{REFERENCE}:")
        if _withholds(of_bins.get(bins_id), models, name)
    ]
    _fill(connection, "wb_hidden_bins", "bins_id VARCHAR, column_no SMALLINT", hidden)
    _fill(connection, "wb_known_bins", "bins_id VARCHAR", [(str(row[0]),) for row in columns])
    veiled = [(model.name,) for model in models if model.sensitive is None or model.sensitive]
    _fill(connection, "wb_veiled_models", "model VARCHAR", veiled)
    # What was written before a column became sensitive may name its values.
    bare = [model.name for model in models if (model.name,) not in veiled]
    there = {
        row[0]
        for row in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [database]
        ).fetchall()
    }
    numbered = (("alerts", "alert"), ("incidents", "incident"), ("runs", "run"))
    for table, number in ((t, n) for t, n in numbered if t in there):
        connection.execute(
            f"CREATE TABLE wb_veiled_{table} AS SELECT {number} FROM {database}.main.{table} "
            f"WHERE NOT list_contains({literal_list(bare)}, model)"
        )
    known, rules = [], []
    for model in models:
        for prefix in ("", f"{REFERENCE}:"):
            rules_id = prefix + model.rules_id
            known.append((rules_id,))
            rules += [(rules_id, what) for what, column in _asked(model) if model.withholds(column)]
    if not veiled:
        known += connection.execute(
            f"SELECT DISTINCT rules_id FROM {database}.main.outcomes"
        ).fetchall()
    _fill(connection, "wb_known_rules", "rules_id VARCHAR", known)
    _fill(connection, "wb_hidden_rules", "rules_id VARCHAR, what VARCHAR", rules)


def _withholds(model: StoredModel | None, models: Iterable[StoredModel], column: str) -> bool:
    """Whether a column's values are withheld; bins of a former reference are anyone's."""
    if model is not None:
        return model.withholds(column)
    return any(other.withholds(column) for other in models)


def _asked(model: StoredModel) -> list[tuple[str, str]]:
    asked = [(f"segment {i}", name) for i, name in enumerate(model.shape.segments, 1)]
    if model.card is None:
        return [*asked, *((what, what) for what in ("label", "prediction", "arm"))]
    columns = model.card.columns
    return [
        *asked,
        ("label", columns.label),
        ("prediction", columns.prediction),
        ("arm", columns.experiment),
        ("model_version", columns.model_version),
    ]


def _fill(
    connection: Connection, table: str, columns: str, rows: Sequence[tuple[str | int, ...]]
) -> None:
    connection.execute(f"CREATE TABLE {table} ({columns})")
    if rows:
        values = ", ".join(
            "(" + ", ".join(literal(v) if isinstance(v, str) else str(v) for v in row) + ")"
            for row in dict.fromkeys(rows)
        )
        connection.execute(f"INSERT INTO {table} VALUES {values}")
