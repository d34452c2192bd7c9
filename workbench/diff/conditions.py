"""Which conditions may narrow a comparison? One expression that reads its own row and nothing else."""

from __future__ import annotations

import json
from typing import Any

from workbench.diff.sides import DiffError
from workbench.domain.names import shown
from workbench.errors import QueryError, WorkbenchError
from workbench.store.connections import Connection
from workbench.store.failures import translated
from workbench.store.query_guard import check_query

_HINT = "Write a condition over the columns, such as: --where \"carrier = 'UA' AND distance > 500\""
_PLAIN: dict[str, Any] = {
    "modifiers": [],
    "group_sets": [],
    "having": None,
    "sample": None,
    "qualify": None,
}


def require_condition(connection: Connection, text: str) -> None:
    """Makes sure that a text is a condition and nothing more.

    Raises:
        DiffError: it cannot be read, or does more than look at a row.
    """
    query = f"SELECT 1 FROM t WHERE ({text}\n)"
    try:
        check_query(connection, query, {("main", "t")})
        answer = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchall()
    except QueryError as error:
        raise DiffError(f"the condition cannot be used: {error.message}", _HINT) from None
    tree = json.loads(answer[0][0])
    node = tree["statements"][0]["node"]
    is_plain = node.get("type") == "SELECT_NODE" and all(
        node.get(key) == value for key, value in _PLAIN.items()
    )
    if not is_plain or _holds_query(node.get("where_clause")):
        raise DiffError("the condition asks for more than a row's values", _HINT)


def require_answerable(connection: Connection, name: str, rows: str) -> None:
    """Makes sure that a condition can be asked of the rows of a side.

    Args:
        connection: the one that the side is on.
        name: how the side is shown.
        rows: the rows that the condition keeps, as a FROM clause.

    Raises:
        DiffError: a column is not there, or the types do not fit.
    """
    try:
        with translated():
            connection.execute(f"SELECT 1 FROM {rows} LIMIT 0").fetchall()
    except WorkbenchError as error:
        said = error.message.partition(": ")[2] or error.message
        raise DiffError(
            f"the condition cannot be asked of {shown(name)}: {shown(said, 200)}", _HINT
        ) from None


def _holds_query(node: Any) -> bool:
    if isinstance(node, dict):
        return node.get("class") == "SUBQUERY" or any(_holds_query(v) for v in node.values())
    if isinstance(node, list):
        return any(_holds_query(item) for item in node)
    return False
