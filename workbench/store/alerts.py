"""Which alerts are raised, and what was said of them? Appended to, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from workbench.domain.alert import Finding, RaisedAlert
from workbench.store.catalog import known_time, naive
from workbench.store.connections import Connection

_NEWEST = (
    "SELECT a.alert, a.model, a.kind, e.columns, a.since, a.raised_look, a.incident, e.status, "
    "e.look, e.message, t.status AS told FROM alerts a JOIN (SELECT * FROM alert_entries "
    "WHERE ?::TIMESTAMP IS NULL OR noted_at <= ? "
    "QUALIFY row_number() OVER (PARTITION BY alert ORDER BY rowid DESC) = 1) e USING (alert) "
    "LEFT JOIN (SELECT * FROM alert_tellings "
    "QUALIFY row_number() OVER (PARTITION BY alert ORDER BY rowid DESC) = 1) t USING (alert)"
)
# The newest entry is the last one written: a clock may be set back.


def read_raised(
    catalog: Connection, models: Sequence[str], as_of: datetime | None = None
) -> tuple[RaisedAlert, ...]:
    """The alerts of some models that are not over, oldest first.

    Args:
        catalog: the catalog.
        models: their names.
        as_of: what was recorded later does not exist; None: everything does.
    """
    moment = naive(as_of) if as_of is not None else None
    rows = catalog.execute(
        f"{_NEWEST} WHERE e.status <> 'ok' AND a.model IN (SELECT unnest(?::VARCHAR[])) "
        "ORDER BY a.alert",
        [moment, moment, list(models)],
    ).fetchall()
    return tuple(_alert(row) for row in rows)


def add_alert(
    catalog: Connection, model: str, finding: Finding, now: datetime, incident: int
) -> RaisedAlert:
    """Raises an alert; returns it with its number.

    Args:
        catalog: in a transaction that writes.
        model: whose.
        finding: what was found.
        now: the machine's clock.
        incident: the incident that it belongs to.
    """
    number = next_number(catalog, "alerts", "alert")
    catalog.execute(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number, model, finding.kind, list(finding.columns), naive(finding.since),
            naive(finding.look), naive(now), incident,
        ],
    )  # fmt: skip
    add_alert_entry(catalog, number, finding, now)
    return RaisedAlert(
        number, model, finding.kind, finding.columns, finding.since, finding.look, incident,
        finding.status, finding.look, finding.message,
    )  # fmt: skip


def add_alert_entry(
    catalog: Connection, alert: int, finding: Finding, now: datetime, status: str | None = None
) -> None:
    """Appends what a look says of an alert; the status `ok` says that it is over."""
    catalog.execute(
        "INSERT INTO alert_entries VALUES (?, ?, ?, ?, ?, ?)",
        [
            alert, naive(now), naive(finding.look), status or finding.status,
            list(finding.columns), finding.message,
        ],
    )  # fmt: skip


def add_telling(catalog: Connection, alert: int, status: str, now: datetime) -> None:
    """Records that a check has told of an alert what no check before it had.

    Args:
        catalog: in a transaction that writes.
        alert: its number.
        status: as loud as it was told.
        now: the machine's clock.
    """
    catalog.execute("INSERT INTO alert_tellings VALUES (?, ?, ?)", [alert, naive(now), status])


def next_number(catalog: Connection, table: str, column: str) -> int:
    """The number after the largest one of a table; taken for good once the transaction commits."""
    rows = catalog.execute(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").fetchall()
    return int(rows[0][0])


def _alert(row: tuple[Any, ...]) -> RaisedAlert:
    number, model, kind, columns, since, raised, incident, status, look, message, told = row
    return RaisedAlert(
        int(number), str(model), str(kind), tuple(columns), known_time(since), known_time(raised),
        int(incident), str(status), known_time(look), str(message), told,
    )  # fmt: skip
