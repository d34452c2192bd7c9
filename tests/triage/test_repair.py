"""Undoing a fault proves it, says what share of the rise it explains, and clears what does no harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import (
    ONSET,
    case_of,
    drawn,
    logit,
    scorer,
    served,
    times,
    unit_fault,
)
from workbench.domain.fault import Fault, Transform
from workbench.errors import WorkbenchError
from workbench.triage.case import Case, Models
from workbench.triage.repair import measure_repairs

TASKS = ["binary", "multiclass", "regression"]


def without_labels(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.lit(None, dtype=frame["wb_label"].dtype).alias("wb_label"),
        pl.lit(None, dtype=pl.Float64).alias("wb_bad"),
    )


def flipped(frame: pl.DataFrame) -> NDArray[np.float64]:
    """The concept turned round where x3 is large."""
    z = logit(frame)
    found: NDArray[np.float64] = np.where(frame["x3"].to_numpy() > 0.8, -z, z)
    return found


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_a_unit_fault_is_proven_by_undoing_it(task: str, factor: float) -> None:
    case = case_of(task, spoil=times(factor), faults=[unit_fault(factor)])
    found = measure_repairs(case)
    (one,) = found.repairs
    assert one.is_proven
    assert found.decides
    assert one.effect is not None
    assert one.effect.basis == "labels"
    clean = case_of(task)
    true = float((case.current["wb_bad"] - clean.current["wb_bad"]).mean())  # type: ignore[arg-type]
    assert one.effect.amount.value == pytest.approx(true, abs=1e-9)
    share = one.effect.share
    assert share is not None
    assert share[1] < 1.0 < share[2]
    assert share[1] > 0.5
    (cause,) = found.causes()
    assert (cause.kind, cause.column, cause.where, cause.since) == (
        "unit_change",
        "x0",
        "feature",
        ONSET,
    )
    assert cause.repair == f"divide by {factor:g}"


@pytest.mark.parametrize("task", TASKS)
def test_without_any_label_it_is_proven_by_the_estimate(task: str) -> None:
    case = case_of(task, spoil=times(100.0), faults=[unit_fault(100.0)])
    blind = measure_repairs(replace(case, current=without_labels(case.current)))
    (one,) = blind.repairs
    assert one.is_proven
    assert one.effect is not None
    assert one.effect.basis == "estimate"
    labelled = measure_repairs(case).repairs[0].effect
    assert labelled is not None
    assert one.effect.amount.value == pytest.approx(labelled.amount.value, abs=0.03)
    assert "without labels" in blind.evidence()[0].reading


def test_relative_errors_are_estimated_too() -> None:
    case = case_of("regression", spoil=times(100.0), faults=[unit_fault(100.0)])
    rules = replace(case.rules, rule="relative_error", tolerance=0.8)

    def judged(frame: pl.DataFrame) -> pl.DataFrame:
        error = (frame["wb_prediction"] - frame["wb_label"]).abs() / frame["wb_label"].abs()
        return frame.with_columns((error > 0.8).cast(pl.Float64).alias("wb_bad"))

    case = replace(
        case, rules=rules, reference=judged(case.reference), current=judged(case.current)
    )
    labelled = measure_repairs(case).repairs[0].effect
    blind = measure_repairs(replace(case, current=without_labels(case.current))).repairs[0].effect
    assert labelled is not None
    assert blind is not None
    assert blind.is_harmful
    assert blind.amount.value == pytest.approx(labelled.amount.value, abs=0.1)


def test_one_carrier_s_fault_explains_its_part() -> None:
    case = case_of(
        spoil=times(100.0, carrier="UA"), faults=[unit_fault(100.0, carrier="UA")], rows=8000
    )
    (one,) = measure_repairs(case).repairs
    assert one.share == pytest.approx(0.25, abs=0.03)
    assert one.is_proven
    assert [c.segment for c in measure_repairs(case).causes()] == [("carrier", "UA")]


def test_a_fault_without_harm_is_listed_and_does_not_decide() -> None:
    unread = Fault(
        "host",
        "renamed_category",
        "warning",
        ONSET,
        0.2,
        "",
        transform=Transform("recode", mapping=(("h1", "h2"),)),
    )
    unused = unit_fault(100.0, "x3")
    found = measure_repairs(case_of(spoil=times(100.0, "x3"), faults=[unused, unread]))
    assert [r.is_harmful for r in found.repairs] == [False, False]
    assert not found.decides
    assert found.causes() == ()
    assert all(e.supports is None for e in found.evidence())
    assert any("No input" in e.reading for e in found.evidence())


def test_beside_a_real_change_the_fault_explains_only_its_own_part() -> None:
    both = case_of(
        law=flipped,
        spoil=times(100.0, carrier="UA"),
        faults=[unit_fault(100.0, carrier="UA")],
        rows=8000,
    )
    (one,) = measure_repairs(both).repairs
    assert one.effect is not None
    share = one.effect.share
    assert share is not None
    assert share[2] < 0.5


def test_undoing_what_is_no_fault_makes_it_worse_and_is_no_harm() -> None:
    (one,) = measure_repairs(case_of(faults=[unit_fault(100.0)])).repairs
    assert one.is_harmful is False
    assert one.effect is not None
    assert one.effect.amount.value < 0


def test_several_faults_add_up_to_what_all_of_them_do() -> None:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        return times(100.0, carrier="UA")(times(-1.0, "x1")(frame))

    faults = [unit_fault(100.0, carrier="UA"), unit_fault(-1.0, "x1")]
    found = measure_repairs(case_of(spoil=spoil, faults=faults))
    assert found.together is not None
    parts = [r.effect for r in found.repairs]
    assert all(e is not None for e in parts)
    total = sum(e.amount.value for e in parts if e is not None)
    assert total == pytest.approx(found.together.amount.value, abs=1e-9)
    drawn = np.sum([e.amount.draws for e in parts if e is not None], axis=0)
    assert np.allclose(drawn, found.together.amount.draws, atol=1e-9)
    assert len(found.causes()) == 2
    assert found.badness is not None
    logged, clean = np.nanmean(found.badness, axis=0)
    assert logged - clean == pytest.approx(found.together.amount.value, abs=1e-9)


def test_two_faults_of_the_same_rows_share_as_shapley_says() -> None:
    case = case_of(
        spoil=lambda f: times(100.0)(times(-1.0, "x1")(f)),
        faults=[unit_fault(100.0), unit_fault(-1.0, "x1")],
    )
    found = {r.fault.column: r.effect for r in measure_repairs(case).repairs}

    def bad(*mended: str) -> float:
        frame = case.current
        for column, factor in (("x0", 100.0), ("x1", -1.0)):
            if column in mended:
                frame = frame.with_columns(pl.col(column) / factor)
        return float(served(frame, "binary", scorer("binary"))["wb_bad"].mean())  # type: ignore[arg-type]

    first = ((bad() - bad("x0")) + (bad("x1") - bad("x0", "x1"))) / 2
    second = ((bad() - bad("x1")) + (bad("x0") - bad("x0", "x1"))) / 2
    assert found["x0"] is not None
    assert found["x1"] is not None
    assert found["x0"].amount.value == pytest.approx(first, abs=1e-9)
    assert found["x1"].amount.value == pytest.approx(second, abs=1e-9)


def test_a_fault_that_only_the_log_has_does_no_harm() -> None:
    case = case_of()
    logged = times(100.0)(case.current)
    (one,) = measure_repairs(replace(case, current=logged, faults=(unit_fault(100.0),))).repairs
    assert one.is_harmful is False


def test_without_an_artifact_affected_rows_are_compared_with_others() -> None:
    case = case_of(
        spoil=times(100.0, carrier="UA"), faults=[unit_fault(100.0, carrier="UA")], rows=8000
    )
    none = replace(case, models=Models(reasons=(("champion", "there is no artifact"),)))
    (one,) = measure_repairs(none).repairs
    assert one.is_harmful
    assert not one.is_proven
    assert "there is no artifact" in measure_repairs(none).evidence()[0].reading
    assert one.effect is not None
    assert one.effect.basis == "comparison"
    proven = measure_repairs(case).repairs[0].effect
    assert proven is not None
    assert one.effect.amount.low < proven.amount.value < one.effect.amount.high
    everywhere = case_of(spoil=times(100.0), faults=[unit_fault(100.0)], models=Models())
    (other,) = measure_repairs(everywhere).repairs
    assert other.is_harmful is None
    assert "too few" in measure_repairs(everywhere).evidence()[0].reading


def test_nothing_to_undo_is_said() -> None:
    assert measure_repairs(case_of(rows=200)).skipped is not None
    early = replace(
        unit_fault(100.0), since=ONSET - timedelta(days=9), until=ONSET - timedelta(days=5)
    )
    assert measure_repairs(case_of(rows=200, faults=[early])).skipped is not None
    case = case_of(rows=200, faults=[unit_fault(100.0)])
    assert measure_repairs(replace(case, current=case.current.clear())).skipped is not None

    def broken(frame: pl.DataFrame) -> pl.DataFrame:
        raise WorkbenchError("no such file", "Look.")

    found = measure_repairs(replace(case, models=Models(champion=broken)))
    assert "no such file" in found.evidence()[0].reading


def test_the_order_of_rows_does_not_matter_and_the_same_seed_gives_the_same() -> None:
    case = case_of(spoil=times(100.0), faults=[unit_fault(100.0)], rows=1000)
    mixed = replace(
        case,
        current=case.current.sample(fraction=1.0, shuffle=True, seed=3).select(
            sorted(case.current.columns)
        ),
        reference=case.reference.sample(fraction=1.0, shuffle=True, seed=4),
        before=case.before.sample(fraction=1.0, shuffle=True, seed=5),
    )
    one, other, again = (measure_repairs(c) for c in (case, mixed, case))
    assert one.evidence() == other.evidence() == again.evidence()
    assert one.causes() == other.causes()


def test_values_of_sensitive_columns_are_not_printed() -> None:
    case = case_of(spoil=times(100.0, carrier="UA"), faults=[unit_fault(100.0, carrier="UA")])
    card = replace(case.card, privacy=replace(case.card.privacy, sensitive=("carrier", "x0")))
    found = measure_repairs(replace(case, card=card))
    text = " ".join(e.reading for e in found.evidence()) + str(found.causes())
    assert "UA" not in text
    assert "divide" not in text


@pytest.mark.parametrize("harm", [0.0, 1.0])
def test_the_interval_covers_the_truth(harm: float) -> None:
    truth: list[float] = []
    covered = 0
    for seed in range(40):
        factor = 100.0 if harm else 1.0
        case: Case = case_of(
            seed=seed + 50, rows=1200, spoil=times(factor), faults=[unit_fault(factor)]
        )
        (one,) = measure_repairs(case).repairs
        assert one.effect is not None
        truth.append(one.effect.amount.value)
        covered += (
            one.effect.amount.low - 1e-12
            <= (0.0 if not harm else 0.0655)
            <= one.effect.amount.high + 1e-12
        )
    if harm:
        assert np.mean(truth) == pytest.approx(0.0655, abs=0.01)
    assert covered >= 34


def test_copies_are_left_out_and_do_no_harm_unless_they_are_the_bad_ones() -> None:
    case = case_of(rows=2000)
    fault = Fault("", "duplicate_rows", "warning", ONSET, 0.3, "rows twice")

    def doubled(copies: pl.DataFrame) -> Case:
        again = copies.with_columns(("c" + pl.col("wb_id")).alias("wb_id"))
        return replace(case, current=pl.concat([case.current, again]), faults=(fault,))

    (one,) = measure_repairs(doubled(case.current.sample(fraction=0.4, seed=1))).repairs
    assert one.is_harmful is False
    (other,) = measure_repairs(doubled(case.current.filter(pl.col("wb_bad") == 1))).repairs
    assert other.is_harmful
    assert other.effect is not None
    own = float(case.current["wb_bad"].mean())  # type: ignore[arg-type]
    assert other.effect.amount.value == pytest.approx(2 * own / (1 + own) - own, abs=1e-9)
    assert measure_repairs(replace(case, faults=(fault,))).skipped is not None


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_a_world_that_moved_like_a_change_of_units_is_not_repaired(scale: float) -> None:
    """All inputs are spread otherwise before the label is drawn; checks of values take it for units."""
    case = case_of(rows=4000)
    moved = case.current.with_columns(pl.col("x0", "x1", "x2", "x3") * scale)
    current = served(moved.with_columns(drawn(moved, "binary", 77)), "binary", scorer("binary"))
    faults = tuple(unit_fault(scale, column) for column in ("x0", "x1", "x2", "x3"))
    found = measure_repairs(replace(case, current=current, faults=faults))
    assert [r.fault.column for r in found.repairs] == ["x0", "x1", "x2", "x3"]
    assert not found.decides
    assert found.causes() == ()


def test_a_true_fault_is_found_among_columns_that_only_moved() -> None:
    case = case_of(rows=4000)
    moved = case.current.with_columns(pl.col("x1", "x2") * 2.5)
    labelled = moved.with_columns(drawn(moved, "binary", 77))
    current = served(times(100.0)(labelled), "binary", scorer("binary"))
    faults = (unit_fault(2.5, "x1"), unit_fault(2.5, "x2"), unit_fault(100.0))
    found = measure_repairs(replace(case, current=current, faults=faults))
    assert [c.column for c in found.causes()] == ["x0"]


def test_an_estimate_alone_does_not_overrule_a_check_that_let_it_pass() -> None:
    fault = replace(unit_fault(100.0), status="ok", note="as daylight saving does")
    case = case_of(spoil=times(100.0), faults=[fault])
    assert measure_repairs(case).decides
    (one,) = measure_repairs(replace(case, current=without_labels(case.current))).repairs
    assert one.is_harmful is None
    assert one.effect is not None
    assert one.effect.is_harmful


def test_few_labels_leave_the_estimate_standing_and_many_overrule_it() -> None:
    case = case_of(spoil=times(100.0), faults=[unit_fault(100.0)])
    few = pl.concat([case.current.gather_every(32), without_labels(case.current)]).unique(
        "wb_id", keep="first"
    )
    (one,) = measure_repairs(replace(case, current=few)).repairs
    assert one.is_proven
    quiet = case_of(faults=[unit_fault(100.0)])
    (other,) = measure_repairs(quiet).repairs
    assert other.effect is not None
    assert other.effect.basis == "labels"
    assert other.is_harmful is False


def test_a_fault_that_could_make_little_of_the_rise_is_not_left_open() -> None:
    """500 labels cannot rule out two points; but the rise is one of twenty."""
    case = case_of(law=flipped, rows=500, faults=[unit_fault(0.5, "x1")])
    world = replace(
        case,
        current=served(case.current.with_columns(pl.col("x1") * 0.5), "binary", scorer("binary")),
    )
    found = measure_repairs(world)
    assert found.unclear == ()
    (one,) = found.repairs
    assert one.effect is not None
    assert one.effect.is_minor or one.is_harmful is not None


def test_a_drift_that_looks_like_a_unit_is_told_by_its_undoing_being_no_help() -> None:
    fault = unit_fault(2.4)
    broken = case_of(rows=16000, spoil=times(2.4), faults=[fault])
    # The inputs are 2.4 times as large in truth, and the labels know it.
    grown = times(2.4)(broken.before).with_columns(pl.col("wb_timestamp") + timedelta(days=20))
    grown = grown.with_columns(drawn(grown, "binary", 77))
    drifted = replace(broken, current=served(grown, "binary", scorer("binary")))
    assert [r.may_be_drift for r in measure_repairs(drifted).repairs] == [True]
    assert [r.may_be_drift for r in measure_repairs(broken).repairs] == [False]
    large = case_of(spoil=times(100.0), faults=[unit_fault(100.0)])
    assert [r.may_be_drift for r in measure_repairs(large).repairs] == [False]
