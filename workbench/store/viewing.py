"""Which views are there to ask, and which of them does a query need? Only these are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.domain.names import file_stem, shown
from workbench.errors import QueryError
from workbench.store.connections import Connection, StoreHome
from workbench.store.query_guard import CATALOG, MAIN, CheckedQuery, Relation
from workbench.store.query_views import StoredModel, make_model_views, withheld_text
from workbench.store.quoting import identifier, literal, literal_list
from workbench.store.withholding import catalog_tables, make_catalog_views

QUARANTINE = "quarantine"


@dataclass(frozen=True)
class ViewNames:
    """Every view, and whose it is."""

    rows: dict[str, StoredModel]
    """Name of the view over a model's rows to the model."""
    labels: dict[str, StoredModel]
    """Name of the view over a model's label records to the model."""
    quarantine: str
    """Name of the view over the rows that were set aside."""
    tables: tuple[str, ...]
    """The catalog's tables."""

    @property
    def relations(self) -> frozenset[Relation]:
        """All of them."""
        main = (*self.rows, *self.labels, self.quarantine)
        return frozenset((MAIN, name.lower()) for name in main) | {
            (CATALOG, name) for name in self.tables
        }


def view_names(connection: Connection, database: str, models: Sequence[StoredModel]) -> ViewNames:
    """The names of all views; models that would have the same are told apart by an underscore."""
    taken: set[str] = set()
    rows = {_free(model.name, taken): model for model in models}
    labels = {_free(f"{name}_labels", taken): model for name, model in rows.items()}
    return ViewNames(
        rows, labels, _free(QUARANTINE, taken), tuple(catalog_tables(connection, database))
    )


def make_views(
    connection: Connection,
    database: str,
    home: StoreHome,
    models: Sequence[StoredModel],
    names: ViewNames,
    query: CheckedQuery,
    as_of: datetime | None,
) -> list[Path]:
    """Makes the views that a query names; the files that they read.

    Raises:
        QueryError: the card of a model cannot be read.
    """
    paths: list[Path] = []
    for number, (view, labels) in enumerate(zip(names.rows, names.labels, strict=True)):
        if not {(MAIN, view.lower()), (MAIN, labels.lower())} & query.relations:
            continue
        model = names.rows[view]
        if model.card is None:
            raise QueryError(
                f"the card of {shown(model.name)} cannot be read, so what is sensitive is unknown",
                f"Put models/{shown(file_stem(model.name))}.toml in order: workbench model check.",
            )
        make_model_views(connection, model, model.card, number, view, labels, as_of)
        paths += [s.path for s in (*model.segments.predictions, *model.segments.labels)]
    if (MAIN, names.quarantine.lower()) in query.relations:
        paths += _make_quarantine(connection, database, home, models, names.quarantine)
    if any(schema == CATALOG for schema, _ in query.relations):
        connection.execute(f"CREATE SCHEMA {CATALOG}")
        make_catalog_views(connection, database, CATALOG, models)
    return paths


def listing(names: ViewNames) -> str:
    """The query that SHOW TABLES stands for."""
    lines = [(MAIN, view, f"predictions of {m.name}") for view, m in names.rows.items()]
    lines += [(MAIN, view, f"label records of {m.name}") for view, m in names.labels.items()]
    lines.append((MAIN, names.quarantine, "rows that were set aside"))
    lines += [(CATALOG, table, "table of the catalog") for table in names.tables]
    values = ", ".join("(" + ", ".join(map(literal, line)) + ")" for line in lines)
    return f"SELECT * FROM (VALUES {values}) AS views(schema, name, holds)"


def _make_quarantine(
    connection: Connection,
    database: str,
    home: StoreHome,
    models: Sequence[StoredModel],
    view: str,
) -> list[Path]:
    """Makes the view over rows set aside; what may hold a sensitive value is withheld."""
    known = connection.execute(
        f"SELECT DISTINCT path, model, batch FROM {database}.main.quarantine ORDER BY ALL"
    ).fetchall()
    files = [(home.quarantine / path, model, batch) for path, model, batch in known]
    files = [file for file in files if file[0].exists()]
    fields = "source, position, position_is, reason, detail, row_text"
    if not files:
        empty = ", ".join(
            f"NULL::{'BIGINT' if name == 'position' else 'VARCHAR'} AS {name}"
            for name in ("model", "batch", *fields.split(", "))
        )
        connection.execute(f"CREATE VIEW {identifier(view)} AS SELECT {empty} WHERE false")
        return []
    veiled = [model.name for model in models if model.sensitive is None or model.sensitive]
    hidden = f"list_contains({literal_list(veiled)}, model)"
    replaced = ", ".join(
        f"CASE WHEN {hidden} THEN {withheld_text(name)} ELSE {name} END AS {name}"
        for name in ("detail", "row_text")
    )
    whose = ", ".join("(" + ", ".join(literal(str(part)) for part in file) + ")" for file in files)
    listed = literal_list(str(path) for path, _, _ in files)
    connection.execute(
        f"CREATE VIEW {identifier(view)} AS SELECT model, batch, {fields} FROM (SELECT * REPLACE ({replaced}) "
        f"FROM read_parquet({listed}, union_by_name = true, filename = true, hive_partitioning = false) "
        f"JOIN (VALUES {whose}) AS owners(filename, model, batch) USING (filename))"
    )
    return [path for path, _, _ in files]


def _free(name: str, taken: set[str]) -> str:
    while name.lower() in taken:
        name += "_"
    taken.add(name.lower())
    return name
