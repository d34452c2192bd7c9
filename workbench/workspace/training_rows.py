"""Which rows may a model learn from now? Those since the onset and before it, without the faulty ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.fault import Fault
from workbench.domain.names import shown
from workbench.domain.period import Period, bucket_start, iso
from workbench.domain.verdict import Exclusion, Verdict
from workbench.errors import ReferenceTableError, WorkbenchError
from workbench.performance.badness import badness
from workbench.retrain.artifacts import load_artifact
from workbench.store.measured import Choice
from workbench.store.sampled_rows import sampled_reference, sampled_rows
from workbench.triage.undoing import affected
from workbench.workspace.completing import label_law, without_unripe
from workbench.workspace.fitting import one_thread
from workbench.workspace.subjects import Subject
from workbench.workspace.trusting import is_artifact_trusted

if TYPE_CHECKING:
    import polars as pl

    from workbench.workspace import Workspace

MOST_ROWS = 200_000
"""Rows of each side at most; a sample where there are more."""

_BACK = timedelta(weeks=13)
"""How far before the onset older rows are taken from."""
_ENOUGH_OLDER = 2_000
"""With fewer older rows, those of the training table are added."""


@dataclass(frozen=True)
class Window:
    """Which rows a run learns from."""

    incident: Period
    """Up to the newest bucket whose labels are in."""
    older: Period | None
    words: str
    verdict: int | None = None
    exclude: tuple[Exclusion, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Whose rows are left out, where no verdict names them."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a run, before they are cut."""

    incident: pl.DataFrame = field(repr=False)
    """As `RowSample.frame`, labelled rows of every version, each id once."""
    older: pl.DataFrame | None = field(repr=False)
    left_out: int
    """Rows that are excluded as faulty."""
    notes: tuple[str, ...] = ()


def choose_window(ws: Workspace, subject: Subject, asked: str | None) -> Window:
    """Which rows a run learns from: the asked ones, else since the onset that triage found.

    The newest verdict is followed when it is on the present champion and its period ends within a
    window of now; else the onset is looked for, and the rows of alarming faults are left out.

    Raises:
        NoRowsError: there are none.
        PeriodError: the asked period cannot be read.
    """
    from workbench.workspace.triaging import newest_verdict

    end = _ripe_end(subject)
    verdict = newest_verdict(ws, subject.card.name) if ws.seen_as_of is None else None
    newest = subject.period(None)
    if verdict is not None and not _is_of_now(verdict, subject, newest):
        verdict = None
    exclude = verdict.exclude if verdict is not None else ()
    number = verdict.id if verdict is not None else None
    if asked is not None:
        period = subject.period(asked)
        until = max(min(period.end, end), period.start)
        words = f"{iso(period.start)} to {iso(until)}, as asked"
        return _window(subject, period.start, until, words, number, exclude)
    if verdict is not None:
        start = _begin(subject, verdict.onset or verdict.period.start, end)
        words = f"since {iso(start)}, by verdict {number} ({verdict.verdict.replace('_', ' ')})"
        return _window(subject, start, end, words, number, exclude)
    onset, faults = _found_onset(ws, subject)
    start = _begin(subject, onset or newest.start, end)
    words = f"since {iso(start)}, " + ("the onset" if onset else "no onset stands out")
    return _window(subject, start, end, words, None, (), faults)


def collect_rows(
    ws: Workspace, subject: Subject, window: Window, table: Path | None, most: int = MOST_ROWS
) -> TrainingRows:
    """The rows of a window, and of a table in the place of the older ones.

    Args:
        ws: the workspace.
        subject: the model.
        window: which rows.
        table: with the reference's features and a label; None: the stored rows before the
            window, and the training table where they are few.
        most: rows of each side.

    Raises:
        ReferenceTableError: the table cannot be read.
    """
    import polars as pl

    entity = subject.card.columns.entity
    further = {entity: "VARCHAR"} if entity else None
    if entity in {
        *subject.store.baseline.shape.feature_names,
        *subject.store.baseline.shape.segments,
    }:
        further = None

    def stored(period: Period) -> pl.DataFrame:
        found = sampled_rows(subject.store, period, most=most, only_labelled=True, further=further)
        if not found.is_whole:
            notes.append(f"{found.frame.height:,} of {found.rows:,} labelled rows are taken")
        return found.frame.unique("wb_id", keep="last", maintain_order=True)

    notes: list[str] = []
    incident = stored(window.incident)
    older: pl.DataFrame | None = None
    if table is not None:
        older = _of_table(ws, subject, table, most)
    elif window.older is not None:
        older = stored(window.older)
    if table is None and (older is None or older.height < _ENOUGH_OLDER):
        own = ws.root / subject.card.training.data
        if own.exists():
            try:
                known = _of_table(ws, subject, own, most)
            except ReferenceTableError as error:
                notes.append(error.message)
            else:
                parts = [known] if older is None else [known, older]
                older = pl.concat(parts, how="diagonal_relaxed")
    kept = _clean(incident, window)
    left_out = incident.height - kept.height
    if older is not None:
        clean = _clean(older, window)
        left_out += older.height - clean.height
        older = clean
    if left_out:
        notes.append(f"{left_out:,} rows with faults are left out")
    return TrainingRows(kept, older, left_out, tuple(notes))


def champion_losses(
    ws: Workspace, subject: Subject, rows: pl.DataFrame
) -> tuple[pl.DataFrame, str]:
    """Rows with `wb_champion_bad`, and where that is from.

    The champion's artifact says it for every row, where it can be loaded; else what was logged
    does, for the rows that this version predicted, and the others are left out.

    Raises:
        WorkbenchError: neither is known.
    """
    import numpy as np
    import polars as pl

    card, store = subject.card, subject.store
    features, rules = store.baseline.shape.features, store.baseline.rules
    try:
        with one_thread():
            champion = load_artifact(
                ws.root, card, features, rules, is_trusted=is_artifact_trusted(ws.root, card)
            )
            said = champion(rows.select(one.name for one in features))
        bad = badness(rules, said["wb_prediction"], rows["wb_label"])
        bad = np.where(np.isfinite(bad), bad, 1.0)
        return rows.with_columns(pl.Series("wb_champion_bad", bad)), "by its artifact"
    except WorkbenchError as error:
        own = (pl.col("wb_version") == subject.champion) & pl.col("wb_bad").is_not_null()
        logged = rows.filter(own)
        if not logged.height:
            raise WorkbenchError(
                f"nothing says how the champion {shown(subject.champion, 40)} does on the newest "
                f"labels: {error.message}, and none of the rows is its own",
                "Name its file as [model] artifact in the card.",
            ) from error
        return (
            logged.with_columns(pl.col("wb_bad").alias("wb_champion_bad")),
            f"as logged ({error.message})",
        )


def _is_of_now(verdict: Verdict, subject: Subject, newest: Period) -> bool:
    is_own = not verdict.versions or subject.champion in verdict.versions
    return is_own and verdict.period.end > newest.start


def _window(
    subject: Subject,
    start: datetime,
    end: datetime,
    words: str,
    verdict: int | None,
    exclude: tuple[Exclusion, ...],
    faults: tuple[Fault, ...] = (),
) -> Window:
    first = subject.extent.first if subject.extent is not None else start
    oldest = max(bucket_start(first, subject.bucket), start - _BACK)
    older = Period(oldest, start) if oldest < start else None
    return Window(Period(start, end), older, words, verdict, exclude, faults)


def _begin(subject: Subject, onset: datetime, end: datetime) -> datetime:
    """The start of the bucket that holds the onset; one bucket at least is left."""
    return min(bucket_start(onset, subject.bucket), end - subject.bucket)


def _ripe_end(subject: Subject) -> datetime:
    """Up to where labels are in as far as they should be: the first to come are seldom like the rest."""
    everything = subject.period("all")
    store = subject.store
    with store.counts(everything, store.own_by) as counts:
        found = counts.outcomes(Choice(everything), by=store.own_by, start=everything.start)
    ripe = without_unripe(subject, label_law(subject), found) if found else []
    return ripe[-1].end if ripe else everything.end


def _found_onset(ws: Workspace, subject: Subject) -> tuple[datetime | None, tuple[Fault, ...]]:
    from workbench.triage.case import Models
    from workbench.workspace.gathering import gather
    from workbench.workspace.triaging import faults_of

    now = ws.clock.now()
    faults = faults_of(subject, ws.root, now, None, None)
    found = gather(subject, ws.root, now, Models(), faults, most=2_000)
    inputs = set(subject.store.baseline.shape.feature_names)
    alarming = tuple(
        one for one in faults if one.status in ("warning", "critical") and one.column in inputs
    )
    return found.case.onset, alarming


def _of_table(ws: Workspace, subject: Subject, table: Path, most: int) -> pl.DataFrame:
    import polars as pl

    # A path of its own is joined to the root, which leaves an absolute one as it is.
    found = sampled_reference(
        ws.store, ws.root, subject.card, subject.store, ws.clock.now(), most=most, table=str(table)
    ).frame
    labelled = found.filter(pl.col("wb_label").is_not_null())
    if not labelled.height:
        raise ReferenceTableError(
            f"the table {shown(table.name, 80)} has no labels",
            f"Its column {shown(subject.card.columns.label)!r} must hold them.",
        )
    return labelled


def _clean(frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    gone = np.zeros(frame.height, dtype=bool)
    for one in window.exclude:
        gone |= _excluded(frame, one)
    for fault in window.faults:
        gone |= affected(frame, fault)
    return frame.filter(pl.Series(~gone, dtype=pl.Boolean))


def _excluded(frame: pl.DataFrame, one: Exclusion) -> Sequence[bool]:
    import polars as pl

    condition = pl.lit(value=True)
    for column, value in one.where:
        name = "wb_version" if column == "model_version" else column
        if name not in frame.columns:
            return [False] * frame.height
        condition &= pl.col(name).cast(pl.String) == value
    time = pl.col("wb_timestamp")
    if one.start is not None:
        condition &= time >= one.start
    if one.end is not None:
        condition &= time < one.end
    found = frame.select(condition.fill_null(value=False).alias("gone"))["gone"]
    return (
        found.new_from_index(0, frame.height).to_list()
        if len(found) != frame.height
        else found.to_list()
    )
