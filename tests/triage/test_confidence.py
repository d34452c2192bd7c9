"""How often resamplings agree becomes how often such verdicts are right."""

from __future__ import annotations

from itertools import pairwise

import pytest

from workbench.domain.verdict import VERDICTS
from workbench.triage.confidence import CALIBRATION, GROUPS, SURE, calibrated


@pytest.mark.parametrize("verdict", VERDICTS)
def test_more_agreement_is_more_confidence_within_0_and_1(verdict: str) -> None:
    told = [calibrated(share / 100, verdict) for share in range(101)]
    assert all(0 <= low <= high <= 1 for low, high in pairwise(told))


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        ("mends", "fix_upstream"),
        ("changes", "retrain"),
        ("calm", "no_action"),
        ("waits", "wait"),
    ],
)
def test_measured_points_are_met(group: str, verdict: str) -> None:
    for share, right in CALIBRATION[group]:
        assert calibrated(share, verdict) == pytest.approx(right)


def test_every_verdict_has_been_measured_with_others_like_it() -> None:
    assert set(GROUPS) == set(VERDICTS)
    assert set(GROUPS.values()) == set(CALIBRATION)


def test_to_wait_is_surer_than_to_act_where_resamplings_disagree() -> None:
    assert calibrated(0.5, "wait") > 0.8 > calibrated(0.5, "retrain")


def test_a_found_fault_is_surer_than_a_changed_world_where_all_resamplings_agree() -> None:
    assert calibrated(1.0, "fix_upstream") > calibrated(1.0, "redesign") > SURE
