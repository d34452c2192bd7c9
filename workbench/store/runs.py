"""Which retraining runs were there, and how far is each? One row a run, one a challenger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from workbench.domain.run import (
    OPEN,
    FitNote,
    Run,
    RunResult,
    fit_of,
    result_document,
    result_of,
    run_name,
)
from workbench.store.alerts import next_number
from workbench.store.catalog import aware, known_time, naive
from workbench.store.connections import Connection

_COLUMNS = (
    "run, model, state, backend, champion, author, mode, forced, requested_at, started_at, "
    "ended_at, phase, reason, said_window, verdict, train_rows, holdout_rows, data_version, result"
)


def run_number(run: str) -> int:
    """The number in a run's name.

    >>> run_number("run-12")
    12
    """
    return int(run.removeprefix("run-"))


def add_run(
    catalog: Connection,
    *,
    model: str,
    backend: str,
    champion: str,
    author: str,
    now: datetime,
    mode: str = "manual",
    forced: str | None = None,
) -> int:
    """Records in the open transaction that a run was asked for; its number."""
    number = next_number(catalog, "runs", "run")
    catalog.execute(
        f"INSERT INTO runs ({_COLUMNS}) VALUES "
        "(?, ?, 'queued', ?, ?, ?, ?, ?, ?, NULL, NULL, 'queued', NULL, '', NULL, 0, 0, '', NULL)",
        [number, model, backend, champion, author, mode, forced, naive(now)],
    )
    return number


def plan_run(
    catalog: Connection,
    number: int,
    fits: Sequence[FitNote],
    *,
    window: str,
    verdict: int | None,
    train_rows: int,
    holdout_rows: int,
    data_version: str,
) -> None:
    """Records what a run is to do."""
    catalog.execute(
        "UPDATE runs SET said_window = ?, verdict = ?, train_rows = ?, holdout_rows = ?, "
        "data_version = ? WHERE run = ?",
        [window, verdict, train_rows, holdout_rows, data_version, number],
    )
    for one in fits:
        note_fit(catalog, number, one)


def note_fit(catalog: Connection, number: int, fit: FitNote) -> None:
    """Records how far a challenger is."""
    catalog.execute(
        "INSERT OR REPLACE INTO run_fits VALUES (?, ?, ?)",
        [number, fit.number, json.dumps(asdict(fit))],
    )


def note_phase(catalog: Connection, number: int, phase: str, now: datetime) -> None:
    """Records what an open run does; the first time, that it has begun."""
    catalog.execute(
        "UPDATE runs SET state = 'running', phase = ?, started_at = coalesce(started_at, ?) "
        "WHERE run = ? AND list_contains(?::VARCHAR[], state)",
        [phase, naive(now), number, list(OPEN)],
    )


def end_run(
    catalog: Connection,
    number: int,
    state: str,
    now: datetime,
    *,
    reason: str | None = None,
    result: RunResult | None = None,
) -> bool:
    """Records how a run ended; False where it had ended before, which stands.

    Args:
        catalog: in a transaction that writes.
        number: the run's.
        state: a final one.
        now: the machine's clock.
        reason: why it failed or was cancelled.
        result: of one that succeeded.
    """
    document = json.dumps(result_document(result)) if result is not None else None
    rows = catalog.execute(
        "UPDATE runs SET state = ?, phase = '', reason = ?, result = ?, ended_at = ? "
        "WHERE run = ? AND list_contains(?::VARCHAR[], state) RETURNING run",
        [state, reason, document, naive(now), number, list(OPEN)],
    ).fetchall()
    return bool(rows)


def read_runs(
    catalog: Connection,
    *,
    number: int | None = None,
    model: str | None = None,
    only_open: bool = False,
) -> tuple[Run, ...]:
    """Runs with their challengers, newest first.

    Args:
        catalog: open.
        number: only this one; empty if there is none of this number.
        model: only those of this model.
        only_open: only those that are under way.
    """
    rows = catalog.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE (?::BIGINT IS NULL OR run = ?) "
        "AND (?::VARCHAR IS NULL OR model = ?) "
        "AND (NOT ? OR list_contains(?::VARCHAR[], state)) ORDER BY run DESC",
        [number, number, model, model, only_open, list(OPEN)],
    ).fetchall()
    fits: dict[int, list[FitNote]] = {row[0]: [] for row in rows}
    for run, note in catalog.execute(
        "SELECT run, note FROM run_fits WHERE run IN (SELECT unnest(?::BIGINT[])) ORDER BY run, fit",
        [list(fits)],
    ).fetchall():
        fits[run].append(fit_of(json.loads(note)))
    return tuple(_run(row, tuple(fits[row[0]])) for row in rows)


def _run(row: tuple[Any, ...], fits: tuple[FitNote, ...]) -> Run:
    (
        number, model, state, backend, champion, author, mode, forced, requested, started, ended,
        phase, reason, window, verdict, train_rows, holdout_rows, data_version, result,
    ) = row  # fmt: skip
    return Run(
        id=run_name(number), model=model, state=state, backend=backend, champion=champion,
        author=author, requested_at=known_time(requested), started_at=aware(started),
        ended_at=aware(ended), phase=phase, reason=reason, window=window, verdict=verdict,
        mode=mode, forced=forced, train_rows=train_rows, holdout_rows=holdout_rows,
        data_version=data_version, fits=fits,
        result=result_of(json.loads(result)) if result is not None else None,
    )  # fmt: skip
