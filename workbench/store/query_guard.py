"""Which queries may be asked? One statement that only reads, of views that are known.

What a query may open is decided on its syntax tree, not on its text: tables that are no known
view, functions that read files, and statements that write are refused before it is run. The
connection that runs it is locked down besides (see `querying`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from workbench.domain.names import shown
from workbench.errors import QueryError
from workbench.store.connections import Connection

MAIN, CATALOG = "main", "catalog"
"""The schemas of the views: those a model and of set-aside rows, and those of the catalog."""

Relation = tuple[str, str]
"""(schema, name), the name in lower case."""

TABLE_FUNCTIONS = frozenset(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"}
)
"""Those that read nothing but their arguments."""
_REFUSED_FUNCTIONS = frozenset({"json_serialize_plan", "getenv", "write_log"})
"""A plan is made of the files' statistics, the others reach out of the query."""
_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_REFERENCES = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT", "SHOW_REF"}
)  # fmt: skip
_LISTINGS = frozenset({"tables", "__show_tables_expanded"})
_READS = "Ask with SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES or EXPLAIN SELECT."


@dataclass(frozen=True)
class CheckedQuery:
    """A query that only reads, and what it reads."""

    text: str
    """The statement, without what ends it."""
    relations: frozenset[Relation]
    """The views that it names."""
    is_listing: bool = False
    """It is SHOW TABLES."""
    is_plan: bool = False
    """It is an EXPLAIN."""


def check_query(connection: Connection, query: str, known: Collection[Relation]) -> CheckedQuery:
    """The query, when it is one statement that reads known views and nothing else.

    Args:
        connection: any open one; nothing is run on it but the parser.
        query: the text that was asked.
        known: the views that there are.

    Raises:
        QueryError: the query cannot be read, or asks for more than that.
    """
    text, is_plan = _statement(connection, query)
    tree = _tree(connection, text)
    try:
        return _checked(tree, text, is_plan, known)
    except RecursionError:
        raise QueryError("the query is nested too deeply", "Break it up with WITH.") from None


def refused(error: duckdb.Error, known: Collection[Relation]) -> QueryError:
    """What DuckDB says of a query, in one line, with a hint."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    message = re.sub(r"^[A-Za-z ]+ Error: ", "", first)
    near = next((line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))), "")
    return QueryError(f"the query cannot be answered: {message[:400]}", near or listed_views(known))


def listed_views(known: Collection[Relation]) -> str:
    """The hint that lists the views."""
    names = sorted(quoted(name) for schema, name in known if schema == MAIN)
    some = ", ".join(shown(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
    return f"Views: {some} and those of schema {CATALOG}; `SHOW TABLES` lists all, DESCRIBE NAME the columns."


def quoted(name: str) -> str:
    """A name as a query must write it: quoted where it is not a plain word."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def _statement(connection: Connection, query: str) -> tuple[str, bool]:
    try:
        query.encode("utf-8")
    except UnicodeEncodeError:
        raise QueryError("the query is not UTF-8 text", "Write it as UTF-8.") from None
    if "\0" in query:
        raise QueryError("the query holds a NUL character", "Take it out.")
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise _unreadable(str(error)) from error
    if not statements:
        raise QueryError("the query is empty", _READS)
    if len(statements) > 1 or statements[0].type == duckdb.StatementType.MULTI:
        raise QueryError(
            "one statement can be asked at a time",
            "Ask one after the other; PIVOT needs its values: ON column IN (...).",
        )
    parts = _parts(statements[0].query)
    text = "".join(parts).strip()
    if statements[0].type == duckdb.StatementType.SELECT:
        return text, False
    if statements[0].type != duckdb.StatementType.EXPLAIN:
        raise QueryError(f"sql only reads: {statements[0].type.name} is refused", _READS)
    rest = "".join(parts[1:])
    if re.match(r"analy[sz]e\b|\(", rest, re.IGNORECASE):
        # It would run the query and show the values that its joins met.
        raise QueryError("EXPLAIN ANALYZE is refused", "Write EXPLAIN SELECT ...")
    return _statement(connection, rest)[0], True


def _parts(statement: str) -> list[str]:
    """The statement from each of its tokens to the next, without comments around it or a ; at its end."""
    raw = statement.encode()
    tokens = [
        (place, kind.name == "comment" or raw[place : place + 1] == b";")
        for place, kind in duckdb.tokenize(statement)
    ]
    while tokens and tokens[0][1]:
        del tokens[0]
    end = len(raw)
    while tokens and tokens[-1][1]:
        end = tokens.pop()[0]
    starts = [place for place, _ in tokens]
    return [
        raw[start:stop].decode() for start, stop in zip(starts, [*starts[1:], end], strict=True)
    ]


def _tree(connection: Connection, text: str) -> Any:
    try:
        answer = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()
        tree = json.loads(answer[0][0])
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise QueryError("the query cannot be checked", _READS) from error
    if tree.get("error"):
        raise _unreadable(str(tree.get("error_message", "")))
    return tree


def _unreadable(said: str) -> QueryError:
    first = re.sub(r"^[A-Za-z ]+ Error: ", "", (said.strip().splitlines() or ["it is no SQL"])[0])
    return QueryError(f"the query cannot be read: {first}", _READS)


def _checked(tree: Any, text: str, is_plan: bool, known: Collection[Relation]) -> CheckedQuery:
    named: set[Relation] = set()
    own: set[str] = set()
    bases: list[dict[str, Any]] = []
    is_listing = False
    for node in _dictionaries(tree):
        type_ = str(node.get("type", ""))
        if "query_node" in node and "materialized" in node:
            continue
        if type_.endswith("_NODE") and type_ not in _NODES:
            raise QueryError("sql only reads: a WITH that writes is refused", _READS)
        if "cte_map" in node:
            own |= _own_names(node["cte_map"])
        _check_function(node)
        if "sample" in node and "query_location" in node:
            if type_ not in _REFERENCES:
                raise QueryError(f"{type_} cannot be asked", _READS)
            if type_ == "TABLE_FUNCTION":
                _check_table_function(node)
            elif type_ == "BASE_TABLE":
                bases.append(node)
            elif type_ == "SHOW_REF" and node.get("query") is None:
                is_listing = _check_listing(node, tree)
    for node in bases:
        relation = _relation(node, own, known)
        if relation is not None:
            named.add(relation)
    return CheckedQuery(text, frozenset(named), is_listing, is_plan)


def _dictionaries(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, however deep."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _own_names(map_: Any) -> set[str]:
    """The names that a query gives to parts of itself.

    A name with a dot is refused: where it is not in scope it would be tried as a file's.
    """
    names = {str(entry["key"]).lower() for entry in map_["map"]}
    odd = [name for name in names if "." in name or "/" in name]
    if odd:
        raise QueryError(
            f"{shown(odd[0])!r} cannot be the name of a WITH part", "Give it a plain name."
        )
    return names


def _check_function(node: dict[str, Any]) -> None:
    name = str(node.get("function_name", "")).lower()
    if name in _REFUSED_FUNCTIONS:
        raise QueryError(f"the function {name} is refused", "Ask without it.")


def _check_table_function(node: dict[str, Any]) -> None:
    name = str((node.get("function") or {}).get("function_name", "")).lower()
    if name not in TABLE_FUNCTIONS:
        raise QueryError(
            f"the table function {shown(name)} is refused: sql reads this workspace's store only",
            "Select from the views; SHOW TABLES lists them.",
        )


def _check_listing(node: dict[str, Any], tree: Any) -> bool:
    name = str(node.get("table_name", "")).strip('"').lower()
    if name not in _LISTINGS:
        raise QueryError(f"SHOW {shown(name)} is refused", "SHOW TABLES lists the views.")
    if tree["statements"][0]["node"].get("from_table") is not node:
        raise QueryError("SHOW TABLES cannot be part of a query", "Ask it by itself.")
    return True


def _relation(node: dict[str, Any], own: set[str], known: Collection[Relation]) -> Relation | None:
    catalog, schema, table = (
        str(node.get(key) or "") for key in ("catalog_name", "schema_name", "table_name")
    )
    if not catalog and not schema and table.lower() in own:
        return (MAIN, table.lower()) if (MAIN, table.lower()) in known else None
    relation = (schema.lower() or MAIN, table.lower())
    if catalog or relation not in known:
        path = ".".join(part for part in (catalog, schema, table) if part)
        raise QueryError(f"there is no view {shown(path)!r}", listed_views(known))
    return relation
