"""How long a promoted version kept its gain, against rows whose rates are planted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import workbench as package
from tests.candidates import add_candidate, ingest_version
from tests.cli.command import done, make_workspace
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.store.connections import reading
from workbench.store.version_lives import read_lives
from workbench.triage.half_life import measure_half_life
from workbench.workspace.version_lives import gone_since, lives_of, retrainings_of

DAY = timedelta(days=1)
START = datetime(2024, 2, 2, tzinfo=UTC)
METRICS = {
    "champion_bad_rate": 0.4, "challenger_bad_rate": 0.1, "gain": 0.3, "gain_low": 0.2,
    "gain_high": 0.35,
}  # fmt: skip


def days(*rates: float, rows: int = 200) -> list[OutcomeBucket]:
    return [
        OutcomeBucket(
            START + i * DAY, START + (i + 1) * DAY,
            OutcomeCounts(rows=rows, labelled=rows, bad=rows * rate),
        )
        for i, rate in enumerate(rates)
    ]  # fmt: skip


def test_the_end_is_the_first_of_three_days_that_have_lost_it_together() -> None:
    lasting = days(*[0.1] * 9)
    assert gone_since(lasting, 0.4) is None
    assert gone_since(days(0.1, 0.9, 0.1, 0.1, 0.1, 0.1), 0.4) is None
    assert gone_since(days(0.1, 0.1, 0.4, 0.45, 0.4, 0.4), 0.4) == START + 2 * DAY
    assert gone_since(days(0.5), 0.4) == START
    assert gone_since(days(0.5, rows=20), 0.4) is None
    assert gone_since([], 0.4) is None
    # Of few labels a day more days are taken together.
    assert gone_since(days(0.1, 0.1, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, rows=12), 0.4) is None


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 2 lost half of its gain after four days and all after seven; 3 is young; 2 came back."""
    root = make_workspace(tmp_path_factory.mktemp("lives") / "ws")
    add_candidate(root, "2", metrics=METRICS)
    done("-C", root, "promote", "m", "2", "--yes")
    ingest_version(root, "2", 200, START, [0.1] * 4 + [0.3] * 3 + [0.5] * 3)
    add_candidate(root, "3", metrics=METRICS)
    done("-C", root, "promote", "m", "3", "--yes")
    ingest_version(root, "3", 200, START + 10 * DAY, [0.1] * 4)
    return root


def test_half_of_a_gain_and_all_of_it_are_gone_when_the_rows_say_so(root: Path) -> None:
    with package.open(root) as ws:
        second, third = lives_of(ws.subject("m"), ws.root)
    assert (second.version, second.former, second.born) == ("2", "1", START)
    # 0.25 is half way, 0.4 all of the way: reached by the three days from then on together.
    assert second.half_at == START + 4 * DAY
    assert second.gone_at == START + 6 * DAY
    assert second.labelled == 2000
    assert (third.version, third.former) == ("3", "2")
    assert (third.half_at, third.gone_at, third.until) == (None, None, None)


def test_triage_reads_them_as_retrainings(root: Path) -> None:
    with package.open(root) as ws:
        found = retrainings_of(ws.subject("m"), ws.root)
    assert [(one.version, one.gain) for one in found] == [("2", 0.3), ("3", 0.3)]
    lasting = measure_half_life(found, DAY)
    assert lasting.days == (6.0,)
    assert not lasting.is_short


def test_what_was_known_at_the_last_promotion_is_stored(root: Path) -> None:
    with package.open(root) as ws, reading(ws.store) as catalog:
        stored = read_lives(catalog, "m")
    assert [one.version for one in stored] == ["2", "3"]
    assert stored[0].gone_at == START + 6 * DAY
    shown = done("-C", root, "model", "history", "m")
    assert "all of its gain was gone 6.0 days after" in shown.out
    document = done("-C", root, "model", "history", "m", "--json").document
    assert document["lives"][0]["days_to_half"] == 4.0
    assert document["lives"][1]["gone_at"] is None


def test_a_version_without_a_recorded_gain_has_no_end_and_a_reason(tmp_path: Path) -> None:
    site = make_workspace(tmp_path / "ws")
    add_candidate(site, "2", metrics={})
    done("-C", site, "promote", "m", "2", "--yes", "--force", "--reason", "x")
    ingest_version(site, "2", 200, START, [0.9])
    (life,) = done("-C", site, "model", "history", "m", "--json").document["lives"]
    assert life["gone_at"] is None
    assert life["reason"] == "no gain on a holdout is recorded"
