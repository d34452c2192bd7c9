"""Sections say what the figures say."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report import figures
from workbench.report.building import report_sections
from workbench.report.happened import (
    drift_sentence,
    happened_section,
    latest_run,
    onset_sentence,
    overall_status,
    rate_sentence,
    rise_began,
)
from workbench.report.rates import MOST_BUCKETS, bucket_table, group_section, sparkline
from workbench.report.rerun import command, rerun_section

DAY = figures.DAY


def test_latest_run_is_the_start_of_the_latest_run_above_the_warning_rate() -> None:
    assert latest_run(figures.performance().buckets) == (figures.START + 3 * DAY, 2)


def test_buckets_without_labels_do_not_end_a_run() -> None:
    rates = (0.1, 0.5, None, 0.5, None)
    assert latest_run(tuple(figures.bucket(i, r) for i, r in enumerate(rates))) == (
        figures.START + DAY,
        2,
    )


def test_the_point_where_the_rate_rose_is_told_while_it_is_raised() -> None:
    began = rise_began(figures.performance())
    assert began == figures.START + 3 * DAY
    raised = onset_sentence(figures.performance(), began)
    assert raised.startswith("The rate rose at 2024-02-04 00:00Z")
    calm = replace(figures.performance(), whole=replace(figures.performance().whole, status="ok"))
    assert onset_sentence(calm, began).startswith("The latest 2 buckets with labels are a warning")


def test_a_calm_newest_bucket_is_no_run() -> None:
    assert (
        latest_run(tuple(figures.bucket(i, r) for i, r in enumerate((0.5, 0.5, 0.1, None)))) is None
    )


def test_rate_sentence_has_n_interval_baseline_and_status() -> None:
    text = rate_sentence(replace(figures.performance(), model="m"))
    assert text == (
        "Of 320 labelled predictions of m, 33.8% were bad (95 % interval 28.8% to 39.1%), against "
        "10.0% in the reference; 280 have no label yet. Status critical."
    )


def test_a_rate_without_labels_is_said_to_be_unknown_and_why() -> None:
    whole = replace(
        figures.performance().whole,
        labelled=0,
        bad_rate=None,
        low=None,
        high=None,
        status="unknown",
        reason=None,
    )
    text = rate_sentence(replace(figures.performance(), model="m", whole=whole))
    assert text == (
        "The bad-prediction rate of m cannot be judged: no row of the period is labelled "
        "(600 rows, 0 labelled)."
    )


def test_drift_sentence_counts_what_it_does_not_name() -> None:
    many = tuple(figures.numeric(f"c{i}") for i in range(7))
    text = drift_sentence(replace(figures.drift(), columns=many))
    assert text.startswith("Of 7 columns, 7 moved: c0 (critical), ")
    assert text.endswith("c4 (critical) and 2 more.")


def test_drift_that_cannot_be_judged_takes_nothing_from_a_rate_that_can() -> None:
    calm = replace(figures.performance(), whole=replace(figures.performance().whole, status="ok"))
    assert overall_status(calm, replace(figures.drift(), status="unknown")) == "ok"
    assert overall_status(calm, figures.drift()) == "critical"
    assert overall_status(calm, None) == "ok"


def test_drift_that_cannot_be_told_costs_its_own_section_only() -> None:
    sections = report_sections(
        figures.card(), figures.performance(), None, "the reference is gone", root=Path("/w")
    )
    drift = next(section for section in sections if section.key == "drift")
    assert drift.paragraphs == ("Drift is not known: the reference is gone.",)
    assert {"what_happened", "bad_rate", "basis", "rerun"} <= {section.key for section in sections}


def test_groups_are_shown_where_there_is_more_than_one() -> None:
    section = group_section(figures.performance(), figures.card())
    assert section is not None
    assert [table.title for table in section.tables] == ["By version", "By arm (arm)"]
    alone = replace(figures.performance(), by_version=(), by_arm=())
    assert group_section(alone, figures.card()) is None


def test_a_sensitive_arm_is_withheld_and_a_missing_one_is_not() -> None:
    section = group_section(figures.performance(), figures.card())
    assert section is not None
    assert [row[0] for row in section.tables[1].rows] == ["(withheld: sensitive)", "(missing)"]


def test_the_newest_buckets_are_listed_and_the_rest_is_counted() -> None:
    buckets = tuple(figures.bucket(day, 0.1) for day in range(MOST_BUCKETS + 5))
    table = bucket_table("t", buckets)
    assert table.rows[-1][0] == buckets[-1].start
    assert len(table.rows) == MOST_BUCKETS
    assert str(len(buckets)) in table.note


def test_sparkline_is_scaled_from_zero_and_shows_gaps() -> None:
    buckets = tuple(figures.bucket(i, r) for i, r in enumerate((0.0, 0.5, 1.0, None)))
    assert sparkline(buckets).text == "▁▅█·"


def test_summary_names_no_value_of_a_sensitive_column() -> None:
    texts = happened_section(figures.performance(), figures.drift()).paragraphs
    assert "secret-" not in " ".join(texts)


def test_the_period_is_spelled_out_and_a_name_that_looks_like_an_option_stays_a_name() -> None:
    section = rerun_section(Path("/w s"), "-m", figures.performance().period, "2", figures.START)
    assert section.commands[2] == (
        "workbench report -C '/w s' --period 2024-02-01T00:00:00Z/2024-02-07T00:00:00Z "
        "--version 2 --as-of 2024-02-01T00:00:00Z -- -m"
    )


@settings(max_examples=40)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
        min_size=1,
        max_size=12,
    )
)
def test_a_shell_reads_back_the_words_of_a_command(words: list[str]) -> None:
    line = command(["printf", "%s\\0", *words])
    read = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert read.decode("utf-8").split("\0")[:-1] == words
    assert line.isprintable()
