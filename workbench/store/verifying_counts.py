"""Are the stored counts those that the rows give? Counted again and compared, key by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.health import ERROR, WARNING, Check, found_or_well, number_of
from workbench.domain.names import shown
from workbench.domain.period import bucket_end, bucket_start, iso
from workbench.domain.profile import UNSEEN_CAP
from workbench.errors import StoreError
from workbench.store.baseline_record import Baseline, read_last_baseline
from workbench.store.catalog import ModelSegments, aware, model_segments, naive
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES, make_empty_counts
from workbench.store.judging import make_judged_view
from workbench.store.quoting import identifier, literal
from workbench.store.rebuilding import count_judged, kept_before, row_stretches
from workbench.store.rows import make_label_records, make_rows_view

_KEYS = frozenset(
    {
        "model_version", "bucket", "column_no", "bin", "name", "role", "arm", "is_assumed",
        "segment_no", "segment", "label", "prediction",
    }
)  # fmt: skip
_EXTREMES = {"minimum": "min", "maximum": "max"}
_SCALES = {
    "total": "abs(s.total_squares) + abs(s.total)", "error": "abs(s.absolute_error)",
    "total_squares": "abs(s.total_squares)", "squared_error": "abs(s.squared_error)",
    "absolute_error": "abs(s.absolute_error)", "cost": "abs(s.cost)", "log_loss": "abs(s.log_loss)",
}  # fmt: skip
"""Sums of fractions, which depend on the order they are added in: of what size they are."""
_SAMPLED_BUCKETS = 5
_COPY = "verified"


@dataclass(frozen=True)
class _Part:
    """Rows that are counted at once: whole buckets."""

    segments: ModelSegments
    start: datetime | None
    end: datetime | None


def check_counts(
    connection: Connection,
    home: StoreHome,
    cards: dict[str, ModelCard | None],
    folder: Path,
    *,
    whole: bool,
    told: Callable[[str], None],
) -> tuple[Check, ...]:
    """Whether each model's profiles and outcomes are those of its rows and labels.

    Args:
        connection: the copy of the catalog.
        home: the store.
        cards: the models to look at; what has no card is read by nobody.
        folder: for spilling; the copy lies in it.
        whole: count every row; else those of a few buckets.
        told: told which model is being counted.
    """
    found: list[Check] = []
    compared: list[str] = []
    pending = 0
    for model in sorted(cards):
        segments = model_segments(connection, model, home.segments)
        baseline = read_last_baseline(connection, model)
        if baseline is None or not (segments.predictions or segments.labels):
            continue
        rows = sum(segment.rows for segment in segments.predictions)
        told(f"counting {shown(model)}: {rows:,} rows")
        before = kept_before(connection, *baseline.ids)
        parts = _parts(segments, baseline, aware(before), whole)
        try:
            with scratch(home, folder) as counter:
                counter.execute(
                    f"ATTACH {literal(str(folder / 'catalog.duckdb'))} AS {_COPY} (READ_ONLY)"
                )
                different = _differences(counter, baseline, parts, before)
                pending += _pending(counter, segments, baseline)
        except StoreError as error:
            what = f"the rows of {shown(model)} could not be counted: {error.message}"
            found.append(Check("counts", WARNING, what, error.hint))
            continue
        compared.append(model)
        if different:
            found.append(_told(model, different))
    models = number_of(len(compared), "model")
    what = (
        f"every row of {models} was counted"
        if whole
        else f"a sample of days of {models} was counted"
    )
    said = f"{what}, and the stored counts are the same"
    if pending:
        said += f"; {number_of(pending, 'label')} without a prediction yet"
    if not whole:
        said += "; --deep counts every row"
    return found_or_well("counts", found, said)


def check_duplicates(
    connection: Connection,
    home: StoreHome,
    cards: dict[str, ModelCard | None],
    folder: Path,
    mend: str,
) -> tuple[Check, ...]:
    """Whether any prediction is stored twice."""
    columns = {"wb_id": "VARCHAR", "wb_version": "VARCHAR", "wb_role": "VARCHAR"}
    found, rows = [], 0
    for model in sorted(cards):
        segments = model_segments(connection, model, home.segments).predictions
        rows += sum(segment.rows for segment in segments)
        with scratch(home, folder) as reader:
            make_rows_view(reader, "identified", segments, columns)
            twice = reader.execute(
                "SELECT count(*) FROM (SELECT 1 FROM identified GROUP BY wb_version, wb_role, wb_id "
                "HAVING count(*) > 1)"
            ).fetchall()[0][0]
        if twice:
            what = f"{twice:,} predictions of {shown(model)} are stored more than once"
            found.append(Check("duplicates", ERROR, what, mend))
    return found_or_well("duplicates", found, f"none among {rows:,} rows")


def _told(model: str, different: dict[str, tuple[int, datetime]]) -> Check:
    tables = ", ".join(f"{table} ({count:,})" for table, (count, _) in different.items())
    first = min(bucket for _, bucket in different.values())
    what = (
        f"stored counts of {shown(model)} are not those of its rows, from {iso(first)} on: {tables}"
    )
    name = f"'{model}'" if not model.isidentifier() else model
    return Check(
        "counts", ERROR, what, f"`workbench store rebuild {shown(name)}` counts its rows anew."
    )


def _parts(
    segments: ModelSegments, baseline: Baseline, before: datetime | None, whole: bool
) -> list[_Part]:
    """What is counted: everything, or the first, the last and some buckets in between."""
    if whole:
        return [_Part(*part) for part in row_stretches(segments, baseline.rules)]
    width = baseline.rules.bucket
    starts = sorted(
        {
            bucket_start(moment, width)
            for segment in segments.predictions
            for moment in (segment.start, segment.end)
            if moment is not None and (before is None or moment >= before)
        }
    )
    step = max((len(starts) - 1) / max(_SAMPLED_BUCKETS - 1, 1), 1)
    chosen = (
        {starts[min(round(i * step), len(starts) - 1)] for i in range(_SAMPLED_BUCKETS)}
        if starts
        else set()
    )
    parts = []
    for start in sorted(chosen):
        end = bucket_end(start, width)
        inside = tuple(
            s for s in segments.predictions
            if s.start is not None and s.end is not None and s.start < end and s.end >= start
        )  # fmt: skip
        parts.append(_Part(ModelSegments(segments.version, inside, segments.labels), start, end))
    return parts


def _differences(
    counter: Connection, baseline: Baseline, parts: Iterable[_Part], before: datetime | None
) -> dict[str, tuple[int, datetime]]:
    """Table to (how many of its counts differ, the first bucket of them)."""
    make_empty_counts(counter)
    inside = []
    for part in parts:
        make_judged_view(
            counter, part.segments, baseline.rules, baseline.shape, start=part.start, end=part.end
        )
        count_judged(counter, baseline.rules, baseline.bins)
        limits = [f"bucket >= {_moment(part.start)}"] if part.start else []
        limits += [f"bucket < {_moment(part.end)}"] if part.end else []
        inside.append(" AND ".join(limits) or "true")
    where = "(" + (" OR ".join(f"({limit})" for limit in inside) or "true") + ")"
    if before is not None:
        where += f" AND bucket >= TIMESTAMP '{before.isoformat(sep=' ')}'"
    labels = [str(n) for n, column in enumerate(baseline.bins) if column.role == "label"]
    found = {}
    for table, columns in (PROFILE_TABLES | OUTCOME_TABLES).items():
        own = f"bins_id = {literal(baseline.bins_id)}"
        if table in OUTCOME_TABLES:
            own = f"rules_id = {literal(baseline.rules_id)}"
        count, first = counter.execute(
            _comparison(table, columns, f"{own} AND {where}", where, labels)
        ).fetchall()[0]
        if count:
            found[table] = (int(count), first.replace(tzinfo=UTC))
    return found


def _comparison(table: str, columns: str, stored: str, counted: str, labels: list[str]) -> str:
    """The SELECT of how many keys of a table have other counts than the rows give, and the first bucket."""
    names = [part.strip().split(" ")[0].strip('"') for part in columns.split(",")]
    keys = [name for name in names if name in _KEYS]
    values = [name for name in names if name not in _KEYS]
    sums = ", ".join(
        f"{_EXTREMES.get(name, 'sum')}({identifier(name)}) AS {identifier(name)}" for name in values
    )
    listed = ", ".join(identifier(name) for name in keys)
    sides = [
        f"(SELECT {listed}, {sums} FROM {source} WHERE {where} GROUP BY {listed})"
        for source, where in ((f"{_COPY}.main.{table}", stored), (f"new_{table}", counted))
    ]
    if table == "profile_unseen":
        # Only so many names are kept a batch and bucket: which ones depends on the batches.
        group = "model_version, bucket, column_no"
        sides = [
            f"(SELECT * FROM {side} WHERE n <> 0 QUALIFY count(*) OVER (PARTITION BY {group}) < {UNSEEN_CAP})"
            for side in sides
        ]
    on = " AND ".join(f"s.{identifier(k)} IS NOT DISTINCT FROM c.{identifier(k)}" for k in keys)
    differs = " OR ".join(_differs(name, labels) for name in values)
    capped = ""
    if table == "profile_unseen":
        capped = " AND (s.n IS NOT NULL AND c.n IS NOT NULL)"
    sizes = ", ".join(
        f"coalesce(sum(abs({identifier(name)})), 0) AS {identifier(name)}"
        for name in values
        if name in _SCALES
    )
    whole = f", (SELECT {sizes} FROM {_COPY}.main.{table} WHERE {stored}) t" if sizes else ""
    return (
        "SELECT count(*), min(coalesce(s.bucket, c.bucket)) FROM "
        f"({sides[0]} s FULL JOIN {sides[1]} c ON {on}){whole} WHERE ({differs}){capped}"
    )


def _differs(name: str, labels: list[str]) -> str:
    stored, counted = f"s.{identifier(name)}", f"c.{identifier(name)}"
    if name in _EXTREMES:
        # What was taken back of a label leaves its extremes: they may reach further.
        beyond = "<=" if name == "minimum" else ">="
        revised = f"(s.column_no IN ({', '.join(labels)}) AND {stored} {beyond} {counted})"
        loose = f" AND NOT coalesce({revised}, {counted} IS NULL)" if labels else ""
        return f"({stored} IS DISTINCT FROM {counted}{loose})"
    apart = f"abs(coalesce({stored}, 0) - coalesce({counted}, 0))"
    if name not in _SCALES:
        return f"{apart} > 1e-6"
    # What was added and taken back again leaves a rounding error of the size that it once had.
    return f"{apart} > 1e-6 * (1 + coalesce({_SCALES[name]}, 0)) + 1e-11 * t.{identifier(name)}"


def _pending(counter: Connection, segments: ModelSegments, baseline: Baseline) -> int:
    """How many ids have a label and no prediction."""
    if not segments.labels:
        return 0
    make_label_records(counter, "all_labels", segments.labels, baseline.rules)
    make_rows_view(counter, "all_ids", segments.predictions, {"wb_id": "VARCHAR"})
    found = counter.execute(
        "SELECT count(DISTINCT wb_id) FROM all_labels WHERE wb_id NOT IN (SELECT wb_id FROM all_ids)"
    ).fetchall()
    return int(found[0][0])


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{naive(moment).isoformat(sep=' ')}'"
