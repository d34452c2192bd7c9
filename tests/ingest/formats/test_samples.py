"""Every sample export is recognised, and every one of its records is accounted for.

What must come out is derived by hand from the samples and from what is known of each system.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.ingest.formats.churn import LOGGED, Churn, churn_site
from workbench.domain.ingested import FileResult

SAMPLES = Path(__file__).parent / "samples"
BLOB = "kserve/blob_batch/7f1c0a52-6f0e-4a3b-9d55-0b2a7d1e9c01-request"
VERTEX = "vertex/request_response_logging-000000000000.json"

STORED: dict[str, tuple[str, int, dict[str, int]]] = {
    # Half of a batch's records each: two requests wait for their responses, and the payload of
    # the third is in a blob; the third output is cut short.
    "azureml/churn/blue/model_inputs/2026/11/20/14/instance-1.jsonl": (
        "azureml", 0, {"no_response": 2, "malformed_record": 1},
    ),
    "azureml/churn/blue/model_outputs/2026/11/20/14/instance-1.jsonl": (
        "azureml", 0, {"no_request": 2, "malformed_line": 1},
    ),
    "bentoml/churn_monitor/data/data.1.log": ("bentoml", 2, {"malformed_line": 1}),
    "bentoml/churn_monitor/schema/schema.1.log": ("bentoml", 0, {}),
    "databricks/ai_gateway_payload.parquet": ("databricks", 2, {"error_response": 1}),
    "databricks/legacy_payload.csv": ("databricks", 2, {"error_response": 1}),
    "feast/feature_log.parquet": ("feast", 0, {"no_prediction": 3}),
    "flat/arize.csv": ("arize", 2, {"unreadable_id": 1}),
    "flat/evidently_current.csv": ("evidently", 2, {"unreadable_prediction": 1}),
    # The third row has an id that stands for other content, and its score is a list.
    "flat/fiddler.csv": ("fiddler", 2, {"conflicting_id": 1}),
    "flat/nannyml_analysis.csv": ("nannyml", 2, {"malformed_record": 1}),
    "flat/nannyml_multiclass.csv": ("nannyml", 2, {"malformed_record": 1}),
    "flat/wide_table.parquet": ("wide_table", 2, {"unreadable_prediction": 1}),
    # The third response is broken base64, so that its request waits.
    f"{BLOB}.csv": ("kserve_blobs", 2, {"malformed_record": 1, "no_response": 1}),
    f"{BLOB}.json": ("kserve_blobs", 2, {"malformed_record": 1, "no_response": 1}),
    f"{BLOB}.parquet": ("kserve_blobs", 2, {"malformed_record": 1, "no_response": 1}),
    # The first request is a batch of two.
    "kserve/cloudevents_v1.jsonl": ("kserve", 3, {"error_response": 1}),
    "kserve/cloudevents_v2.jsonl": ("kserve", 2, {"malformed_record": 1}),
    "mlserver_triton/v2_pairs.jsonl": ("mlserver", 2, {"malformed_record": 1}),
    "otel/app_json_lines.jsonl": ("app_json", 2, {"malformed_line": 1}),
    "otel/otlp_logs.jsonl": ("otlp", 2, {"malformed_record": 1}),
    "sagemaker/churn-endpoint/AllTraffic/2026/11/20/14/12-33-107-4651a1bf.jsonl": (
        "sagemaker_capture", 2, {"malformed_record": 1},
    ),
    "sagemaker/merged/2026/11/20/14/merged-part-00000.jsonl": (
        "sagemaker_capture", 2, {"malformed_line": 1},
    ),
    # The third response is cut short, so that its request waits.
    "seldon/cloudevents_v1.jsonl": ("seldon", 2, {"malformed_line": 1, "no_response": 1}),
    "tf_serving/prediction_log.jsonl": ("tf_serving", 2, {"malformed_record": 1}),
    # The second record is a batch of two.
    VERTEX: ("vertex", 3, {"malformed_record": 1}),
    f"{VERTEX}.gz": ("vertex", 3, {"malformed_record": 1}),
    "wandb/predictions.table.json": ("wandb", 2, {"malformed_record": 1}),
}  # fmt: skip
"""Sample to its format, the rows that are stored, and the others by reason."""
LABELS: dict[str, tuple[str, int, dict[str, int]]] = {
    "flat/nannyml_analysis_target.csv": ("nannyml_targets", 2, {"missing_label": 1}),
    "sagemaker/ground-truth/2026/11/21/09/labels.jsonl": (
        "sagemaker_ground_truth", 2, {"malformed_record": 1},
    ),
}  # fmt: skip
"""Likewise; the two usable labels wait for their predictions."""


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """The samples, all written at one time."""
    target = tmp_path / "samples"
    shutil.copytree(SAMPLES, target)
    for path in target.rglob("*"):
        os.utime(path, (LOGGED, LOGGED))
    return target


def site_of(tmp_path: Path, name: str) -> Churn:
    return churn_site(tmp_path / "site", "multiclass" if "multiclass" in name else "binary")


def outcome(result: FileResult) -> tuple[str, int, dict[str, int]]:
    counts = result.counts
    usable = counts.rows_stored + counts.labels_pending
    assert counts.rows_read == usable + sum(dict(result.reasons).values())
    return result.format, usable, dict(result.reasons)


def test_every_sample_has_its_expectation() -> None:
    found = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert found == {*STORED, *LABELS}


@pytest.mark.parametrize("name", STORED)
def test_every_record_of_a_sample_is_stored_or_in_quarantine(
    tmp_path: Path, exports: Path, name: str
) -> None:
    site = site_of(tmp_path, name)
    (result,) = site.ingest(exports / name)
    assert (result.status, result.kind) == ("stored", "predictions"), result.error
    assert outcome(result) == STORED[name]
    assert len(site.rows()) == STORED[name][1]
    assert len(site.quarantined()) == result.counts.rows_quarantined
    copy = exports / name
    (again,) = site.ingest(copy.rename(copy.with_name(f"again-{copy.name}")))
    assert again.status == "already_ingested"
    assert again.counts.rows_duplicate == again.counts.rows_read == result.counts.rows_read


@pytest.mark.parametrize("name", LABELS)
def test_labels_wait_for_their_predictions(tmp_path: Path, exports: Path, name: str) -> None:
    (result,) = site_of(tmp_path, name).ingest(exports / name)
    assert (result.status, result.kind) == ("stored", "labels"), result.error
    assert outcome(result) == LABELS[name]


def test_requests_and_responses_of_different_files_are_joined(
    tmp_path: Path, exports: Path
) -> None:
    site = site_of(tmp_path, "azureml")
    inputs, outputs = site.ingest(exports / "azureml")
    assert outcome(inputs) == ("azureml", 0, {"malformed_record": 1})
    assert inputs.notes == ("2 requests joined with responses in other files",)
    assert outcome(outputs) == ("azureml", 3, {"malformed_line": 1})
    first = "7f1c0a52-6f0e-4a3b-9d55-0b2a7d1e9c01"
    second = "b3d94c7e-2f61-4a0c-8c1a-5f4e6a7b8c02"
    assert site.rows("wb_id, wb_prediction, wb_score, tenure_months") == [
        (first, "1", 0.8312, 14.0),
        (f"{second}-0", "0", 0.0356, 61.0),
        (f"{second}-1", "1", 0.9088, 2.0),
    ]


def test_a_pair_of_two_files_that_makes_no_sense_fails_neither(
    tmp_path: Path, exports: Path
) -> None:
    lines = (exports / "kserve/cloudevents_v2.jsonl").read_text().splitlines()
    site = site_of(tmp_path, "kserve")
    requests, responses = site.write("a.jsonl", lines[4]), site.write("b.jsonl", lines[5])
    asked, answered = site.ingest(requests, responses)
    assert outcome(asked) == ("kserve", 0, {})
    assert outcome(answered) == ("kserve", 0, {"malformed_record": 1})
    assert {again.status for again in site.ingest(requests, responses)} == {"already_ingested"}


def test_labels_find_the_predictions_of_their_capture(tmp_path: Path, exports: Path) -> None:
    site = site_of(tmp_path, "sagemaker")
    capture, truth = site.ingest(
        exports / "sagemaker/churn-endpoint", exports / "sagemaker/ground-truth"
    )
    assert capture.counts.rows_stored == 2
    assert truth.counts.labels_matched == 2
    assert truth.counts.rows_quarantined == 1


def test_a_log_without_times_takes_the_file_s_and_says_so(tmp_path: Path, exports: Path) -> None:
    site = site_of(tmp_path, "kserve")
    (result,) = site.ingest(exports / f"{BLOB}.csv")
    assert result.notes == (
        "2 predictions without a time, which took the file's own, 2026-11-20 15:00:00Z",
    )
    assert {str(time) for (time,) in site.rows("wb_timestamp")} == {"2026-11-20 15:00:00"}


def test_the_place_and_the_text_of_a_broken_line_are_kept(tmp_path: Path, exports: Path) -> None:
    site = site_of(tmp_path, "seldon")
    path = exports / "seldon/cloudevents_v1.jsonl"
    site.ingest(path)
    lines = path.read_text().splitlines()
    assert site.quarantined("position, position_is, reason, row_text") == [
        (5, "line", "no_response", lines[4]),
        (6, "line", "malformed_line", lines[5]),
    ]


def test_the_place_of_a_conflicting_row_is_that_of_the_export(
    tmp_path: Path, exports: Path
) -> None:
    site = site_of(tmp_path, "fiddler")
    site.ingest(exports / "flat/fiddler.csv")
    assert site.quarantined("position, position_is, reason") == [(4, "line", "conflicting_id")]


def test_a_schema_tells_which_output_is_what(tmp_path: Path, exports: Path) -> None:
    site = site_of(tmp_path, "bentoml")
    data, schema = site.ingest(exports / "bentoml")
    assert schema.notes == ("1 record without a prediction, such as a schema",)
    assert data.counts.rows_stored == 2
    assert site.rows("wb_prediction, wb_score, wb_version") == [
        ("0", 0.0356, "vq3kx2c7"),
        ("1", 0.8312, "vq3kx2c7"),
    ]
