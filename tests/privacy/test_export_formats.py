"""Logs of serving systems: no raw value of a pseudonymised column is stored, whatever the format."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ingest.formats.churn import LOGGED, churn_site
from tests.ingest.formats.test_samples import LABELS, SAMPLES, STORED
from tests.privacy.canaries import found_in_store
from workbench.domain.card import Privacy
from workbench.ingest.loading import ingest_files

CANARIES = ["month-to-month", "two-year", "79.85", "99.4"]
IDS = [
    "7f1c0a52-6f0e-4a3b-9d55-0b2a7d1e9c01",
    "b3d94c7e-2f61-4a0c-8c1a-5f4e6a7b8c02",
    "e8a1f6d0-9c3b-4e72-a6f4-1d2c3b4a5f03",
]
PRIVACY = Privacy(pseudonymise=("contract", "monthly_charges", "prediction_id"))
IDS_ELSEWHERE = ("kserve/blob_batch", "wandb")
"""Samples whose ids stand in the file's name too, which is the operator's own."""


CASES = [(sample, False) for sample in sorted(STORED | LABELS)] + [
    (sample, True)
    for sample in (
        "databricks/legacy_payload.csv",
        "kserve/cloudevents_v2.jsonl",
        "otel/otlp_logs.jsonl",
    )
]


@pytest.mark.parametrize(("sample", "packed"), CASES)
def test_the_counts_are_the_same_and_no_raw_value_is_stored(
    tmp_path: Path, sample: str, packed: bool
) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(SAMPLES, exports)
    path = exports / sample
    if packed:
        path = path.with_name(path.name + ".gz")
        path.write_bytes(gzip.compress((exports / sample).read_bytes()))
    for file in exports.rglob("*"):
        os.utime(file, (LOGGED, LOGGED))
    site = churn_site(tmp_path / "plain", _task(sample))
    hidden = churn_site(tmp_path / "hidden", _task(sample))
    card = replace(hidden.context.card, privacy=PRIVACY)
    context = replace(hidden.context, card=card)
    (expected,) = site.ingest(path)
    (found,) = ingest_files(context, [path]).files
    assert (found.status, found.format, found.counts) == (
        expected.status, expected.format, expected.counts,
    ), found  # fmt: skip
    assert dict(found.reasons) == dict(expected.reasons)
    # What is an id of a prediction here may be another column's value in another row.
    ids = {str(row[0]) for row in site.rows() if len(str(row[0])) > 8}
    canaries = CANARIES + ([] if sample.startswith(IDS_ELSEWHERE) else sorted(ids))
    folder = context.home.folder
    assert found_in_store(folder, canaries) == []


def _task(sample: str) -> str:
    return "multiclass" if "multiclass" in sample else "binary"


def test_the_values_would_be_found(tmp_path: Path) -> None:
    site = churn_site(tmp_path / "plain")
    exports = tmp_path / "exports"
    shutil.copytree(SAMPLES, exports)
    site.ingest(exports / "mlserver_triton" / "v2_pairs.jsonl")
    hits = "\n".join(found_in_store(site.context.home.folder, [*CANARIES, *IDS]))
    for canary in ("month-to-month", "79.85", IDS[0]):
        assert canary in hits
