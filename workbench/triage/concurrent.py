"""Which of two versions is worse on the traffic of the same time? By shared ids, else by bucket."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.performance.blocks import Resampled, blocks_of, resampled_sums
from workbench.triage.case import Case
from workbench.triage.rescoring import badness_of, paired

if TYPE_CHECKING:
    import polars as pl

LEAST_LABELS = 50
"""Labelled rows of a version without which it is not compared."""
_MOST_STRATA = 50
_SURE_MIX = 3.0
"""Deviations of Pearson's statistic from its freedom."""

Found = tuple[str, Resampled, float, float]
"""`pairs` or `concurrent`; theirs minus live; their bad rate, and the live one's."""


def labelled(case: Case, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have a prediction and a label."""
    import numpy as np

    return frame.filter(np.isfinite(badness_of(case, frame, None)))


def by_pairs(case: Case, theirs: pl.DataFrame, live: pl.DataFrame) -> Found | None:
    """Theirs minus live over ids that both scored; None with fewer than `LEAST_LABELS`.

    Args:
        case: for the seed and the entity.
        theirs: labelled rows of another version or role.
        live: labelled live rows of the champion.
    """
    import polars as pl

    own = (
        live.select("wb_id", pl.col("wb_bad").alias("\0live"))
        .drop_nulls()
        .unique("wb_id", keep="first")
    )
    both = theirs.filter(pl.col("wb_id").is_not_null()).unique(
        "wb_id", keep="first", maintain_order=True
    )
    both = both.join(own, on="wb_id", how="inner", maintain_order="left")
    if both.height < LEAST_LABELS:
        return None
    means, drawn, basis = paired(
        case, both.select("wb_bad", "\0live").to_numpy().astype(float), both
    )
    worse = Resampled(float(means[0] - means[1]), drawn[:, 0] - drawn[:, 1], both.height, basis)
    return "pairs", worse, float(means[0]), float(means[1])


def by_buckets(case: Case, theirs: pl.DataFrame, live: pl.DataFrame) -> Found | None:
    """The same over buckets in which both served, live rows weighted to the other's mix.

    The mix is that over buckets, and over buckets and the values of each segment whose mix surely
    differs; of all these the difference nearest to none is taken, so that another mix of segments
    does not pass for harm. A segment of which both have the same share has nothing to mend: it would
    only choose the smallest of several chances.
    """
    import polars as pl

    every = pl.concat(
        [
            theirs.with_columns(pl.lit(value=True).alias("\0own")),
            live.with_columns(pl.lit(value=False).alias("\0own")),
        ],
        how="diagonal_relaxed",
    )
    every = every.with_columns(
        (pl.col("wb_timestamp").dt.epoch("s") // int(case.bucket.total_seconds())).alias("\0bucket")
    )
    names = [
        n for n in case.segments
        if n in every.columns and every[n].n_unique() <= _MOST_STRATA and _differs(every, n)
    ]  # fmt: skip
    best: Found | None = None
    for strata in (["\0bucket"], *(["\0bucket", name] for name in names)):
        one = _standardised(case, every, strata)
        if one is None:
            if len(strata) == 1:
                return None
            continue
        if best is None or abs(one[1].value) < abs(best[1].value):
            best = one
    return best


def _differs(every: pl.DataFrame, name: str) -> bool:
    """Whether the two sides surely have another mix of a segment: Pearson's statistic, once in 300."""
    import numpy as np
    import polars as pl

    counted = every.group_by(pl.col(name).cast(pl.String).fill_null("")).agg(
        own=pl.col("\0own").sum(), all=pl.len()
    )
    own, total = (counted[c].to_numpy().astype(float) for c in ("own", "all"))
    expected = total * own.sum() / total.sum()
    other = total - expected
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = (own - expected) ** 2 * (1 / expected + 1 / other)
    freedom = max(len(own) - 1, 1)
    return float(np.nansum(parts)) > freedom + _SURE_MIX * math.sqrt(2 * freedom)


def _standardised(case: Case, every: pl.DataFrame, strata: list[str]) -> Found | None:
    import numpy as np
    import polars as pl

    counted = every.with_columns(
        pl.col("\0own").sum().over(strata).alias("\0n"),
        (~pl.col("\0own")).sum().over(strata).alias("\0m"),
    ).filter((pl.col("\0n") > 0) & (pl.col("\0m") > 0))
    own = counted["\0own"].to_numpy()
    if min(own.sum(), (~own).sum()) < LEAST_LABELS:
        return None
    bad = badness_of(case, counted, None)
    weights = np.where(own, 0.0, (counted["\0n"] / counted["\0m"]).to_numpy())
    table = np.stack([own * bad, own, weights * bad, weights], axis=1).astype(float)
    blocks, basis = blocks_of(counted, case.card.columns.entity)
    total, sums = table.sum(axis=0), resampled_sums(table, blocks, case.seed)
    rates = total[0] / total[1], total[2] / total[3]
    value = float(rates[0] - rates[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    drawn = np.where(np.isfinite(drawn), drawn, value)
    return (
        "concurrent",
        Resampled(value, drawn, counted.height, basis),
        float(rates[0]),
        float(rates[1]),
    )
