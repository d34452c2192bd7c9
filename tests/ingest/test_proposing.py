"""A log proposes how the card must read it: its format, and names that only the reference has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.formats.calls import calls
from tests.ingest.formats.churn import FEATURES, churn_site, reference_table
from tests.ingest.formats.variants import VARIANTS, in_file
from workbench.domain.card import Identity, ModelCard, Source
from workbench.ingest.loading import ingest_files
from workbench.ingest.proposing import ProposedSource, propose_source
from workbench.workspace import Workspace

SAMPLES = Path(__file__).parent / "formats" / "samples"
CARD = ModelCard(model=Identity(name="m", task="binary"))


def proposed(log: Path, classes: tuple[str, ...] = ("1", "0")) -> ProposedSource:
    return propose_source(log, CARD, FEATURES, classes)


@pytest.mark.parametrize(
    ("sample", "source"),
    [
        ("kserve/cloudevents_v1.jsonl", Source("kserve", FEATURES, ("0", "1"))),
        ("kserve/cloudevents_v2.jsonl", Source("kserve", classes=("0", "1"))),
        ("sagemaker/merged/2026/11/20/14/merged-part-00000.jsonl",
         Source("sagemaker_capture", FEATURES, ("0", "1"))),
        ("vertex/request_response_logging-000000000000.json.gz", Source("vertex")),
        ("databricks/ai_gateway_payload.parquet", Source("databricks", classes=("0", "1"))),
        ("otel/otlp_logs.jsonl", Source("otlp", classes=("0", "1"))),
        ("flat/nannyml_analysis.csv", Source("nannyml")),
    ],
)  # fmt: skip
def test_what_the_samples_leave_out_is_proposed(sample: str, source: Source) -> None:
    found = proposed(SAMPLES / sample)
    assert found.source == source
    assert found.notes["source.format"].startswith("recognised: ")
    assert ("source.features" in found.notes) == bool(source.features)
    assert ("source.classes" in found.notes) == bool(source.classes)


def write(path: Path, *records: Any) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records))
    return path


def app(**features: Any) -> dict[str, Any]:
    return {"timestamp": "2026-11-20T14:00:00Z", "prediction": 1, "features": features}


def test_names_that_are_spelt_otherwise_are_renamed(tmp_path: Path) -> None:
    log = write(tmp_path / "a.jsonl", app(tenureMonths=1, MONTHLY_CHARGES=2, contract="x", other=1))
    found = proposed(log)
    assert found.source.rename == {
        "tenureMonths": "tenure_months", "MONTHLY_CHARGES": "monthly_charges",
    }  # fmt: skip
    assert "support_calls" in found.notes["source.features"]


def test_an_id_among_the_inputs_stands_for_one_that_the_log_lacks(tmp_path: Path) -> None:
    log = write(
        tmp_path / "a.jsonl",
        app(contract="x", account_id="same", order_id="o1"),
        app(contract="x", account_id="same", order_id="o2"),
    )
    assert proposed(log).source.id == "order_id"


def test_a_table_in_its_own_columns_needs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    reference_table().write_csv(path)
    assert proposed(path).source == Source()


def test_a_log_that_cannot_be_read_yet_says_why(tmp_path: Path) -> None:
    event = {
        "specversion": "1.0", "type": "org.kubeflow.serving.inference.request", "id": "1",
        "data": {"instances": [[1, 2]]},
    }  # fmt: skip
    answer = event | {
        "type": "org.kubeflow.serving.inference.response",
        "data": {"predictions": [1]},
    }
    found = proposed(write(tmp_path / "a.jsonl", event, answer))
    assert found.source == Source("kserve")
    assert "a row of 2 values" in found.notes["source.format"]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.name}.{v.ending}")
def test_with_what_is_proposed_every_row_can_be_read(tmp_path: Path, variant: Any) -> None:
    log = calls(8, 60, batches=variant.has_batches, fates=())
    for name, text in variant.needs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    path = tmp_path / (variant.folder or "log") / f"log.{variant.ending}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(in_file(variant, variant.write(log)))
    source = proposed(path).source
    assert source.format == variant.name
    site = churn_site(tmp_path / "site", source=source)
    (result,) = ingest_files(site.context, [path]).files
    rows = 0 if variant.name == "feast" else sum(len(call.rows) for call in log)
    assert result.counts.rows_stored == rows, result


def test_the_written_card_reads_its_log(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "ws")
    reference = tmp_path / "reference.parquet"
    reference_table().write_parquet(reference)
    log = SAMPLES / "kserve" / "cloudevents_v1.jsonl"
    text = ws.add_model("churn", reference, log=log).read_text()
    assert 'format = "kserve"' in text
    assert "in the order" in text
    assert ws.card("churn").source == Source("kserve", FEATURES, ("0", "1"))
