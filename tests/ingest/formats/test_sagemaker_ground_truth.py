"""SageMaker ground truth."""

from __future__ import annotations

from typing import Any

from tests.ingest.formats.sample_files import (
    SECOND,
    glimpse_of,
    labels,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats import sagemaker_capture
from workbench.ingest.formats.adapter import LABELS, Label
from workbench.ingest.formats.sagemaker_ground_truth import ADAPTER

TRUTH = "sagemaker/ground-truth/2026/11/21/09/labels.jsonl"
MERGED = "sagemaker/merged/2026/11/20/14/merged-part-00000.jsonl"


def truth(data: Any, **metadata: Any) -> dict[str, Any]:
    return {"groundTruthData": {"data": data, "encoding": "CSV"}, "eventMetadata": metadata}


def test_the_sample_gives_two_labels_at_the_hour_of_the_path_and_one_malformed_record() -> None:
    items = read_all(ADAPTER, sample_values(TRUTH), path=TRUTH)
    assert labels(items) == [
        Label("order-100231", "1", "2026-11-21T09:00:00Z"),
        Label(SECOND, "0", "2026-11-21T09:00:00Z"),
    ]
    assert rest(items) == ["malformed_record"]
    assert ADAPTER.kind == LABELS


def test_merged_files_are_data_capture_and_plain_labels_are_not() -> None:
    for path, is_labels in ((TRUTH, True), (MERGED, False)):
        glimpse = glimpse_of(path, sample_values(path))
        assert ADAPTER.recognises(glimpse) is is_labels
        assert sagemaker_capture.ADAPTER.recognises(glimpse) is not is_labels


def test_both_spellings_of_the_id_are_read_and_a_path_without_an_hour_gives_no_time() -> None:
    items = read_all(ADAPTER, [truth("1", inferenceId="a"), truth("x", eventId="b")])
    assert labels(items) == [Label("a", "1"), Label("b", "x")]


def test_a_batch_has_the_ids_of_its_rows() -> None:
    for data in ("1,0", "1\n0\n"):
        items = read_all(ADAPTER, [truth(data, eventId="a")])
        assert labels(items) == [Label("a-0", "1"), Label("a-1", "0")]


def test_an_empty_label_is_malformed() -> None:
    empty: tuple[Any, ...] = ("", " ", None, {}, [])
    for data in empty:
        assert rest(read_all(ADAPTER, [truth(data, eventId="a")])) == ["malformed_record"]
    assert rest(read_all(ADAPTER, [truth("1,", eventId="a")])) == ["malformed_record"]
