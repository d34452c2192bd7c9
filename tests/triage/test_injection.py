"""A fault that nothing undoes is proven by putting it into clean rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.triage.planted import (
    ONSET,
    case_of,
    logit,
    missing,
    missing_fault,
    rows_of,
    scorer,
    served,
    turned_above,
)
from workbench.domain.fault import Fault, Transform
from workbench.errors import WorkbenchError
from workbench.triage.case import Models
from workbench.triage.effects import compared_with_others
from workbench.triage.injection import measure_injections, spoilt

TASKS = ["binary", "multiclass", "regression"]


def put(column: str, value: object, share: float = 0.5, carrier: str | None = None) -> object:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        hit = pl.Series(np.random.default_rng(8).random(frame.height) < share)
        where = pl.lit(hit) if carrier is None else pl.lit(hit) & (pl.col("carrier") == carrier)
        return frame.with_columns(
            pl.when(where).then(pl.lit(value)).otherwise(column).alias(column)
        )

    return spoil


@pytest.mark.parametrize("task", TASKS)
def test_a_flood_of_nulls_does_the_harm_that_is_seen(task: str) -> None:
    case = case_of(task, spoil=missing(0.5), faults=[missing_fault(0.5)])
    (one,) = measure_injections(case).injections
    assert one.is_proven
    assert one.effect is not None
    clean = case_of(task)
    true = float((case.current["wb_bad"] - clean.current["wb_bad"]).mean())  # type: ignore[arg-type]
    assert one.effect.amount.low < true < one.effect.amount.high
    assert one.contrast is not None
    assert one.contrast.low > 0
    (cause,) = measure_injections(case).causes()
    assert (cause.kind, cause.column, cause.since) == ("missing_values", "x0", ONSET)


def test_nulls_of_a_column_that_hardly_matters_do_no_harm() -> None:
    found = measure_injections(case_of(spoil=missing(0.5, "x3"), faults=[missing_fault(0.5, "x3")]))
    (one,) = found.injections
    assert one.is_harmful is False
    assert not found.decides
    assert one.effect is not None
    assert one.effect.amount.value == 0.0


def test_usual_nulls_are_not_the_fault_s() -> None:
    case = case_of(spoil=missing(0.5), faults=[missing_fault(0.5)])
    usual = served(missing(0.2, seed=9)(case.before), "binary", scorer("binary"))
    plain = measure_injections(case).injections[0].effect
    less = measure_injections(replace(case, before=usual)).injections[0].effect
    assert plain is not None
    assert less is not None
    assert less.amount.value == pytest.approx(
        plain.amount.value * (0.5 - 0.2) / 0.8 / 0.5, rel=0.15
    )


@pytest.mark.parametrize(
    ("column", "value", "kind", "transform"),
    [
        ("x0", -999.0, "sentinel_value", Transform("to_missing", values=("-999.0",))),
        ("x0", 1.37, "stale_value", Transform("to_missing", values=("1.37",))),
        ("carrier", "ua-new", "new_category", None),
        ("x0", 60.0, "out_of_range", None),
    ],
)
def test_sentinels_frozen_values_and_strange_ones_are_put_in(
    column: str, value: object, kind: str, transform: Transform | None
) -> None:
    share = 0.9 if kind == "stale_value" else 0.5
    case = case_of(spoil=put(column, value, share), rows=6000)  # type: ignore[arg-type]
    fault = Fault(column, kind, "critical", ONSET, share, "", transform=transform)
    (one,) = measure_injections(replace(case, faults=(fault,))).injections
    true = float((case.current["wb_bad"] - case_of(rows=6000).current["wb_bad"]).mean())  # type: ignore[arg-type]
    assert one.effect is not None
    assert one.effect.amount.value == pytest.approx(true, abs=0.015)
    assert one.is_proven == (one.effect.amount.low > 0 and one.effect.amount.high >= 0.02)


def test_a_default_after_a_failed_look_up_in_one_segment() -> None:
    case = case_of(spoil=put("x0", 2.5, 0.8, "AA"), rows=8000)  # type: ignore[arg-type]
    fault = Fault(
        "x0", "sentinel_value", "critical", ONSET, 0.3, "", segment=("carrier", "AA"),
        transform=Transform("to_missing", values=("2.5",)),
    )  # fmt: skip
    found = measure_injections(replace(case, faults=(fault,)))
    (one,) = found.injections
    assert one.is_proven
    assert one.share == pytest.approx(0.32, abs=0.03)
    assert [c.segment for c in found.causes()] == [("carrier", "AA")]
    assert one.contrast is not None
    assert one.contrast.low > 0


def test_a_missing_column_has_no_unaffected_rows_and_is_proven_all_the_same() -> None:
    case = case_of(spoil=missing(1.0))
    fault = Fault("x0", "missing_column", "critical", ONSET, 1.0, "")
    (one,) = measure_injections(replace(case, faults=(fault,))).injections
    assert one.is_proven
    assert one.contrast is None


def test_beside_a_changed_world_only_its_own_part_is_the_fault_s() -> None:
    case = case_of(law=turned_above(0.5), spoil=missing(0.2), faults=[missing_fault(0.2)])
    (one,) = measure_injections(case).injections
    assert one.effect is not None
    share = one.effect.share
    assert share is not None
    assert share[2] < 0.5


def test_a_fault_that_only_the_log_has_does_no_harm() -> None:
    case = case_of()
    logged = missing(0.5)(case.current)
    (one,) = measure_injections(
        replace(case, current=logged, faults=(missing_fault(0.5),))
    ).injections
    assert one.is_only_logged
    assert one.is_harmful is False


def test_without_labels_in_the_period_the_harm_is_known_all_the_same() -> None:
    case = case_of(spoil=missing(0.5), faults=[missing_fault(0.5)])
    blind = case.current.with_columns(
        pl.lit(None, dtype=pl.String).alias("wb_label"),
        pl.lit(None, dtype=pl.Float64).alias("wb_bad"),
    )
    (one,) = measure_injections(replace(case, current=blind)).injections
    assert one.is_proven
    assert one.effect is not None
    assert one.effect.share is None


def test_without_an_artifact_it_is_suspected_by_comparison() -> None:
    case = case_of(spoil=missing(0.5), faults=[missing_fault(0.5)], models=Models())
    (one,) = measure_injections(case).injections
    assert one.is_harmful
    assert not one.is_proven
    assert one.effect is not None
    assert one.effect.basis == "comparison"
    assert "perhaps" in measure_injections(case).evidence()[0].reading


def test_what_cannot_be_measured_is_said() -> None:
    assert measure_injections(case_of(rows=200)).skipped is not None
    case = case_of(rows=200, spoil=missing(1.0), faults=[missing_fault(1.0)], models=Models())
    assert measure_injections(case).injections[0].is_harmful is None
    few = case_of(rows=60, spoil=missing(0.5), faults=[missing_fault(0.5)])
    assert measure_injections(few).injections[0].is_harmful is None
    assert measure_injections(replace(few, current=few.current.clear())).skipped is not None
    elsewhere = Fault("host", "new_category", "warning", ONSET, 0.3, "")
    assert not measure_injections(replace(few, faults=(elsewhere,))).decides

    def broken(frame: pl.DataFrame) -> pl.DataFrame:
        raise WorkbenchError("no such file", "Look.")

    lost = replace(few, models=Models(champion=broken))
    assert "no such file" in measure_injections(lost).evidence()[0].reading


def test_columns_that_one_cause_spoilt_are_put_in_together() -> None:
    case = case_of(rows=500)
    fault = replace(missing_fault(0.5), also=("x1",))
    donors = case.current.head(5).with_columns(
        x0=pl.Series([1.0, 2, 3, 4, 5]), x1=pl.Series([10.0, 20, 30, 40, 50])
    )
    rows = np.arange(case.before.height) % 2 == 0
    dirty = spoilt(case, fault, case.before, rows, donors)
    assert (dirty["x1"].filter(pl.Series(rows)) == 10 * dirty["x0"].filter(pl.Series(rows))).all()
    assert dirty.filter(pl.Series(~rows)).equals(case.before.filter(pl.Series(~rows)))
    assert spoilt(case, fault, case.before, rows, donors).equals(dirty)


def test_the_order_of_rows_does_not_matter() -> None:
    case = case_of(spoil=missing(0.5), faults=[missing_fault(0.5)], rows=800)
    mixed = replace(
        case,
        current=case.current.sample(fraction=1.0, shuffle=True, seed=3).select(
            sorted(case.current.columns)
        ),
        before=case.before.sample(fraction=1.0, shuffle=True, seed=5),
    )
    assert measure_injections(case).evidence() == measure_injections(mixed).evidence()


def test_other_rows_of_the_same_time_are_weighted_to_the_buckets_of_the_affected() -> None:
    """A bad day with few affected rows must not make the others look bad."""
    frame = rows_of("binary", 6000, 3, start=ONSET, days=10)
    day = frame["wb_timestamp"].dt.day().to_numpy()
    rng = np.random.default_rng(1)
    worst = day == day.min()
    rows = rng.random(frame.height) < np.where(worst, 0.05, 0.6)
    bad = (rng.random(frame.height) < np.where(worst, 0.9, 0.2)).astype(float)
    case = replace(case_of(rows=300), current=frame.with_columns(pl.Series("wb_bad", bad)))
    found = compared_with_others(case, missing_fault(0.5), rows)
    assert found is not None
    assert found.low < 0 < found.high
    assert abs(found.value) < 0.02


def test_strange_values_that_are_right_are_not_taken_for_harm() -> None:
    """New territory that the model knows: putting its values into other rows would do harm."""
    case = case_of(rows=6000)
    far = case.current.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.col("x0") + 8.0)
        .otherwise("x0")
        .alias("x0")
    )
    labels = pl.Series("wb_label", (logit(far) > 0).astype(int).astype(str))
    current = served(far.with_columns(labels), "binary", scorer("binary"))
    fault = Fault("x0", "out_of_range", "critical", ONSET, 0.33, "")
    found = measure_injections(replace(case, current=current, faults=(fault,)))
    (one,) = found.injections
    assert one.effect is not None
    assert one.effect.is_harmful
    assert not one.is_harmful
    assert not found.decides
    assert "labels do not show" in found.evidence()[0].reading
    assert all(e.supports is None for e in found.evidence())


@pytest.mark.parametrize(
    ("value", "kind", "proven"),
    [(60.0, "out_of_range", False), (-999.0, "sentinel_value", True)],
)
def test_without_labels_numbers_beyond_what_was_there_are_suspected_and_no_proof(
    value: float, kind: str, proven: bool
) -> None:
    case = case_of(spoil=put("x0", value, 0.5), rows=4000)  # type: ignore[arg-type]
    bare = case.current.with_columns(
        pl.lit(None, pl.String).alias("wb_label"), pl.lit(None, pl.Float64).alias("wb_bad")
    )
    transform = Transform("to_missing", values=("-999.0",)) if kind == "sentinel_value" else None
    fault = Fault("x0", kind, "critical", ONSET, 0.5, "", transform=transform)
    found = measure_injections(replace(case, current=bare, faults=(fault,)))
    (one,) = found.injections
    assert one.is_harmful is (True if proven else None)
    assert found.decides is proven
    assert (one in found.unclear) is not proven
