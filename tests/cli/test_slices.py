"""`slices` and `drift --multivariate`: what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Ended, done, workbench
from tests.store.upkeep import ingest, make_workspace
from tests.workspace.test_slicing import broken_log
from workbench.workspace import Workspace

KEYS = {
    "where", "rows", "labelled", "bad_rate", "reference_bad_rate", "lift", "share_of_bad",
    "share_of_rise", "p_adjusted",
}  # fmt: skip


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = make_workspace(tmp_path_factory.mktemp("slices"))
    ingest(made, "log.parquet", broken_log())
    return made


def lines(ended: Ended) -> list[str]:
    return [line for line in ended.out.splitlines() if line]


def test_the_document_has_the_contracts_keys(ws: Workspace) -> None:
    document = done("-C", ws.root, "slices", "m", "--period", "all", "--json").document
    assert document["model"] == "m"
    assert document["versions"] == ["1"]
    (found,) = document["slices"]
    assert set(found) >= KEYS
    assert found["where"]["c"] == "a"
    assert found["where"]["x"].startswith("> ")
    assert found["reason"] is None
    assert document["sample"]["labelled"] == 6000
    (table,) = document["segments"]
    added = sum(value["contribution"] for value in table["values"])
    assert added == pytest.approx(table["rise"], abs=1e-12)


def test_the_text_fits_and_says_the_sample(ws: Workspace) -> None:
    ended = done("-C", ws.root, "slices", "m", "--period", "all")
    assert max(len(line) for line in lines(ended)) <= 80
    assert "sample: all 6,000 labelled rows, halved" in ended.out
    assert any(line.startswith("c = a") for line in lines(ended))
    assert any(line.startswith("& x > ") for line in lines(ended))
    assert any(line.startswith("by c: +") for line in lines(ended))


def test_nothing_found_is_said(tmp_path: Path) -> None:
    made = make_workspace(tmp_path)
    ingest(made, "log.parquet", broken_log(150))
    few = done("-C", made.root, "slices", "m", "--period", "all")
    assert "no slices: fewer than 200 labelled rows" in few.out
    document = done("-C", made.root, "slices", "m", "--period", "all", "--json").document
    assert (document["slices"], document["reason"]) == ([], "fewer than 200 labelled rows")


def test_hostile_and_sensitive_values_are_harmless(tmp_path: Path) -> None:
    import polars as pl

    made = make_workspace(tmp_path, '[privacy]\nsensitive = ["c"]\n')
    log = broken_log().with_columns(
        c=pl.when(pl.col("c") == "b").then(pl.lit("secret\x1b[31m")).otherwise("c")
    )
    ingest(made, "log.parquet", log)
    for extra in ((), ("--json",)):
        ended = done("-C", made.root, "slices", "m", "--period", "all", *extra)
        assert "secret" not in ended.out + ended.err
        assert "[/b]" not in ended.out + ended.err
        assert "value 1" in ended.out or "value 2" in ended.out or "value 3" in ended.out
    assert "c is sensitive" in done("-C", made.root, "slices", "m", "--period", "all").err


def test_wrong_questions_are_refused(ws: Workspace) -> None:
    workbench("-C", ws.root, "slices", "nobody").assert_refused("nobody")
    workbench("-C", ws.root, "slices", "m", "--period", "soon").assert_refused("soon")


def test_drift_says_how_all_inputs_are_compared_and_does_when_asked(ws: Workspace) -> None:
    plain = done("-C", ws.root, "drift", "m", "--json").document
    assert plain["multivariate"] is None
    assert "--multivariate" in plain["multivariate_reason"]
    asked = done(
        "-C", ws.root, "drift", "m", "--period", "all", "--multivariate", "--json"
    ).document
    assert set(asked["multivariate"]) >= {"domain_auc", "p_value", "top_columns", "rows", "reason"}
    assert asked["multivariate_reason"] is None
    text = done("-C", ws.root, "drift", "m", "--period", "all", "--multivariate").out
    assert "all inputs together: AUC 0." in text
