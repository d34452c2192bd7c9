"""Faults put into real census records are found: what, where, since when, and how to undo them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from pathlib import Path

import polars as pl
import pytest

from tests.quality.real_logs import ONSET, Spoil, census, loud, only
from workbench.domain.fault import Transform

SINCE = ONSET.replace(tzinfo=UTC)
c = pl.col


def swapped(column: str) -> Spoil:
    return lambda f: f.with_columns(c(column).replace({"1": "2", "2": "1"}))


def lost(column: str) -> Spoil:
    """Three rows in five."""
    gone = pl.int_range(pl.len()) % 5 < 3
    return lambda f: f.with_columns(pl.when(gone).then(None).otherwise(c(column)).alias(column))


def never(column: str) -> Spoil:
    return lambda f: f.with_columns(pl.lit(None, f[column].dtype).alias(column))


RELP_NAMES = tuple((f"{n:03d}", str(n)) for n in range(18))


@pytest.mark.parametrize(
    ("spoil", "kind", "column", "share", "transform"),
    [
        (lambda f: f.with_columns(c("AGEP") * 12), "unit_change", "AGEP", 1.0, Transform("affine", 12.0)),
        (swapped("DIS"), "renamed_category", "DIS", 1.0,
         Transform("recode", mapping=(("2", "1"), ("1", "2")))),
        (never("AGEP"), "missing_values", "AGEP", 1.0, None),
        (lambda f: f.drop("AGEP"), "missing_column", "AGEP", 1.0, None),
        (lost("AGEP"), "missing_values", "AGEP", 0.6, None),
        (lambda f: f.rename({"RELP": "MAR", "MAR": "RELP"}), "swapped_columns", "RELP", 1.0,
         Transform("swap", other="RELP")),
        (lost("SCHL"), "missing_values", "SCHL", 0.6, None),
        (lambda f: f.with_columns(c("SEX").replace({"1": "M", "2": "F"})), "renamed_category", "SEX", 1.0,
         Transform("recode", mapping=(("F", "2"), ("M", "1")))),
        (lambda f: f.with_columns(c("RELP").str.zfill(3)), "renamed_category", "RELP", 1.0,
         Transform("recode", mapping=RELP_NAMES)),
    ],
    ids=["months", "codes", "empty", "gone", "lost age", "swap", "lost school", "M/F", "padded"],
)  # fmt: skip
def test_the_fault_is_found(
    spoil: Spoil,
    kind: str,
    column: str,
    share: float,
    transform: Transform | None,
    tmp_path: Path,
) -> None:
    fault = only(census().workspace(tmp_path, spoil).quality("m", "7d"), kind, column)
    assert (fault.since, fault.until, fault.segment) == (SINCE, None, None)
    assert fault.share == pytest.approx(share * 6 / 7, abs=2e-3)
    if transform is None or fault.transform is None:
        assert transform == fault.transform
        return
    assert set(fault.transform.mapping) == set(transform.mapping)
    assert replace(fault.transform, mapping=()) == replace(transform, mapping=())


def test_clean_records_raise_nothing(tmp_path: Path) -> None:
    ws = census().workspace(tmp_path)
    for period in ("24h", "7d", "30d"):
        report = ws.quality("m", period)
        assert loud(report) == []
        assert report.status == "ok"


def test_an_earlier_moment_knows_of_no_later_fault(tmp_path: Path) -> None:
    ws = census().workspace(tmp_path, lambda f: f.with_columns(c("AGEP") * 12))
    assert loud(ws.as_of(SINCE.replace(day=22)).quality("m", "7d")) == []
    found = ws.as_of(SINCE.replace(day=26)).quality("m", "7d")
    assert only(found, "unit_change", "AGEP").since == SINCE
