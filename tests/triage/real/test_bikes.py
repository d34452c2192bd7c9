"""Demand for bicycles grew by two thirds: a model of 2011 is to be trained anew on 2012."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.triage.real.bikes import bikes_site, hours
from tests.triage.real.sites import Site, told


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The model of 2011 with all of 2012 in its log."""
    root: Path = tmp_path_factory.mktemp("bikes") / "ws"
    site = bikes_site(root)
    site.log(hours(2012), every="4w")
    return site


@pytest.mark.parametrize("period", ["all", "2012-07-01/2012-09-01"])
def test_retraining_on_the_new_year_helps(period: str, live: Site) -> None:
    found = live.triage(period)
    assert found.verdict == "retrain", told(found)
    assert [cause.kind for cause in found.causes] == ["concept"]
    assert found.exclude == ()


@pytest.mark.parametrize("period", ["2012-04-01/2012-05-01", "2012-10-01/2012-11-01"])
def test_with_a_month_of_labels_other_outputs_or_a_retraining_are_the_remedy(
    period: str, live: Site
) -> None:
    """A factor fitted to the month does as well as what can be trained on it, and is cheaper."""
    found = live.triage(period)
    assert found.verdict in ("retrain", "recalibrate"), told(found)
    assert found.onset is None  # the harm is as old as the log
