"""Cards and references with gaps: said with a hint, or costing one column its row and no more."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, make_workspace, reference_log, workbench, write_card
from tests.logs import binary_log

ABSENT = "the card names columns that the reference lacks"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[column]\n", "nearest known section is [columns]"),
        ('[columns]\nprediction_idd = "x"\n', "nearest known key is prediction_id"),
        ("[monitoring]\nwindow = 7\n", "a number, not a string"),
        ('[monitoring]\nbucket = "3h"\n', "cannot be '3h'"),
        ("[monitoring\n", "not valid TOML"),
        ('[columns]\nfeatures = ["zz"]\n', "has no column 'zz'"),
        ('[reference]\ndata = "../../etc/passwd"\n', "leaves the workspace"),
        ('[reference]\ndata = "data/gone.parquet"\n', "is not there"),
        ('[reference]\nperiod = "2024-01-01/2024-01-08"\n', "[reference] period is not possible"),
        ('[privacy]\npseudonymise = ["Timestamp"]\n', "which is the timestamp column"),
        ('[bad_prediction]\nrule = "absolute_error"\n', "absolute_error"),
    ],
)
def test_no_command_uses_such_a_card(root: Path, tmp_path: Path, text: str, said: str) -> None:
    card = write_card(root, text, name="b")
    log = tmp_path / "log.parquet"
    binary_log(20).write_parquet(log)
    try:
        for command in (
            ("ingest", log, "--model", "b"),
            ("performance", "b"),
            ("drift", "b"),
            ("quality", "b"),
        ):
            workbench("-C", root, *command).assert_refused(said)
        found = done("-C", root, "status", "--json").document["models"]
        reasons = {model["name"]: model["reason"] for model in found}
        assert said in reasons["b"] or said.startswith("nearest")
        assert workbench("-C", root, "model", "check", "b").code == 1
        assert workbench("-C", root, "model", "check", "m").code == 0
    finally:
        card.unlink()


def test_raw_values_of_columns_to_pseudonymise_reach_no_file_of_the_store(
    root: Path, tmp_path: Path
) -> None:
    card = write_card(root, '[privacy]\npseudonymise = ["c"]\n', name="b")
    log = tmp_path / "log.csv"
    binary_log(20).with_columns(c=pl.lit("CANARY-4471")).write_csv(log)
    done("-C", root, "ingest", log, "--model", "b")
    card.unlink()
    held = [p for p in (root / ".workbench").rglob("*") if p.is_file()]
    assert not [p for p in held if b"CANARY-4471" in p.read_bytes()]


def test_a_broken_card_hides_no_other_from_the_list(root: Path) -> None:
    card = write_card(root, "[nope", name="b")
    try:
        ended = workbench("-C", root, "model", "list", "--json")
        ended.assert_refused("not valid TOML")
        assert [model["name"] for model in ended.document["models"]] == ["m"]
        card.write_bytes(b"\xff\xfe")
        workbench("-C", root, "model", "list").assert_refused("not UTF-8")
    finally:
        card.unlink()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ('[columns]\ncategorical = ["zz"]\n', f"{ABSENT}: 'zz'"),
        ('[columns]\nsegments = ["zz", "c"]\n', f"{ABSENT}: 'zz'"),
        ('[columns]\nlabel = "truth"\n', f"{ABSENT}: 'truth'"),
        ('[bad_prediction]\npositive_class = "9"\n', "'9' is no class of the reference (0, 1)"),
    ],
)
def test_a_probable_slip_in_a_card_is_remarked_on(root: Path, text: str, note: str) -> None:
    card = write_card(root, text, name="b")
    try:
        assert note in done("-C", root, "model", "check", "b").out
        assert done("-C", root, "model", "check", "m").out == "m: ok\n"
    finally:
        card.unlink()


def drop(*names: str) -> pl.DataFrame:
    return reference_log().drop(names)


X = pl.col("x")
NOTHING = {"x": pl.lit(None, dtype=pl.Float64)}


@pytest.mark.parametrize(
    ("frame", "unknown", "reference_rate_is_known"),
    [
        (drop("label"), set(), False),
        (drop("prediction", "score"), set(), False),
        (drop("timestamp", "prediction_id"), set(), True),
        (drop("prediction"), set(), True),
        (reference_log().with_columns(**NOTHING), {"x"}, True),
        (reference_log().with_columns(x=pl.lit(float("nan"))), {"x"}, True),
        (reference_log().with_columns(c=pl.lit("")), {"c"}, True),
        (reference_log().with_columns(c=pl.lit(None)), {"c"}, True),
        (reference_log().with_columns(timestamp=pl.lit("never")), set(), True),
        (reference_log().with_columns(label=pl.lit(None, dtype=pl.Int64)), {"label"}, False),
    ],
    ids=["label", "outputs", "times", "score only", "all missing", "nan", "empty", "null",
         "unreadable times", "labels missing"],
)  # fmt: skip
def test_a_gap_in_the_reference_costs_its_own_figures_with_a_reason(
    root: Path, frame: pl.DataFrame, unknown: set[str], reference_rate_is_known: bool
) -> None:
    path = root / "data" / "gap.parquet"
    frame.write_parquet(path)
    card = write_card(root, '[reference]\ndata = "data/gap.parquet"\n', name="m")
    try:
        performance = done("-C", root, "performance", "m", "--json").document
        known = performance["reference"]["bad_rate"] is not None
        assert known is reference_rate_is_known
        assert known is (performance["reference"]["reason"] is None)
        assert known or performance["buckets"][0]["reason"]
        assert performance["buckets"][0]["bad_rate"] is not None
        drift = done("-C", root, "drift", "m", "--json").document
        assert {c["name"] for c in drift["columns"] if c["psi"] is None} == unknown
        for column in drift["columns"]:
            assert (column["psi"] is not None) or column["reason"]
        if "timestamp" not in frame.columns or frame["timestamp"].dtype == pl.String:
            assert drift["reference"]["start"] is None
            assert drift["reference"]["reason"]
        done("-C", root, "status")
    finally:
        card.write_text(
            '[model]\nname="m"\ntask="binary"\n[reference]\ndata="data/reference.parquet"\n'
        )


def test_a_constant_column_has_a_figure_or_a_reason_for_each_distance(root: Path) -> None:
    reference_log().with_columns(x=pl.lit(3.0)).write_parquet(root / "data" / "constant.parquet")
    write_card(root, '[reference]\ndata = "data/constant.parquet"\n', name="m")
    column = {c["name"]: c for c in done("-C", root, "drift", "m", "--json").document["columns"]}[
        "x"
    ]
    assert column["psi"] > 0.25
    assert column["wasserstein"] is None
    assert "constant" in column["reason"]
    write_card(root, name="m")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("features.csv", b"label,prediction,timestamp\n1,1,2024-01-01\n", "no feature column"),
        ("header.csv", b"label,x\n", "has no rows"),
        ("empty.csv", b"", "is empty"),
        ("latin1.csv", "label,é\n1,é\n".encode("latin1"), "not UTF-8"),
        ("cut.parquet", b"PAR1" + b"\0" * 100, "cannot be read as parquet"),
        ("inputs.csv", b"x,c\n1,a\n2,b\n", "the task cannot be told"),
        ("array.json", b"[]", "JSON array"),
    ],
)
def test_a_reference_that_cannot_be_used_leaves_no_card_and_no_copy(
    root: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    before = sorted((root / "data").iterdir())
    workbench("-C", root, "model", "add", "n", "--reference", path).assert_refused(said)
    assert not (root / "models" / "n.toml").exists()
    assert sorted((root / "data").iterdir()) == before


def test_a_model_needs_a_name_of_its_own_and_a_folder_to_write_to(
    root: Path, tmp_path: Path
) -> None:
    add = ("-C", root, "model", "add")
    reference = ("--reference", root / "data" / "reference.parquet")
    for name, said in (("m", "is a model 'm' already"), ("", "1 to 200"), ("x" * 300, "1 to 200")):
        workbench(*add, name, *reference).assert_refused(said)
    other = tmp_path / "other"
    done("init", other)
    (other / "models").rmdir()
    (other / "models").write_text("in the way")
    ended = workbench("-C", other, "model", "add", "n", *reference)
    ended.assert_refused("cannot write the card of n")
