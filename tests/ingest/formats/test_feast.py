"""Feast feature logs: recognised, and refused with the reason."""

from __future__ import annotations

from tests.ingest.formats.exports import FORMATS, glimpse, items
from workbench.ingest.formats.adapter import Rejected
from workbench.ingest.formats.feast import ADAPTER

SAMPLE = FORMATS / "feast" / "feature_log.parquet"


def test_every_record_of_the_sample_is_no_prediction() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    found = items(ADAPTER, SAMPLE)
    assert [item.reason for item in found if isinstance(item, Rejected)] == ["no_prediction"] * 3
