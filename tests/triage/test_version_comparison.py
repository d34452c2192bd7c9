"""A version is rolled back only where going back mends something."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import ONSET, case_of, logit, rows_of, scorer, served, turned_above
from workbench.errors import WorkbenchError
from workbench.triage.case import Case, Models
from workbench.triage.version_comparison import measure_versions

TASKS = ["binary", "multiclass", "regression"]


def worse(frame: pl.DataFrame) -> NDArray[np.float64]:
    return logit(frame.with_columns(pl.col("x0") * 0.0))


def against(frame: pl.DataFrame) -> NDArray[np.float64]:
    return logit(frame, -1.0)


def constant(frame: pl.DataFrame) -> NDArray[np.float64]:
    return np.full(frame.height, 0.7)


def switched(task: str, new: object, *, previous: bool = True, law: object = logit) -> Case:
    """A new version is live since the onset; the one before it knows the law."""
    model = scorer(task, new)  # type: ignore[arg-type]
    models = Models(champion=model, previous=scorer(task)) if previous else Models()
    case = case_of(task, served_by=model, models=models, law=law)  # type: ignore[arg-type]
    older = case.before.with_columns(pl.lit("1").alias("wb_version"))
    return replace(case, before=case.before.clear(), others=older)


def with_canary(task: str, law: object, *, role: str = "canary", live_law: object = logit) -> Case:
    """A tenth of the traffic goes to version 3."""
    case = case_of(task, rows=8000, law=live_law)  # type: ignore[arg-type]
    rows = rows_of(
        task, 1000, 99, start=ONSET, days=10.0, law=live_law, model=scorer(task, law), version="3", role=role  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(case, others=rows)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("new", [worse, against, constant])
def test_a_bad_rollout_is_rolled_back(task: str, new: object) -> None:
    case = switched(task, new)
    found = measure_versions(case)
    assert found.decides
    assert found.is_proven
    bad = found.bad
    assert bad is not None
    assert (bad.how, bad.newer, bad.older) == ("rescored", "2", "1")
    right = served(case.current, task, scorer(task))
    true = float((case.current["wb_bad"] - right["wb_bad"]).mean())  # type: ignore[arg-type]
    assert bad.worse_by.value == pytest.approx(true, abs=1e-12)
    (cause,) = found.causes()
    assert (cause.kind, cause.where, cause.verdict, cause.segment) == (
        "version",
        "version",
        "roll_back",
        ("model_version", "2"),
    )
    assert cause.since is not None
    assert abs(cause.since - ONSET) < timedelta(hours=2)
    assert "version 1" in (cause.repair or "")


@pytest.mark.parametrize("task", TASKS)
def test_a_good_rollout_stays(task: str) -> None:
    found = measure_versions(switched(task, logit))
    assert not found.decides
    assert found.causes() == ()
    assert found.evidence()[0].against == "roll_back"


def test_it_never_goes_back_to_a_worse_version() -> None:
    case = switched("binary", logit)
    found = measure_versions(
        replace(case, models=Models(champion=scorer("binary"), previous=scorer("binary", worse)))
    )
    assert not found.decides


def test_where_the_world_has_changed_going_back_mends_nothing() -> None:
    def flipped(frame: pl.DataFrame) -> NDArray[np.float64]:
        z = logit(frame)
        found: NDArray[np.float64] = np.where(frame["x3"].to_numpy() > 0.0, -z, z)
        return found

    found = measure_versions(switched("binary", against, law=flipped))
    assert not any(c.rolls_back for c in found.comparisons if c.how == "rescored")
    slightly = measure_versions(switched("binary", lambda f: 0.5 * logit(f) - 1.2, law=flipped))
    bad = slightly.comparisons[0]
    assert bad.is_older_well is False
    assert not slightly.decides


def test_a_world_that_turned_in_the_hour_of_a_switch_is_not_the_versions_fault() -> None:
    def slightly_worse(frame: pl.DataFrame) -> NDArray[np.float64]:
        return logit(frame.with_columns(pl.col("x1") * 0.8))

    case = switched("binary", slightly_worse, law=turned_above(1.0))
    few = replace(case, current=case.current.head(400))
    found = measure_versions(few)
    by_how = {c.how: c for c in found.comparisons}
    assert by_how["rescored"].is_worse is None
    assert by_how["onset"].rolls_back
    assert not found.decides


@pytest.mark.parametrize("task", TASKS)
def test_a_bad_canary_is_found_by_the_champion_on_its_rows(task: str) -> None:
    found = measure_versions(with_canary(task, worse))
    bad = found.bad
    assert bad is not None
    assert (bad.role, bad.newer, bad.older, bad.how) == ("canary", "3", "2", "rescored")
    assert bad.share == pytest.approx(1 / 9, abs=0.01)
    concurrent = [c for c in found.comparisons if c.how == "concurrent"]
    assert len(concurrent) == 1
    assert concurrent[0].worse_by.low < bad.worse_by.value < concurrent[0].worse_by.high


def test_a_bad_canary_is_found_without_any_artifact() -> None:
    found = measure_versions(replace(with_canary("binary", worse), models=Models()))
    bad = found.bad
    assert bad is not None
    assert bad.how == "concurrent"


def test_a_good_canary_and_a_bad_shadow_are_left_alone() -> None:
    assert not measure_versions(with_canary("binary", logit)).decides
    shadow = measure_versions(with_canary("binary", worse, role="shadow"))
    assert not shadow.decides
    assert any("do not promote" in e.reading for e in shadow.evidence())


def test_a_shadow_of_the_same_rows_is_compared_pair_by_pair() -> None:
    case = case_of(models=Models())
    shadow = served(case.current, "binary", scorer("binary", worse), version="3", role="shadow")
    found = measure_versions(replace(case, others=shadow))
    (one,) = found.comparisons
    assert one.how == "pairs"
    assert one.worse_by.n == case.current.height
    true = float((shadow["wb_bad"] - case.current["wb_bad"]).mean())  # type: ignore[arg-type]
    assert one.worse_by.value == pytest.approx(true, abs=1e-12)


def test_the_older_version_as_a_holdout_says_that_the_new_one_is_worse() -> None:
    case = switched("binary", worse, previous=False)
    holdout = served(
        case.current.sample(fraction=0.3, seed=1),
        "binary",
        scorer("binary"),
        version="1",
        role="holdout",
    )
    found = measure_versions(
        replace(
            case,
            others=pl.concat([case.others, holdout], how="diagonal"),
            onset=ONSET - timedelta(days=4),
        )
    )
    bad = found.bad
    assert bad is not None
    assert (bad.newer, bad.older, bad.how) == ("2", "1", "pairs")


def test_harm_that_began_with_the_version_is_suspected() -> None:
    case = switched("binary", worse, previous=False)
    found = measure_versions(replace(case, others=case.others.tail(299)))
    assert found.decides
    assert not found.is_proven
    assert found.bad is not None
    assert found.bad.how == "onset"
    later = measure_versions(replace(case, onset=ONSET + timedelta(days=5)))
    assert not later.decides


def test_an_older_artifact_under_the_new_name_is_no_roll_back() -> None:
    """The new version's rows are the previous one's answers: nothing to go back to."""
    case = switched("binary", logit)
    case = replace(case, models=Models(champion=scorer("binary", worse), previous=scorer("binary")))
    assert not measure_versions(case).decides


def test_another_mix_of_segments_does_not_pass_for_a_worse_version() -> None:
    """The canary got the carrier whose rows are hard for every version (Simpson)."""

    def noisy(frame: pl.DataFrame) -> NDArray[np.float64]:
        hard = (frame["carrier"] == "UA").to_numpy()
        found: NDArray[np.float64] = np.where(hard, 0.15, 1.0) * logit(frame)
        return found

    case = case_of(law=noisy, rows=8000, models=Models())
    reference = rows_of(
        "binary",
        4000,
        50,
        start=ONSET - timedelta(days=50),
        law=noisy,
        model=scorer("binary", noisy),
    )
    rng = np.random.default_rng(1)
    to_canary = rng.random(case.current.height) < np.where(
        (case.current["carrier"] == "UA").to_numpy(), 0.3, 0.02
    )
    current = served(case.current, "binary", scorer("binary", noisy))
    others = current.filter(pl.Series(to_canary)).with_columns(
        pl.lit("3").alias("wb_version"), pl.lit("canary").alias("wb_role")
    )
    case = replace(
        case, reference=reference, others=others, current=current.filter(pl.Series(~to_canary))
    )
    rates = [float(f["wb_bad"].mean()) for f in (others, case.current)]  # type: ignore[arg-type]
    assert rates[0] - rates[1] > 0.05
    found = measure_versions(case)
    assert [c.how for c in found.comparisons] == ["concurrent"]
    assert not found.decides


def test_nothing_to_compare_is_said() -> None:
    case = case_of(rows=300)
    assert measure_versions(case).skipped is not None
    assert measure_versions(replace(case, reference=case.reference.clear())).skipped is not None
    assert measure_versions(replace(case, current=case.current.clear())).skipped is not None
    few = with_canary("binary", worse)
    assert measure_versions(replace(few, others=few.others.head(20))).skipped is not None

    def broken(frame: pl.DataFrame) -> pl.DataFrame:
        raise WorkbenchError("no such file", "Look.")

    lost = measure_versions(
        replace(case, models=Models(champion=scorer("binary"), previous=broken))
    )
    assert lost.skipped == "no such file"
    unlabelled = switched("binary", worse)
    none = unlabelled.current.with_columns(
        pl.lit(None, dtype=pl.String).alias("wb_label"),
        pl.lit(None, dtype=pl.Float64).alias("wb_bad"),
    )
    assert not measure_versions(replace(unlabelled, current=none)).decides


def test_no_difference_rolls_back_in_next_to_no_draw() -> None:
    rolled = 0
    for seed in range(40):
        case = case_of(seed=seed + 20, rows=1200, models=Models(champion=scorer("binary")))
        canary = rows_of(
            "binary", 150, 900 + seed, start=ONSET, days=10.0, version="3", role="canary"
        )
        rolled += measure_versions(replace(case, others=canary)).decides
        rolled += measure_versions(replace(case, others=canary, models=Models())).decides
    assert rolled <= 2


def test_the_order_of_rows_does_not_matter_and_sensitive_versions_are_not_named() -> None:
    case = with_canary("binary", worse)
    mixed = replace(
        case,
        current=case.current.sample(fraction=1.0, shuffle=True, seed=3).select(
            sorted(case.current.columns)
        ),
        others=case.others.sample(fraction=1.0, shuffle=True, seed=5),
    )
    assert measure_versions(case) == measure_versions(mixed)
    card = replace(case.card, privacy=replace(case.card.privacy, sensitive=("model_version",)))
    hidden = measure_versions(replace(case, card=card))
    assert "version 3" not in " ".join(e.reading for e in hidden.evidence())
    assert [c.segment for c in hidden.causes()] == [None]


def test_segments_of_which_both_versions_have_the_same_mix_do_not_hide_a_worse_canary() -> None:
    """Without an artifact, by the traffic of the same time: the plain difference, not the smallest."""
    case = case_of(rows=8000, models=Models())
    to_canary = pl.Series(np.random.default_rng(3).random(case.current.height) < 0.1)
    rows = case.current.filter(to_canary)
    others = served(rows, "binary", scorer("binary", worse), version="3", role="canary")
    case = replace(case, others=others, current=case.current.filter(~to_canary))
    plain = float(others["wb_bad"].mean()) - float(case.current["wb_bad"].mean())  # type: ignore[arg-type]
    (found,) = measure_versions(case).comparisons
    assert found.how == "concurrent"
    assert found.worse_by.value == pytest.approx(plain, abs=0.01)
    assert found.rolls_back
