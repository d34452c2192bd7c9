"""How many predictions were bad, when, and under which version, role or arm?"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.card import ModelCard
from workbench.domain.rates import PerformanceReport, RateBucket
from workbench.report.sections import Cell, Column, Figure, Section, Table

MOST_BUCKETS = 100
"""Buckets listed; older ones are counted in the note."""
WITHHELD = "(withheld: sensitive)"
_BARS = "▁▂▃▄▅▆▇█"

_FIGURES = (
    Column("rows", "Rows", "count"),
    Column("labelled", "Labelled", "count"),
    Column("bad", "Bad", "count"),
    Column("bad_rate", "Bad rate", "share"),
    Column("low", "95 % low", "share"),
    Column("high", "95 % high", "share"),
    Column("status", "Status"),
    Column("reason", "Reason"),
)


def rate_section(report: PerformanceReport) -> Section:
    """The rate by bucket and by month, and the lines it is judged by."""
    buckets = tuple(bucket for bucket in report.buckets if bucket.segment is None)
    tables = [threshold_table(report)]
    if report.whole.estimated_bad_rate is not None:
        tables.append(estimate_table(report))
    tables.append(bucket_table(f"By bucket of {report.by}", buckets))
    if report.months:
        note = "Everything stored, whatever the period of this report."
        tables.append(bucket_table("By calendar month", report.months, note))
    return Section(
        "bad_rate",
        "Bad predictions over time",
        report.notes,
        (sparkline(buckets),) if any(b.bad_rate is not None for b in buckets) else (),
        tuple(tables),
    )


def threshold_table(report: PerformanceReport) -> Table:
    """The reference's rate and the rates from which a bucket is a warning or critical."""
    rows: tuple[tuple[Cell, ...], ...] = (
        ("reference", report.reference_rate, report.reference_low, report.reference_high),
        ("warning from", report.warning_rate, None, None),
        ("critical from", report.critical_rate, None, None),
    )
    columns = (
        Column("line", "Line"),
        Column("bad_rate", "Bad rate", "share"),
        Column("low", "95 % low", "share"),
        Column("high", "95 % high", "share"),
    )
    note = "A rate above a line raises only where the rise is significant."
    if report.reference_rate is None:
        note = "The reference has no labels and predictions to take a rate from."
    return Table("Thresholds", columns, rows, note)


def estimate_table(report: PerformanceReport) -> Table:
    """What the scores or inputs of the period let expect, and how far its labels are from that."""
    whole, gap = report.whole, report.whole.concept
    rows: list[tuple[Cell, ...]] = [
        ("estimated", whole.estimated_bad_rate, whole.estimated_low, whole.estimated_high, None),
    ]
    if whole.weighted_bad_rate is not None:
        weighted = (whole.weighted_bad_rate, whole.weighted_low, whole.weighted_high)
        rows.append(("weighted to the inputs", *weighted, None))
    if gap is not None:
        rows.append(
            (
                "realised minus estimated, labelled rows",
                gap.difference,
                gap.low,
                gap.high,
                gap.status,
            )
        )
    columns = (
        Column("figure", "Figure"),
        Column("bad_rate", "Bad rate", "share"),
        Column("low", "95 % low", "share"),
        Column("high", "95 % high", "share"),
        Column("status", "Status"),
    )
    note = (
        "An estimate holds while scores and inputs mean what they meant on the reference; the "
        "difference to the labels tells whether they do."
    )
    return Table("Without labels", columns, tuple(rows), note)


def bucket_table(title: str, buckets: Sequence[RateBucket], note: str = "") -> Table:
    """One row a bucket, in time order."""
    listed = buckets[-MOST_BUCKETS:]
    if len(listed) < len(buckets):
        note = f"The newest {len(listed)} of {len(buckets)} buckets. {note}".strip()
    columns = (Column("start", "From (UTC)", "time"), Column("end", "To (UTC)", "time"), *_FIGURES)
    return Table(title, columns, tuple((b.start, b.end, *_cells(b)) for b in listed), note)


def group_section(report: PerformanceReport, card: ModelCard) -> Section | None:
    """The rate by version, role and arm, each only where there is more than one."""
    arm = card.columns.experiment
    groups = (
        ("By version", "model_version", card.columns.model_version, report.by_version),
        ("By role, all versions", "role", card.columns.role, report.by_role),
        (f"By arm ({arm})", arm, arm, report.by_arm),
    )
    tables = tuple(
        _group_table(title, key, card.privacy.is_sensitive(column), buckets)
        for title, key, column, buckets in groups
        if len(buckets) > 1
    )
    return Section("groups", "Versions, roles and arms", tables=tables) if tables else None


def _group_table(title: str, key: str, is_sensitive: bool, buckets: Sequence[RateBucket]) -> Table:
    def name(bucket: RateBucket) -> str:
        value = (bucket.segment or {}).get(key)
        if value is None:
            return "(missing)"
        return WITHHELD if is_sensitive else value

    rows = tuple((name(bucket), *_cells(bucket)) for bucket in buckets)
    return Table(title, (Column("group", "Group"), *_FIGURES), rows)


def _cells(bucket: RateBucket) -> tuple[Cell, ...]:
    return (
        bucket.rows,
        bucket.labelled,
        bucket.bad,
        bucket.bad_rate,
        bucket.low,
        bucket.high,
        bucket.status,
        bucket.reason,
    )


def sparkline(buckets: Sequence[RateBucket]) -> Figure:
    """The bad rates as a row of bars from zero to the highest; a dot is a bucket without one."""
    listed = buckets[-MOST_BUCKETS:]
    rates = [bucket.bad_rate for bucket in listed]
    known = [rate for rate in rates if rate is not None]
    top = max(known, default=0.0) or 1.0
    text = "".join(
        "·" if rate is None else _BARS[min(int(rate / top * len(_BARS)), len(_BARS) - 1)]
        for rate in rates
    )
    caption = (
        f"Bad rate of {len(listed)} buckets, oldest first: lowest {min(known):.1%}, "
        f"highest {max(known):.1%}, newest {known[-1]:.1%}. A dot is a bucket "
        "without labels."
        if known
        else "No bucket has labels."
    )
    return Figure("bad_rate_timeline", caption, text)
