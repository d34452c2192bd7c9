"""The rise over the values of a segment: exact, mix told from rate, and no secret named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.triage.shift_worlds import planted
from workbench.triage.case import Case
from workbench.triage.segment_rise import SegmentRise, measure_segment_rise


def with_regions(share: tuple[float, float], worse: float = 0.0, **more: Any) -> Case:
    """A case whose rows are in the east (1 bad in 10) or the west (4 in 10), by the shares of the west."""
    case = planted("none", 2000)
    random = np.random.default_rng(5)

    def placed(rows: pl.DataFrame, west: float, extra: float) -> pl.DataFrame:
        hit = random.random(rows.height) < west
        bad = random.random(rows.height) < np.where(hit, 0.4 + extra, 0.1)
        return rows.with_columns(
            region=pl.Series(np.where(hit, "west", "east")), wb_bad=pl.Series(bad.astype(float))
        )

    return replace(
        case,
        reference=placed(case.reference, share[0], 0.0),
        current=placed(case.current, share[1], worse),
        segments=("region",),
        **more,
    )


def rates(rows: pl.DataFrame) -> tuple[float, float, float]:
    """The west's share and rate, and the east's rate, in plain NumPy."""
    west, bad = (rows["region"] == "west").to_numpy(), rows["wb_bad"].to_numpy()
    return float(west.mean()), float(bad[west].mean()), float(bad[~west].mean())


def test_mix_and_rate_are_those_of_a_plain_computation_and_add_up_to_the_rise() -> None:
    case = with_regions((0.3, 0.6), 0.1)
    (table,) = measure_segment_rise(case).tables
    s, west, east = rates(case.reference)
    t, west_now, east_now = rates(case.current)
    mix = (t - s) * (west + west_now) / 2 + (s - t) * (east + east_now) / 2
    rate = (west_now - west) * (s + t) / 2 + (east_now - east) * (2 - s - t) / 2
    assert table.mix == pytest.approx(mix, abs=1e-12)
    assert table.rate == pytest.approx(rate, abs=1e-12)
    rise = float(case.current["wb_bad"].mean() - case.reference["wb_bad"].mean())  # type: ignore[operator,arg-type]
    assert mix + rate == pytest.approx(rise, abs=1e-9)
    assert table.rise == pytest.approx(rise, abs=1e-9)


def test_a_move_of_traffic_is_mix_and_a_segment_that_got_worse_is_rate() -> None:
    (moved,) = measure_segment_rise(with_regions((0.3, 0.6))).tables
    assert moved.mix is not None
    assert moved.rate is not None
    assert moved.mix > 0.06
    assert abs(moved.rate) < 0.02
    found = measure_segment_rise(with_regions((0.5, 0.5), 0.2))
    (worse,) = found.tables
    assert worse.mix is not None
    assert worse.rate is not None
    assert abs(worse.mix) < 0.02
    assert worse.rate > 0.07
    (line,) = found.evidence()
    assert line.value == worse.mix
    assert "most is in west" in line.reading


def test_rows_without_labels_do_not_count() -> None:
    case = with_regions((0.3, 0.6), 0.1)
    hidden = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("wb_bad"))
    half = replace(case, current=case.current.with_columns(hidden.alias("wb_bad")))
    (table,) = measure_segment_rise(half).tables
    kept = replace(case, current=case.current.gather_every(2))
    assert table == measure_segment_rise(kept).tables[0]


def test_a_value_of_a_sensitive_segment_is_not_named() -> None:
    case = with_regions((0.5, 0.5), 0.2)
    card = replace(case.card, privacy=replace(case.card.privacy, sensitive=("region",)))
    (line,) = measure_segment_rise(replace(case, card=card)).evidence()
    assert "west" not in line.reading
    assert "one value" in line.reading


def test_without_segments_or_labels_it_says_why() -> None:
    case = with_regions((0.5, 0.5))
    assert measure_segment_rise(replace(case, segments=())).skipped
    empty = replace(case, current=case.current.with_columns(wb_bad=pl.lit(None, dtype=pl.Float64)))
    found = measure_segment_rise(empty)
    assert found.skipped == "the period has no labelled rows"
    assert found == SegmentRise(found.skipped)
    assert found.evidence()[0].value is None
