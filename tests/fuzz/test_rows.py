"""Canonical rows of any values, as text of any shape: each one is stored, there already, or set aside."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.hostile_values import NAMES, TEXTS
from tests.fuzz.promises import Call, assert_kept, assert_same_slowly
from tests.fuzz.sites import SITES, Site, copy_of, make_template

EXAMPLES = int(os.environ.get("WORKBENCH_FUZZ_INPUTS", "200")) // 60
COLUMNS = (
    "prediction_id", "timestamp", "tenure_months", "monthly_charges", "support_calls", "contract",
    "score", "prediction", "label", "model_version", "role", "label_timestamp", "score_churn", "score_stay",
)  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(TEXTS), st.text(max_size=12), st.floats().map(str), st.integers().map(str)
)
MOMENTS = st.one_of(
    st.datetimes().map(str), st.datetimes(timezones=st.timezones()).map(lambda t: t.isoformat()), TEXT,
    st.integers(1_700_000_000, 1_770_000_000).map(str),
)  # fmt: skip
USUAL = {
    "prediction_id": st.integers(25, 60).map(lambda n: f"p{n}") | TEXT,
    "timestamp": st.integers(0, 59).map(lambda n: f"2026-11-20T14:{n:02d}:00Z") | MOMENTS,
    "prediction": st.sampled_from(["0", "1", "1.0", "true", "churn", "stay", "7.5"]) | TEXT,
    "label": st.sampled_from(["", "0", "1", "churn"]) | TEXT,
    "label_timestamp": MOMENTS,
    "role": st.sampled_from(["live", "shadow", "", "HOLDOUT"]) | TEXT,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    needed = ["prediction_id", draw(st.sampled_from(["timestamp", "label"])), "prediction"]
    more = draw(st.lists(st.sampled_from(COLUMNS + NAMES[4:]), max_size=6))
    names = draw(st.permutations([*needed, *more]))
    count = draw(st.integers(1, 8))
    return names, [[draw(USUAL.get(name, TEXT)) for name in names] for _ in range(count)]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str]:
    """The ending and the text of a file."""
    names, rows = draw(tables())
    if draw(st.booleans()):
        lines = [
            {
                name: value if draw(st.integers(0, 9)) else draw(JSON)
                for name, value in zip(names, row, strict=True)
            }
            for row in rows
        ]
        return "jsonl", "\n".join(
            json.dumps(line, ensure_ascii=draw(st.booleans())) for line in lines
        )
    sink = io.StringIO(newline="")
    writer = csv.writer(
        sink,
        delimiter=draw(st.sampled_from(",;\t|")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    writer.writerows([names, *rows])
    return "csv", sink.getvalue()


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sites")
    return {site.name: make_template(site, folder / site.name) for site in SITES}


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_every_row_of_any_values_is_accounted_for(site: Site, templates: dict[str, Path]) -> None:
    @settings(max_examples=max(EXAMPLES, 2))
    @given(
        st.lists(files(), min_size=1, max_size=5),
        st.sampled_from(["auto", "predictions", "labels"]),
    )
    def holds(made: list[tuple[str, str]], kind: Any) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paths = []
            for number, (ending, text) in enumerate(made):
                paths.append(folder / f"{number}.{ending}")
                paths[-1].write_bytes(text.encode("utf-8", "surrogatepass"))
            ws = copy_of(templates[site.name], folder / "ws")
            assert_kept(ws, paths, Call("auto", kind))
            fresh = copy_of(templates[site.name], folder / "slow")
            assert_same_slowly(fresh, paths, Call("auto", kind), ws)

    holds()
