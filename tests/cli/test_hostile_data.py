"""Names and values from data work everywhere, and reach no terminal raw."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import Ended, done, reference_log, workbench
from tests.logs import binary_log

NAME = 'na\'me "q" [/b] 🙂\x1b[31m\n../x'
NUMBER = "a'\"b; DROP TABLE files;-- [/b]\x1b[31m🙂"
TEXT = "col umn\n2\x9b"
VALUES = {"a": "\x1b]0;owned\x07", "b": "🙂 'q' \"z\"", "[/b]": "[/b]"}
NEW = "new\x1b[2J\u202e[bold]\r"
VERSION, ROLE, ARM = "v\x1b[31m", "ro\x1b[31mle", "ar\x1b[7mm"


def hostile(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("c").replace_strict(VALUES)).rename({"x": NUMBER, "c": TEXT})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("si te [1] 🙂")
    done("init", folder)
    reference = folder / "ref [1] \x1b[31m.parquet"
    hostile(reference_log()).write_parquet(reference)
    added = done("-C", folder, "model", "add", NAME, "--reference", reference)
    assert_harmless(added)
    card = next((folder / "models").iterdir())
    text = card.read_text().replace('# experiment = ""', 'experiment = "arm"')
    card.write_text(text)
    number = pl.int_range(500)
    log = hostile(binary_log(500)).with_columns(
        pl.when(number < 200).then(pl.lit(NEW)).otherwise(pl.col(TEXT)).alias(TEXT),
        model_version=pl.lit(VERSION),
        role=pl.when(number < 50).then(pl.lit(ROLE)).otherwise(pl.lit("live")),
        arm=pl.when(number % 2 == 0).then(pl.lit(ARM)).otherwise(pl.lit("b")),
    )
    for ending, write in (("csv", log.write_csv), ("jsonl", log.write_ndjson)):
        path = folder / f"log '{ending}' [2] \x1b[31m🙂.{ending}"
        write(path)
        ended = done("-C", folder, "ingest", path, "--model", NAME)
        assert_harmless(ended)
    document = done("-C", folder, "ingest", path, "--model", NAME, "--json").document
    assert document["rows_duplicate"] == 500
    return folder


def assert_harmless(ended: Ended) -> None:
    for text in ended.out, ended.err:
        assert not set(text) & set("\x1b\x07\x9b\u202e\r"), ended


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("performance", NAME),
        ("performance", NAME, "--segment", TEXT),
        ("drift", NAME),
        ("quality", NAME),
        ("model", "list"),
        ("model", "show", NAME),
        ("model", "check", NAME),
        ("report", NAME, "-o", "-"),
    ],
)
def test_every_answer_is_harmless(root: Path, command: tuple[str, ...]) -> None:
    ended = done("-C", root, *command)
    assert ended.out
    assert_harmless(ended)
    as_json = done("-C", root, *command[:4], "--json")
    assert_harmless(as_json)
    assert as_json.document


def test_values_are_told_apart_exactly(root: Path) -> None:
    document = done("-C", root, "performance", NAME, "--segment", TEXT, "--json").document
    rows = {bucket["segment"][TEXT]: bucket["rows"] for bucket in document["buckets"]}
    log = hostile(binary_log(500)).with_row_index().filter(pl.col("index") >= 50)
    expected = {
        value: log.filter((pl.col(TEXT) == value) & (pl.col("index") >= 200)).height
        for value in VALUES.values()
    }
    assert {value: rows[value] for value in expected} == expected
    assert sum(rows.values()) == 450
    arms = {bucket["segment"]["arm"]: bucket["rows"] for bucket in document["by_arm"]}
    assert arms == {ARM: 225, "b": 225}
    assert document["versions"] == [VERSION]
    drift = {c["name"]: c for c in done("-C", root, "drift", NAME, "--json").document["columns"]}
    assert drift[TEXT]["unseen"] == [NEW]
    assert drift[TEXT]["unseen_share"] == pytest.approx(150 / 450)
    assert drift[NUMBER]["missing_current"] == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("performance", NAME + "x"), 1),
        (("performance", NAME, "--segment", "\x1b[1m"), 2),
        (("performance", NAME, "--period", "\x1b[1m"), 1),
        (("status", "--as-of", "\x1b[1m"), 1),
        (("ingest", "gone\x1b[31m.csv", "--model", NAME), 1),
        (("ingest", "x.csv", "--model", "\x1b[1m"), 1),
        (("\x1b[1m",), 2),
        (("performance", NAME, "--by", "\x1b[1m"), 2),
        (("status", "--\x1b[1mx"), 2),
        (("ingest", "x.csv"), 2),
    ],
)
def test_what_was_typed_is_said_back_harmlessly(
    root: Path, command: tuple[str, ...], code: int
) -> None:
    ended = workbench("-C", root, *command)
    ended.assert_refused(code=code)
    assert_harmless(ended)


def test_a_file_whose_name_is_no_text_fails_by_itself(root: Path) -> None:
    path = os.fsdecode(os.fsencode(root) + b"/log-\xff.csv")
    shutil.copyfile(next(root.glob("*.csv")), path)
    good = root / "good.csv"
    hostile(binary_log(5, first_id=6000)).with_columns(role=pl.lit("shadow")).write_csv(good)
    ended = workbench("-C", root, "ingest", path, good, "--model", NAME, "--json")
    ended.assert_refused("is not UTF-8 text")
    assert_harmless(ended)
    assert [file["status"] for file in ended.document["files"]] == ["failed", "stored"]
    Path(path).unlink()


@pytest.mark.parametrize("command", ["performance", "drift", "quality", "slices", "report"])
def test_a_version_that_no_row_has_is_refused_with_those_that_there_are(
    root: Path, command: str
) -> None:
    ended = workbench("-C", root, command, NAME, "--version", "none\x1b[1m")
    ended.assert_refused("have the version", "Versions with rows: ", code=2)
    assert_harmless(ended)
    assert ended.out == ""


def test_a_version_without_rows_in_the_period_is_said_and_not_shown_as_an_empty_table(
    root: Path,
) -> None:
    early = ("--period", "2020-01-01/2020-01-02")
    done("-C", root, "performance", NAME, "--period", "all", "--version", "1")
    ended = done("-C", root, "performance", NAME, "--version", "1", *early)
    assert "no predictions of these versions" in ended.err
    assert_harmless(ended)


def test_the_arms_of_a_sensitive_experiment_are_not_listed(root: Path) -> None:
    card = next((root / "models").iterdir())
    text = card.read_text()
    card.write_text(text.replace("# sensitive = []", 'sensitive = ["arm"]'))
    try:
        assert done("-C", root, "performance", NAME, "--json").document["by_arm"] == []
        assert "ar\\x1b" not in done("-C", root, "performance", NAME).out
    finally:
        card.write_text(text)
