"""Charts show the figures they were given, whatever the names, and load nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from tests.report import figures
from workbench import charts
from workbench.domain.profile import ColumnBins, ColumnProfile

HOSTILE = (figures.FEED, "a.b[c]", 'it\'s "quoted" \\ back', "[/b]\x1b[31m‮\ud800", "null", "")


def every_chart(name: str = figures.FEED) -> dict[str, charts.Chart]:
    """Each kind of chart, with a name in every place that a name can take."""
    moved = figures.drift()
    return {
        "timeline": charts.bad_rate_timeline(replace(figures.performance(), model=name)),
        "ranking": charts.drift_ranking(
            replace(moved, model=name, columns=(figures.numeric(name), *moved.columns[1:]))
        ),
        "numeric": charts.share_per_bin(figures.numeric(name)),
        "categorical": charts.share_per_bin(figures.categorical(name, name)),
    }


def inside(node: Any, key: str) -> Iterator[Any]:
    """Every value of a key, at any depth of a specification."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from inside(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from inside(value, key)


def rows_of(chart: charts.Chart, *fields: str) -> list[dict[str, Any]]:
    """The data rows of a chart that have these fields."""
    datasets = chart.to_dict()["datasets"].values()
    return [row for rows in datasets for row in rows if set(fields) <= set(row) and row]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_the_name_of_a_field(name: str) -> None:
    for kind, chart in every_chart(name).items():
        fields = set(inside(chart.to_dict(), "field"))
        assert fields, kind
        assert all(re.fullmatch(r"[a-z_]+", field) for field in fields), (kind, fields)


@pytest.mark.parametrize("name", HOSTILE)
def test_svg_is_xml_that_holds_the_name_as_text_only(name: str) -> None:
    for kind, chart in every_chart(name).items():
        root = ET.fromstring(charts.to_svg(chart))
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "path", "line", "text", "rect", "defs", "clipPath", "tspan"}, (
            kind
        )
        assert root.get("role") == "img", kind
        assert root.get("aria-label"), kind


def test_svg_shows_a_hostile_name_as_it_is() -> None:
    root = ET.fromstring(charts.to_svg(every_chart("<b>a.b[0]</b>")["numeric"]))
    assert any("<b>a.b[0]</b>: share" in (element.text or "") for element in root.iter())


def test_page_loads_nothing_and_no_value_ends_its_script() -> None:
    page = charts.to_html(every_chart("</script><script>alert(1)")["timeline"])
    assert "alert(1)" in page
    assert "<script>alert(1)" not in page
    body = page[page.rindex("<body>") :]
    assert body.count("<script") == body.count("</script>") == 1
    loaded: list[str] = []

    class Loads(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            loaded.extend(name for name, _ in attrs if name in ("src", "href"))

    Loads().feed(page)
    assert not loaded
    assert "default-src 'none'" in page


def test_page_holds_the_specification_unchanged() -> None:
    chart = every_chart()["categorical"]
    page = charts.to_html(chart)
    start = page.index('vegaEmbed("#chart", ') + len('vegaEmbed("#chart", ')
    spec, _ = json.JSONDecoder().raw_decode(page[start:])
    assert spec == chart.to_dict()


def test_no_menu_entry_sends_the_data_away() -> None:
    for kind, chart in every_chart().items():
        actions = chart.to_dict()["usermeta"]["embedOptions"]["actions"]
        assert actions["editor"] is False, kind


def test_timeline_draws_every_bucket_with_its_rows() -> None:
    spec = charts.bad_rate_timeline(figures.performance()).to_dict()
    line = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")
    rows = spec["datasets"][line["data"]["name"]]
    assert [row["rate"] for row in rows] == list(figures.RATES)
    assert rows[0]["labelled_text"] == "80 of 100"
    assert rows[0]["when"] == "2024-02-01 to 2024-02-02 UTC"
    assert rows[0]["middle"] == "2024-02-01T12:00:00Z"


def test_timeline_marks_buckets_without_labels_on_the_axis() -> None:
    spec = charts.bad_rate_timeline(figures.performance()).to_dict()
    waiting = [la for la in spec["layer"] if la["encoding"].get("y", {}).get("value") is not None]
    assert len(waiting) == 1
    rows = spec["datasets"][waiting[0]["data"]["name"]]
    assert [row["when"][:10] for row in rows] == ["2024-02-03", "2024-02-06"]


def test_timeline_names_baseline_and_thresholds() -> None:
    lines = {
        row["line"]: row["at"]
        for row in rows_of(charts.bad_rate_timeline(figures.performance()), "line")
    }
    assert lines == {
        "reference 10.0%": 0.1,
        "warning from 12.0%": 0.12,
        "critical from 15.0%": 0.15,
    }


def test_timeline_without_a_baseline_has_no_lines() -> None:
    bare = replace(
        figures.performance(),
        reference_rate=None,
        reference_high=None,
        warning_rate=None,
        critical_rate=None,
    )
    assert not rows_of(charts.bad_rate_timeline(bare), "line")
    ET.fromstring(charts.to_svg(charts.bad_rate_timeline(bare)))


def test_timeline_of_nothing_says_so() -> None:
    empty = replace(figures.performance(), buckets=())
    assert "no predictions in this period" in charts.to_svg(charts.bad_rate_timeline(empty))


def test_timeline_takes_more_buckets_than_altair_takes_rows_of_a_frame() -> None:
    many = tuple(figures.bucket(day, 0.1) for day in range(6000))
    chart = charts.bad_rate_timeline(replace(figures.performance(), buckets=many))
    assert len(rows_of(chart, "middle")) == 6000


def test_times_are_drawn_in_utc_wherever_the_machine_stands() -> None:
    script = (
        "from tests.report import figures; from workbench import charts;"
        "print(charts.to_svg(charts.bad_rate_timeline(figures.performance())))"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            check=True,
        ).stdout
        for zone in ("UTC", "America/Los_Angeles")
    }
    assert len(drawn) == 1


def test_ranking_keeps_the_order_and_a_row_for_what_cannot_be_judged() -> None:
    chart = charts.drift_ranking(figures.drift())
    rows = sorted(rows_of(chart, "rank"), key=lambda row: row["rank"])
    assert [row["label"] for row in rows][1:] == ["carrier", "postcode", "empty"]
    assert rows[3]["psi"] is None
    assert rows[3]["reason"] == "the reference has no value of it"
    assert rows[0]["n"] == "80 and 100"


def test_ranking_holds_no_category() -> None:
    assert "secret-" not in json.dumps(charts.drift_ranking(figures.drift()).to_dict())


def test_ranking_says_how_many_columns_it_leaves_out() -> None:
    chart = charts.drift_ranking(figures.drift(), limit=2)
    assert len(rows_of(chart, "rank")) == 2
    assert "2 of 4 columns" in chart.to_dict()["description"]


def test_columns_whose_names_are_cut_alike_keep_their_own_rows() -> None:
    twins = tuple(figures.numeric("x" * 60 + end) for end in "ab")
    rows = rows_of(charts.drift_ranking(replace(figures.drift(), columns=twins)), "rank")
    assert len({row["label"] for row in rows}) == 2


def test_shares_of_numbers_equal_those_of_the_raw_values() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.integers(0, 9, 500), rng.integers(3, 9, 300)
    edges, deciles = tuple(float(e) for e in range(1, 8)), (2.0, 4.0, 6.0)

    def profile(values: np.ndarray[Any, Any]) -> ColumnProfile:
        bins = ColumnBins("x", "feature", "numeric", edges=edges, psi_edges=deciles)
        place = np.searchsorted(edges, values, side="left")
        return ColumnProfile(bins, tuple(np.bincount(place, minlength=8).tolist()))

    column = replace(figures.numeric("x"), reference=profile(before), current=profile(now))
    rows = rows_of(charts.share_per_bin(column), "share")
    for period, values in (("reference", before), ("current", now)):
        expected = {
            "up to 2": (values <= 2).mean(),
            "2 to 4": ((values > 2) & (values <= 4)).mean(),
            "4 to 6": ((values > 4) & (values <= 6)).mean(),
            "above 6": (values > 6).mean(),
        }
        drawn = {row["label"]: row["share"] for row in rows if row["period"] == period}
        assert drawn == pytest.approx(expected)


def test_edges_close_together_are_told_apart() -> None:
    bins = ColumnBins(
        "x", "feature", "numeric", edges=(1000000.0, 1000000.1), psi_edges=(1000000.0, 1000000.1)
    )
    profile = ColumnProfile(bins, (1, 1, 1))
    column = replace(figures.numeric("x"), reference=profile, current=profile)
    labels = {row["label"] for row in rows_of(charts.share_per_bin(column), "share")}
    assert labels == {"up to 1000000", "1000000 to 1000000.1", "above 1000000.1"}


def test_categories_beyond_the_limit_are_drawn_together() -> None:
    rows = rows_of(charts.share_per_bin(figures.categorical(), limit=1), "share")
    shares = {(row["label"], row["period"]): row["share"] for row in rows}
    assert shares == {
        ("AA", "reference"): 0.5,
        ("AA", "current"): 0.45,
        ("all 2 others", "reference"): 0.5,
        ("all 2 others", "current"): 0.5,
        ("never seen before", "reference"): 0.0,
        ("never seen before", "current"): 0.05,
    }


@pytest.mark.parametrize("column", [figures.categorical("p", "secret-"), figures.numeric()])
def test_hidden_values_are_nowhere_in_the_chart(column: Any) -> None:
    text = json.dumps(charts.share_per_bin(column, hide_values=True).to_dict())
    assert "bin 1" in text
    assert "secret-" not in text
    assert "up to 2" not in text


def test_a_column_without_profiles_says_why() -> None:
    empty = figures.drift().columns[3]
    assert "the reference has no value of it" in charts.to_svg(charts.share_per_bin(empty))
