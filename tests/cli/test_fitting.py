"""Answers fit a terminal of 80 columns: wrapped sentences, shortened names, every command."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.cli.command import done, workbench
from tests.workspace.daily_site import DAY, FIRST, calm, make_site, moved, wrong
from workbench.cli.fitting import LEAST, WIDTH, fitting_widths, shortened, wrapped
from workbench.cli.performance import reason_lines
from workbench.domain.rates import RateBucket

LONG = "a_feature_with_a_name_that_is_far_longer_than_any_screen_would_like_it_to_be"
MODEL = "the-model-that-scores-arrivals-of-the-eastern-region-every-hour"

TEXT = st.text(st.sampled_from("ab c日本é"), max_size=120)


@given(TEXT, st.integers(6, 40))
def test_wrapping_loses_no_word_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = wrapped(text, width)

    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(TEXT, st.integers(1, 40))
def test_a_shortened_name_keeps_its_ends(text: str, cells: int) -> None:
    short = shortened(text, cells)

    assert cell_len(short) <= cells
    if cell_len(text) <= cells:
        assert short == text
    else:
        head, tail = short.split("…")
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=8), st.data())
def test_columns_give_way_only_where_they_must_and_may(
    widths: list[int], data: st.DataObject
) -> None:
    shrink = data.draw(st.lists(st.integers(0, len(widths) - 1), unique=True))
    fitted, gap = fitting_widths(widths, shrink, WIDTH)

    if sum(widths) + 2 * (len(widths) - 1) <= WIDTH:
        assert (fitted, gap) == (widths, 2)
    kept = sum(w for i, w in enumerate(widths) if i not in shrink)
    least = kept + sum(min(widths[i], LEAST) for i in shrink) + len(widths) - 1
    assert (sum(fitted) + gap * (len(widths) - 1) <= WIDTH) == (least <= WIDTH)
    assert all(
        new == old if i not in shrink else min(old, LEAST) <= new <= old
        for i, (new, old) in enumerate(zip(fitted, widths, strict=True))
    )
    assert fitting_widths(widths, None, WIDTH) == (widths, 2)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with long names, a fault, drift, a rise, and incidents with long texts."""
    folder = tmp_path_factory.mktemp("wide")
    ws = make_site(folder, "[columns]\nsegments = ['c']\n", name=MODEL)
    reference = ws.root / "data" / "reference.parquet"
    named = pl.read_parquet(reference).with_columns(pl.col("x").alias(LONG))
    named.with_columns(c=pl.lit("the only carrier of all ") + pl.col("c")).write_parquet(reference)
    shutil.rmtree(ws.root / ".workbench")
    done("init", ws.root)
    days = [calm(day, 4000) for day in range(8)] + [moved(8, 4000), wrong(9, 4000)]
    for day, log in enumerate(days):
        log.with_columns((pl.col("x") * (60 if day > 7 else 1)).alias(LONG)).with_columns(
            c=pl.lit("the only carrier of all ") + pl.col("c")
        ).write_parquet(ws.root / f"log-{day}.parquet")
    logs = sorted(ws.root.glob("log-*.parquet"))
    done("-C", ws.root, "ingest", *logs, "--model", MODEL)
    assert workbench("-C", ws.root, "check").code == 2
    done("-C", ws.root, "incident", "note", "1", "many words of what was seen " * 9)
    done(
        "-C",
        ws.root,
        "event",
        "add",
        MODEL,
        "a release " * 20,
        "--kind",
        "deploy",
        "--at",
        "2024-02-08",
    )
    return ws.root


@pytest.mark.parametrize(
    "command",
    [
        ("status",), ("performance", MODEL), ("performance", MODEL, "--by", "1h"),
        ("performance", MODEL, "--segment", "c"), ("drift", MODEL, "--multivariate"),
        ("quality", MODEL), ("slices", MODEL, "--period", "all"), ("incident", "list"),
        ("incident", "show", "1"), ("event", "list"),
    ],
)  # fmt: skip
def test_what_a_command_prints_fits_80_columns(root: Path, command: tuple[str, ...]) -> None:
    ended = done("-C", root, *command)

    lines = (ended.out + ended.err).splitlines()
    assert len(lines) > 1
    assert [line for line in lines if cell_len(line) > 80] == []


def test_a_check_fits_a_terminal_and_is_a_line_an_alert_for_a_monitor(root: Path) -> None:
    program = "from workbench.cli.main import run; import sys; run(sys.argv[1:])"
    screen, terminal = pty.openpty()
    asked = [sys.executable, "-c", program, "-C", str(root), "check"]
    assert subprocess.run(asked, stdout=terminal, check=False).returncode == 2
    os.close(terminal)
    seen = os.read(screen, 100_000).decode()
    os.close(screen)
    piped = workbench("-C", root, "check").out

    lines = seen.splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    assert any(line.startswith("  ") for line in lines)
    assert " ".join(seen.split()) == " ".join(piped.split())
    assert all(line.startswith(("CRITICAL - ", "WARNING - ")) for line in piped.splitlines())


def test_reasons_that_differ_in_figures_only_are_one_line() -> None:
    told = [
        ("warning", "4.1 points above"),
        ("unknown", "no labels"),
        ("warning", "12.3 points above"),
    ]
    buckets = [
        RateBucket(FIRST + i * DAY, FIRST + (i + 1) * DAY, 9, 9, 1.0, 0.1, 0.0, 0.2, status, reason)
        for i, (status, reason) in enumerate([*told, ("ok", None)])
    ]
    starts = {bucket.start: f"day {i}" for i, bucket in enumerate(buckets)}

    assert reason_lines(buckets, starts) == [
        "day 0 and 1 more like it: 4.1 points above", "day 1: no labels",
    ]  # fmt: skip
