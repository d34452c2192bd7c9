"""`diff`: exit codes as diff has them, the contract's document, and nothing written on trouble."""

from __future__ import annotations

import gzip
import shutil
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import Ended, make_workspace, workbench, write_card
from tests.logs import binary_log

A = pl.DataFrame({"id": range(40), "x": [i / 4 for i in range(40)], "c": ["a", "b"] * 20})
B = A.with_columns(
    x=pl.when(pl.col("id") < 4).then(-1.0).otherwise(pl.col("x")), new=pl.lit("n")
).slice(1)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two tables, where there is no workspace."""
    monkeypatch.chdir(tmp_path)
    A.write_parquet("a.parquet")
    B.write_csv("b.csv")
    return tmp_path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a model m and 500 rows of one day."""
    return make_workspace(tmp_path_factory.mktemp("site"))


def diff(*arguments: str | Path) -> Ended:
    return workbench("diff", *arguments)


def test_exit_codes_are_those_of_diff(files: Path) -> None:
    assert diff("a.parquet", "a.parquet").code == 0
    assert diff("a.parquet", "b.csv").code == 1
    assert diff("a.parquet", "none.csv").code == 2
    assert diff("a.parquet").code == 2
    assert diff("a.parquet", "b.csv", "--nonsense").code == 2


def test_the_document_is_that_of_the_contract(files: Path) -> None:
    ended = diff("a.parquet", "b.csv", "--json")
    document = ended.document

    assert ended.code == 1
    assert document["same"] is False
    assert document["a"] | {"hash": ""} == {
        "name": "a.parquet",
        "rows": 40,
        "hash": "",
        "period": None,
    }
    assert document["a"]["hash"].startswith("sha256:")
    assert document["schema"]["added"] == ["new"]
    assert document["schema"]["removed"] == document["schema"]["changed"] == []
    assert document["rows"] == {
        "added": 0, "removed": 1, "changed": 3, "unchanged": 36, "duplicate_keys": 0,
    }  # fmt: skip
    assert document["key"]["columns"] == ["id"]
    first = document["columns"][0]
    assert (first["name"], first["changed"]) == ("x", 3)
    assert {"missing_a", "missing_b", "psi", "js", "reason"} <= first.keys()
    assert document["outcomes"]["bad_rate_a"] is None
    assert document["outcomes"]["reason"]


def test_the_same_table_is_the_same_packed_or_in_a_folder(files: Path) -> None:
    A.write_csv("c.csv")
    packed = gzip.compress(Path("c.csv").read_bytes())
    Path("c.csv.gz").write_bytes(packed)
    Path("parts").mkdir()
    A.slice(20).write_parquet("parts/2.parquet")
    A.slice(0, 20).write_parquet("parts/1.parquet")

    for other in ("c.csv", "c.csv.gz", "parts", "parts/*.parquet"):
        ended = diff("a.parquet", other, "--json")
        assert ended.code == 0, ended
        assert ended.document["same"] is True
        assert ended.document["rows"]["unchanged"] == 40


def test_the_text_fits_80_columns_and_says_what_is_not_shown(files: Path) -> None:
    wide = A.with_columns(pl.lit("é" * 100).alias("a column with a rather long name " * 2))
    wide.write_parquet("wide.parquet")
    A.with_columns(x=pl.col("x") + 1).write_parquet("moved.parquet")

    for pair in (("a.parquet", "wide.parquet"), ("a.parquet", "moved.parquet")):
        ended = diff(*pair, "--limit", "3")
        assert ended.code == 1
        assert max(map(len, ended.out.splitlines())) <= 80, ended.out
    assert "37 more are not shown" in ended.out
    assert "0 added, 0 removed, 40 changed" in ended.out
    assert "0 -> 1" in ended.out


def test_options_narrow_and_tolerate(files: Path) -> None:
    A.with_columns(x=pl.col("x") + 0.01).write_parquet("near.parquet")

    assert diff("a.parquet", "near.parquet", "--tolerance", "x=0.02").code == 0
    assert (
        diff("a.parquet", "near.parquet", "--tolerance", "x=0,0.5", "--where", "id > 20").code == 0
    )
    assert diff("a.parquet", "near.parquet", "--tolerance", "x=0.001").code == 1
    assert diff("a.parquet", "near.parquet", "--columns", "id,c").code == 0
    assert (
        diff("a.parquet", "b.csv", "--where", "id > 10", "--columns", "x", "--key", "id").code == 0
    )


def test_rows_go_to_a_file_and_stdout_stays_a_document(files: Path) -> None:
    ended = diff("a.parquet", "b.csv", "--json", "--rows", "rows.csv", "--limit", "0")

    assert ended.document["rows"]["changed"] == 3
    assert pl.read_csv("rows.csv").height == 4
    assert "4 differing rows are in rows.csv" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.parquet", "none.parquet"), "no file"),
        (("a.parquet", "broken.parquet"), "cannot be read as parquet"),
        (("a.parquet", "b.csv", "--key", "nope"), "no column 'nope'"),
        (("a.parquet", "b.csv", "--key", "id,new"), "no column 'new'"),
        (("a.parquet", "texts.parquet", "--key", "id"), "BIGINT in A and VARCHAR in B"),
        (("a.parquet", "others.csv"), "no column in common"),
        (("a.parquet", "b.csv", "--where", "x >"), "condition"),
        (("a.parquet", "b.csv", "--rows", "a.parquet"), "compared"),
        (("a.parquet", "b.csv", "--rows", "rows.xyz"), "format"),
        (("a.parquet", "m:7d"), "no workspace"),
        (("a.parquet", "m@1:train"), "no workspace"),
        (("a.parquet", "https://example.org/a.csv"), "not on this machine"),
        (("a.parquet", "nothing/*.csv"), "nothing matches"),
        (("a.parquet", "b.csv", "--model", "m"), "no workspace"),
    ],
)
def test_trouble_is_said_with_a_hint_and_writes_nothing(
    files: Path, arguments: tuple[str, ...], said: str
) -> None:
    Path("broken.parquet").write_bytes(b"PAR1 not a table PAR1")
    A.with_columns(pl.col("id").cast(pl.String) + "x").write_parquet("texts.parquet")
    Path("others.csv").write_text("q\n1\n", "utf-8")
    before = {path: path.read_bytes() for path in files.iterdir()}
    given = arguments if "--rows" in arguments else (*arguments, "--rows", "out.parquet")

    diff(*given).assert_refused(said, code=2)

    assert {path: path.read_bytes() for path in files.iterdir()} == before


def test_a_tolerance_that_cannot_be_read_is_wrong_usage(files: Path) -> None:
    for text in ("x", "x=", "x=a", "=1", "x=-1", "x=1,2,3", "x=nan"):
        diff("a.parquet", "b.csv", "--tolerance", text).assert_refused("tolerance", code=2)


def test_two_periods_of_a_model_carry_their_outcomes(site: Path) -> None:
    ended = workbench(
        "-C",
        site,
        "diff",
        "m:2024-02-01T00:00/2024-02-01T12:00",
        "m:2024-02-01T06:00/2024-02-02",
        "--json",
    )
    document = ended.document

    assert ended.code == 1
    assert document["a"]["rows"] == document["rows"]["removed"] + document["rows"]["unchanged"]
    assert document["b"]["rows"] == document["rows"]["added"] + document["rows"]["unchanged"]
    assert document["rows"]["changed"] == 0
    assert document["a"]["period"] == {
        "start": "2024-02-01T00:00:00Z",
        "end": "2024-02-01T12:00:00Z",
    }
    assert document["key"]["columns"] == ["prediction_id"]
    parts = document["outcomes"]["parts"]
    change = document["outcomes"]["bad_rate_b"] - document["outcomes"]["bad_rate_a"]
    assert sum(part["contribution"] for part in parts) == pytest.approx(change)
    assert {c["name"] for c in document["columns"]} >= {"x", "c", "score", "prediction", "label"}


def test_a_file_against_what_is_stored_of_it(site: Path) -> None:
    ended = workbench(
        "-C", site, "diff", site / "log.csv", "m:all", "--key", "prediction_id", "--json"
    )
    document = ended.document

    assert document["rows"] == {
        "added": 0, "removed": 0, "changed": 0, "unchanged": 500, "duplicate_keys": 0,
    }, document  # fmt: skip
    assert document["schema"]["removed"] == ["timestamp"]
    log = binary_log(500)
    bad = (log["prediction"] != log["label"]).mean()
    assert document["outcomes"]["bad_rate_a"] == pytest.approx(bad)
    assert document["outcomes"]["bad_rate_b"] == pytest.approx(bad)


def test_classes_of_a_typed_file_are_those_that_are_stored_as_text(site: Path) -> None:
    binary_log(500).write_parquet(site / "typed.parquet")

    for pair in ((site / "typed.parquet", "m:all"), ("m:all", site / "typed.parquet")):
        document = workbench("-C", site, "diff", *pair, "--json").document

        assert document["rows"]["unchanged"] == 500, document
        assert document["schema"]["changed"] == []
        assert document["outcomes"]["bad_rate_a"] == document["outcomes"]["bad_rate_b"] > 0


def test_what_a_version_was_trained_on(site: Path, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(site, root)
    write_card(root, '[training]\ndata = "data/trained.parquet"\n')
    A.write_parquet(root / "data" / "trained.parquet")

    assert workbench("-C", root, "diff", "m@1:train", root / "data" / "trained.parquet").code == 0
    workbench("-C", root, "diff", "m@7:train", "m@1:train").assert_refused(
        "not known what m 7", code=2
    )
    (root / "registry" / "m" / "2").mkdir(parents=True)
    B.write_parquet(root / "data" / "second.parquet")
    metadata = root / "registry" / "m" / "2" / "metadata.json"
    metadata.write_text('{"train_table": "data/second.parquet"}', "utf-8")
    assert workbench("-C", root, "diff", "m@2:train", root / "data" / "second.parquet").code == 0
    metadata.write_text("{", "utf-8")
    workbench("-C", root, "diff", "m@2:train", "m@1:train").assert_refused("metadata", code=2)


def test_names_of_no_model_and_no_rows(site: Path) -> None:
    workbench("-C", site, "diff", "nobody:7d", "m:all").assert_refused("no model nobody", code=2)
    workbench("-C", site, "diff", "m:2020-01-01/2020-01-02", "m:all").assert_refused(
        "no rows", code=2
    )
    workbench("-C", site, "diff", "m:yesterday-ish", "m:all").assert_refused(code=2)


def test_sensitive_values_of_a_model_are_in_no_output(site: Path, tmp_path: Path) -> None:
    root = tmp_path / "site"
    shutil.copytree(site, root)
    write_card(root, '[privacy]\nsensitive = ["c"]\n')
    secret = binary_log(500).with_columns(c=pl.lit("CANARY"))
    secret.write_csv(root / "other.csv")
    rows = tmp_path / "rows.csv"

    ended = workbench("-C", root, "diff", "m:all", root / "other.csv", "--rows", rows)
    document = workbench("-C", root, "diff", "m:all", root / "other.csv", "--json")

    assert ended.code == document.code == 1
    for text in (ended.out, ended.err, document.out, document.err, rows.read_text("utf-8")):
        assert "CANARY" not in text
        assert "[/b]" not in text
    assert next(c for c in document.document["columns"] if c["name"] == "c")["changed"] > 0
    assert "(withheld)" in rows.read_text("utf-8")


def test_hostile_names_are_shown_harmless(files: Path) -> None:
    odd = A.with_columns(pl.lit("\x1b[31mred\x07").alias('na"me\x1b[2J'), pl.col("x").alias("r0"))
    odd.write_parquet("odd.parquet")
    odd.with_columns(pl.lit(datetime(2024, 1, 1)).alias("k0"), r0=pl.lit(1.0)).write_parquet(
        "odder.parquet"
    )

    ended = diff("odd.parquet", "odder.parquet")

    assert ended.code == 1
    assert "\x1b" not in ended.out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "\x07" not in ended.out
