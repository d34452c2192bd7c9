"""Which columns are named as suspects, in which order, and in which words."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.standin import COLUMNS, drift
from workbench.domain.drift import ColumnDrift
from workbench.tui.suspects import suspects


def named(*columns: ColumnDrift) -> list[str]:
    return [s.column for s in suspects(replace(drift("m"), columns=columns))]


def test_what_moved_comes_first_and_what_agrees_is_left_out() -> None:
    assert named(*COLUMNS) == ["dep_delay", "prediction", "dest", "wind_speed", "gate"]
    assert named(*reversed(COLUMNS))[:2] == ["dep_delay", "prediction"]


def test_a_suspect_says_how_its_mean_moved() -> None:
    first = suspects(drift("m"))[0]
    assert first.why == "mean 12.6 -> 131, PSI 0.71, shift 4.21 sd"


def test_unseen_categories_are_counted_and_named() -> None:
    dest = suspects(drift("m"))[2]
    assert dest.why == "4 unseen (4.1% of rows): HDN, JAC, TVC, ..."


def test_more_missing_values_are_named_beside_a_column_that_did_not_move() -> None:
    assert suspects(drift("m"))[3].why == "missing 0.40% -> 3.1%"


def test_a_column_that_could_not_be_compared_says_why() -> None:
    assert suspects(drift("m"))[4].why == "all values are missing in the reference"


def test_a_hair_more_missing_values_make_no_suspect() -> None:
    calm = ColumnDrift(
        "x", "feature", "numeric", "ok", missing_reference=0.01, missing_current=0.014
    )
    assert named(calm) == []


def test_hostile_categories_are_shown_harmlessly() -> None:
    column = ColumnDrift(
        "c", "feature", "categorical", "critical", psi=5.0, unseen=("\x1b]0;x\x07",)
    )
    why = suspects(replace(drift("m"), columns=(column,)))[0].why
    assert "\x1b" not in why
    assert "\\x1b]0;x\\x07" in why
