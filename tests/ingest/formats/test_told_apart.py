"""No export is taken for another: every sample by its own adapter and by no second one."""

from __future__ import annotations

import pytest

from tests.ingest.formats.exports import FORMATS, glimpse, seen
from workbench.ingest.formats import (
    app_json,
    arize,
    bentoml,
    databricks,
    evidently,
    feast,
    fiddler,
    nannyml,
    nannyml_targets,
    otlp,
    tf_serving,
    vertex,
    wandb,
    wide_table,
)

ADAPTERS = tuple(
    module.ADAPTER
    for module in (
        app_json, arize, bentoml, databricks, evidently, feast, fiddler, nannyml, nannyml_targets,
        otlp, tf_serving, vertex, wandb, wide_table,
    )
)  # fmt: skip
OWN = {
    "bentoml/churn_monitor/data/data.1.log": "bentoml",
    "bentoml/churn_monitor/schema/schema.1.log": "bentoml",
    "databricks/ai_gateway_payload.parquet": "databricks",
    "databricks/legacy_payload.csv": "databricks",
    "feast/feature_log.parquet": "feast",
    "flat/arize.csv": "arize",
    "flat/evidently_current.csv": "evidently",
    "flat/fiddler.csv": "fiddler",
    "flat/nannyml_analysis.csv": "nannyml",
    "flat/nannyml_analysis_target.csv": "nannyml_targets",
    "flat/nannyml_multiclass.csv": "nannyml",
    "flat/wide_table.parquet": "wide_table",
    "otel/app_json_lines.jsonl": "app_json",
    "otel/otlp_logs.jsonl": "otlp",
    "tf_serving/prediction_log.jsonl": "tf_serving",
    "vertex/request_response_logging-000000000000.json": "vertex",
    "vertex/request_response_logging-000000000000.json.gz": "vertex",
    "wandb/predictions.table.json": "wandb",
}
SAMPLES = sorted(str(path.relative_to(FORMATS)) for path in FORMATS.rglob("*") if path.is_file())


def test_every_sample_of_these_adapters_is_there() -> None:
    assert set(OWN) <= set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_recognised_by_its_own_adapter_only(name: str) -> None:
    sight = glimpse(FORMATS / name)
    recognised = [adapter.name for adapter in ADAPTERS if adapter.recognises(sight)]
    assert recognised == ([OWN[name]] if name in OWN else [])


@pytest.mark.parametrize("container", ["csv", "parquet", "jsonl"])
def test_a_canonical_log_is_taken_for_none(container: str) -> None:
    log = {
        "prediction_id": "1",
        "timestamp": "t",
        "a": 1,
        "prediction": 1,
        "score": 0.5,
        "label": 1,
    }
    labels = {"prediction_id": "1", "label": 1}
    for row in (log, labels):
        assert not [a.name for a in ADAPTERS if a.recognises(seen(container, row))]


def test_names_are_unique() -> None:
    assert len({adapter.name for adapter in ADAPTERS}) == len(ADAPTERS)
