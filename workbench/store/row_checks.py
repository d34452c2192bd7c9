"""What must be asked of all rows of a stretch, and not of a sample? Repeats, late labels, bad text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.period import Period
from workbench.store.catalog import ModelSegments, aware
from workbench.store.connections import Connection, scratch
from workbench.store.counted import ModelStore, overlaps
from workbench.store.judging import make_judged_view, moment_literal, own_bucket
from workbench.store.outcome_sql import bucket_of
from workbench.store.quoting import identifier, literal_list
from workbench.store.rows import make_rows_view
from workbench.store.staging import spill_folder

_TEXT_LENGTH = 200


@dataclass(frozen=True)
class Repeats:
    """How many rows of a bucket say the same as another one of it."""

    start: datetime
    rows: int
    repeated: int
    """Rows beyond the first of those whose features are all equal."""
    exactly: int
    """The same, of those whose timestamps are equal too."""


@dataclass(frozen=True)
class LabelTimes:
    """How many rows of a bucket got their labels, and in time."""

    start: datetime
    rows: int
    labelled: int
    timed: int
    """Rows whose label says when it came."""
    in_time: int
    """Rows whose label came within the usual time."""
    median_seconds: float | None
    """Of the time from prediction to label; None without a timed label."""


def repeated_rows(
    store: ModelStore, period: Period, versions: tuple[str, ...] | None
) -> list[Repeats]:
    """Rows a bucket whose features repeat another row's, in time order; live rows only."""
    features = ", ".join(identifier(name) for name in store.baseline.shape.feature_names)
    bucket = bucket_of("wb_timestamp", own_bucket(store.baseline.rules))
    with _live_rows(store, period, versions) as (connection, relation):
        hashed = f"SELECT {bucket} AS b, wb_timestamp AS t, hash({features}) AS h FROM {relation}"
        rows = connection.execute(
            f"SELECT b, count(*), count(DISTINCT h) FROM ({hashed}) GROUP BY b ORDER BY b"
        ).fetchall()
        exact = {}
        if any(n > distinct for _, n, distinct in rows):
            exact = dict(
                connection.execute(
                    f"SELECT b, count(DISTINCT hash(h, t)) FROM ({hashed}) GROUP BY b"
                ).fetchall()
            )
    return [
        Repeats(moment, n, n - distinct, n - exact.get(bucket, n))
        for bucket, n, distinct in rows
        if (moment := aware(bucket)) is not None
    ]


def unread_texts(
    store: ModelStore, period: Period, versions: tuple[str, ...] | None, columns: Sequence[str]
) -> dict[str, list[tuple[str, int]]]:
    """The texts that could not be read as values of some columns, most frequent first, a few."""
    with _live_rows(store, period, versions, ("wb_unparsed",)) as (connection, relation):
        rows = connection.execute(
            f"SELECT name, left(value, {_TEXT_LENGTH}), count(*) AS n FROM (SELECT "
            "unnest(map_keys(wb_unparsed)) AS name, unnest(map_values(wb_unparsed)) AS value "
            f"FROM {relation} WHERE wb_unparsed IS NOT NULL) WHERE list_contains("
            f"{literal_list(columns)}, name) GROUP BY 1, 2 QUALIFY row_number() OVER "
            "(PARTITION BY name ORDER BY n DESC, 2) <= 50 ORDER BY name, n DESC, 2"
        ).fetchall()
    found: dict[str, list[tuple[str, int]]] = {}
    for name, value, n in rows:
        found.setdefault(name, []).append((value, n))
    return found


def label_times(
    store: ModelStore, period: Period, versions: tuple[str, ...] | None, usual: timedelta | None
) -> tuple[list[LabelTimes], float | None, float | None]:
    """When the labels of each bucket came, the usual time in seconds that was gone by, and the longest.

    The longest is the 99th percentile of the older half of the buckets that have timed labels, and not
    below the usual one: a card says how late labels usually are, not when the last one is in.

    Args:
        store: the model's rows.
        period: of the predictions.
        versions: None: every version.
        usual: how late a label may be; None: the 90th percentile of the older half of the
            buckets that have timed labels.
    """
    if not store.segments.labels:
        return [], None, None
    segments = _inside(store, period)
    conditions = ["wb_role = 'live'"]
    if versions is not None:
        conditions.append(f"list_contains({literal_list(versions)}, wb_version)")
    rules, shape = store.baseline.rules, store.baseline.shape
    with spill_folder(store.home) as spill, scratch(store.home, spill) as connection:
        make_judged_view(
            connection, segments, rules, shape, start=period.start, end=period.end,
            as_of=store.as_of,
        )  # fmt: skip
        connection.execute(
            "CREATE TEMP TABLE times AS SELECT wb_bucket AS b, judged_label IS NOT NULL AS has, "
            "epoch(standing.t) - epoch(wb_timestamp) AS late FROM judged_rows "
            f"WHERE {' AND '.join(conditions)}"
        )
        found, longest = connection.execute(
            "SELECT quantile_cont(late, 0.9), quantile_cont(late, 0.99) FROM times WHERE b <= "
            "(SELECT quantile_disc(b, 0.5) FROM times WHERE late IS NOT NULL)"
        ).fetchall()[0]
        limit = usual.total_seconds() if usual is not None else found
        if limit is None:
            return [], None, None
        rows = connection.execute(
            "SELECT b, count(*), count(*) FILTER (WHERE has), count(late), "
            "count(*) FILTER (WHERE late <= ?), median(late) FROM times GROUP BY b ORDER BY b",
            [limit],
        ).fetchall()
    listed = [
        LabelTimes(moment, *figures) for bucket, *figures in rows if (moment := aware(bucket))
    ]
    return listed, float(limit), max(float(limit), float(longest or 0.0))


@contextmanager
def _live_rows(
    store: ModelStore,
    period: Period,
    versions: tuple[str, ...] | None,
    more: Sequence[str] = (),
) -> Iterator[tuple[Connection, str]]:
    """A scratch connection and the relation of a period's live rows."""
    columns = {"wb_timestamp": "TIMESTAMP", "wb_version": "VARCHAR", "wb_role": "VARCHAR"}
    for feature in store.baseline.shape.features:
        columns[feature.name] = "DOUBLE" if feature.kind == "numeric" else "VARCHAR"
    for name in more:
        columns[name] = "MAP(VARCHAR, VARCHAR)"
    conditions = [
        f"wb_timestamp >= {moment_literal(period.start)}",
        f"wb_timestamp < {moment_literal(period.end)}",
        "wb_role = 'live'",
    ]
    if store.as_of is not None:
        conditions.append(f"wb_timestamp <= {moment_literal(store.as_of)}")
    if versions is not None:
        conditions.append(f"list_contains({literal_list(versions)}, wb_version)")
    with spill_folder(store.home) as spill, scratch(store.home, spill) as connection:
        make_rows_view(connection, "checked_rows", _inside(store, period).predictions, columns)
        yield connection, f"(SELECT * FROM checked_rows WHERE {' AND '.join(conditions)})"


def _inside(store: ModelStore, period: Period) -> ModelSegments:
    return store.segments.of(s for s in store.segments.predictions if overlaps(s, period))
