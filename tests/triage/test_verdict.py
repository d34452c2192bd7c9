"""All steps together, on worlds whose cause is known: the verdict is the one that an expert would give."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from tests.triage import planted, retraining_worlds
from workbench.domain.verdict import Evidence, Verdict
from workbench.domain.verdict_document import verdict_document
from workbench.triage.case import Case
from workbench.triage.examining import Findings, Looked, counted_of, examine
from workbench.triage.rules import decide
from workbench.triage.since import Since
from workbench.triage.verdict import reach_verdict


def examined(case: Case, told: list[str] | None = None) -> Findings:
    """The findings of a case whose outcomes are those of its frames."""
    inside = pl.col("wb_timestamp") >= case.period.start
    whole = replace(
        case,
        counted=counted_of(case, case.current.filter(inside)),
        before_counted=counted_of(case, case.before),
        reference_counted=counted_of(case, case.reference),
    )
    since = Since(case.onset, "outcomes", None, None)

    def tell(step: str, _: object) -> None:
        if told is not None:
            told.append(step)

    return examine(Looked(whole, since), tell)


def verdict_on(case: Case) -> Verdict:
    return reach_verdict(examined(case), ("1",))


@pytest.mark.parametrize(
    ("world", "accepted"),
    [
        (retraining_worlds.usual, {("no_action", None)}),
        (retraining_worlds.rotation, {("retrain", None)}),
        (retraining_worlds.visible_flip, {("retrain", None)}),
        (retraining_worlds.hidden_flip, {("redesign", "missing_information")}),
        (
            retraining_worlds.harder,
            {
                ("redesign", "harder_cases"),
                ("redesign", "missing_information"),
                ("no_action", None),
            },
        ),
    ],
    ids=["usual", "rotation", "visible flip", "hidden flip", "harder"],
)
def test_a_change_of_the_world_is_told_by_what_would_help(
    world: retraining_worlds.Draw, accepted: set[tuple[str, str | None]]
) -> None:
    verdict = verdict_on(retraining_worlds.case_of(world, seed=3))
    assert (verdict.verdict, verdict.redesign_reason) in accepted, verdict.summary
    assert 0 < verdict.confidence <= 1
    assert verdict.summary.count(". ") <= 2
    assert verdict.evidence
    if world is retraining_worlds.hidden_flip:
        assert "wet" in verdict.summary


def test_a_unit_fault_is_mended_first_and_named() -> None:
    case = planted.case_of(
        seed=1,
        spoil=planted.times(100.0, carrier="UA"),
        faults=[planted.unit_fault(100.0, carrier="UA")],
    )
    verdict = verdict_on(case)
    assert verdict.verdict == "fix_upstream"
    assert verdict.residual_verdict is None
    (cause,) = verdict.causes
    assert (cause.kind, cause.column, cause.segment) == ("unit_change", "x0", ("carrier", "UA"))
    assert cause.repair == "divide by 100"
    assert cause.share_of_rise is not None
    assert 0.4 < cause.share_of_rise <= 1.0
    assert verdict.exclude[0].where == (("carrier", "UA"),)
    assert "retrain" not in "".join(verdict.actions)


def test_a_unit_fault_is_found_without_any_label() -> None:
    case = planted.case_of(seed=1, spoil=planted.times(100.0), faults=[planted.unit_fault(100.0)])
    nothing = case.current.with_columns(
        wb_label=pl.lit(None, pl.String), wb_bad=pl.lit(None, pl.Float64)
    )
    verdict = verdict_on(replace(case, current=nothing))
    assert verdict.verdict == "fix_upstream", verdict.summary


def test_few_labels_never_rule_harm_out() -> None:
    case = retraining_worlds.case_of(retraining_worlds.visible_flip, seed=2)
    few = pl.int_range(pl.len()) % 120 == 0
    thin = case.current.with_columns(
        wb_label=pl.when(few).then(pl.col("wb_label")), wb_bad=pl.when(few).then(pl.col("wb_bad"))
    )
    verdict = verdict_on(replace(case, current=thin))
    assert verdict.verdict == "wait"
    assert any(one.name == "labels_needed" for one in verdict.evidence)


def test_a_harmless_fault_is_listed_and_does_not_decide() -> None:
    case = planted.case_of(seed=2, spoil=planted.times(1.001), faults=[planted.unit_fault(1.001)])
    verdict = verdict_on(case)
    assert verdict.verdict == "no_action", verdict.summary
    assert verdict.causes == ()
    assert any(one.step == "repair" for one in verdict.evidence)


def test_the_same_case_gives_the_same_document_whatever_the_order_of_rows() -> None:
    case = retraining_worlds.case_of(retraining_worlds.rotation, n=1500, before=1500, seed=5)
    mixed = replace(
        case,
        current=case.current.sample(fraction=1.0, shuffle=True, seed=1),
        before=case.before.sample(fraction=1.0, shuffle=True, seed=2),
        reference=case.reference.sample(fraction=1.0, shuffle=True, seed=3),
    )
    assert verdict_document(verdict_on(mixed)) == verdict_document(verdict_on(case))


def test_steps_are_told_in_order_and_later_ones_only_where_there_is_harm() -> None:
    told: list[str] = []
    examined(retraining_worlds.case_of(retraining_worlds.usual, seed=3), told)
    assert told[:4] == ["since", "replay", "outputs", "repair"]
    assert "harm" in told
    assert "backtest" not in told


def test_a_rise_that_is_over_asks_for_nothing() -> None:
    case = retraining_worlds.case_of(retraining_worlds.rotation, seed=4)
    ended = case.period.start + timedelta(days=6)
    calm = retraining_worlds.case_of(retraining_worlds.usual, seed=4).current
    both = pl.concat(
        [
            case.current.filter(pl.col("wb_timestamp") < ended),
            calm.filter(pl.col("wb_timestamp") >= ended),
        ]
    )
    found = examined(replace(case, current=both))
    over = replace(
        found, since=Since(case.onset, "outcomes", ended, None),
        harm_now=replace(found.harm_now, state="no", rise=None),
    )  # fmt: skip
    assert decide(over).why == "over"


def test_evidence_says_what_it_means() -> None:
    verdict = verdict_on(
        retraining_worlds.case_of(retraining_worlds.rotation, n=1500, before=1500, seed=5)
    )
    for one in verdict.evidence:
        assert isinstance(one, Evidence)
        assert len(one.reading) > 3
        assert one.step
