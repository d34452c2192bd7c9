"""Files of one format stand together: what fails, what waits, and what the card names otherwise."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.formats.churn import FEATURES, Churn, churn_site
from workbench.clock import FixedClock
from workbench.domain.card import Columns, Source
from workbench.store.batches import StoreContext


@pytest.fixture
def site(tmp_path: Path) -> Churn:
    return churn_site(tmp_path / "site")


def event(side: str, id_: str, data: Any, time: str = "2026-11-20T14:00:00Z") -> dict[str, Any]:
    return {
        "specversion": "1.0", "type": f"org.kubeflow.serving.inference.{side}", "id": id_,
        "time": time, "inferenceservicename": "churn", "data": data,
    }  # fmt: skip


def request(id_: str, **more: Any) -> dict[str, Any]:
    return event("request", id_, {"instances": [[14, 79.85, 3, "two-year"]]}, **more)


def response(id_: str, prediction: Any = 1, **more: Any) -> dict[str, Any]:
    return event("response", id_, {"predictions": [prediction]}, **more)


def lines(*records: Any) -> str:
    return "\n".join(r if isinstance(r, str) else json.dumps(r) for r in records)


def with_card(site: Churn, **changes: Any) -> Churn:
    context: StoreContext = site.context
    return replace(site, context=replace(context, card=replace(context.card, **changes)))


def test_a_file_in_which_every_line_is_malformed_fails(site: Churn) -> None:
    whole = site.write("a.jsonl", lines(request("1"), response("1")))
    broken = site.write("b.jsonl", lines('{"a":', "[", "{"))
    fine, failed = site.ingest(whole, broken, given="kserve")
    assert (fine.status, fine.counts.rows_stored) == ("stored", 1)
    assert failed.status == "failed"
    assert "malformed_line 3" in (failed.error or "")
    assert site.quarantined() == []


def test_a_file_of_nothing_but_errors_is_kept(site: Churn) -> None:
    failure = event("response", "1", {"error": "no"})
    (result,) = site.ingest(site.write("a.jsonl", lines(request("1"), failure)))
    assert (result.status, dict(result.reasons)) == ("stored", {"error_response": 1})


def test_both_halves_of_a_failed_call_are_in_quarantine(site: Churn) -> None:
    failure = event("response", "1", {"error": "no"})
    site.ingest(site.write("a.jsonl", lines(request("1"), failure)))
    assert site.quarantined("position, row_text") == [(2, lines(request("1"), failure))]


def test_a_file_that_fails_takes_no_half_of_another_with_it(site: Churn) -> None:
    # Every row of the responses' file is unusable: their times are in the future.
    late = "2026-12-03T00:00:00Z"
    asked = site.write("requests.jsonl", lines(request("1", time=late), request("2", time=late)))
    answered = site.write(
        "responses.jsonl", lines(response("1", time=late), response("2", time=late))
    )
    questions, answers = site.ingest(asked, answered)
    assert answers.status == "failed"
    assert (questions.status, dict(questions.reasons)) == ("stored", {"no_response": 2})
    assert questions.notes == ()
    # Once the responses can be used, their requests are still there.
    clock = FixedClock(datetime(2026, 12, 4, tzinfo=UTC))
    site = replace(site, context=replace(site.context, clock=clock))
    (result,) = site.ingest(answered)
    assert result.counts.rows_stored == 2


def test_a_file_that_breaks_off_takes_no_half_of_another_with_it(site: Churn) -> None:
    asked = site.write("requests.jsonl", lines(request("1"), request("2")))
    packed = gzip.compress(lines(*(response(str(n)) for n in range(5000))).encode())
    answered = site.write("responses.jsonl.gz", packed[: len(packed) // 2])
    questions, answers = site.ingest(asked, answered)
    assert answers.status == "failed"
    assert dict(questions.reasons) == {"no_response": 2}
    whole = site.write("whole.jsonl", lines(response("2"), response("1")))
    (result,) = site.ingest(whole)
    assert result.counts.rows_stored == 2
    assert result.notes == ("2 records joined with ones that earlier files had left over",)


def test_responses_of_the_same_call_come_before_those_that_waited(site: Churn) -> None:
    site.ingest(site.write("a.jsonl", lines(response("1", 0))))
    (result,) = site.ingest(site.write("b.jsonl", lines(request("1"), response("1", 1))))
    assert result.counts.rows_stored == 1
    assert result.notes == ()
    assert site.rows("wb_prediction") == [("1",)]


def test_a_retry_with_the_same_id_and_answer_is_a_duplicate(site: Churn) -> None:
    log = lines(
        request("1"), request("1"), response("1"), response("1"), request("2"), response("2")
    )
    (result,) = site.ingest(site.write("a.jsonl", log))
    counts = result.counts
    assert (counts.rows_read, counts.rows_stored, counts.rows_duplicate) == (3, 2, 1)


def test_an_id_with_another_answer_is_a_conflict_at_its_line(site: Churn) -> None:
    log = lines(request("1"), response("1", 1), request("1"), response("1", 0))
    (result,) = site.ingest(site.write("a.jsonl", log))
    assert dict(result.reasons) == {"conflicting_id": 1}
    assert site.quarantined("position, position_is") == [(4, "line")]
    assert site.rows("wb_prediction") == [("1",)]


def test_names_of_the_log_become_the_card_s(tmp_path: Path) -> None:
    site = churn_site(
        tmp_path / "site",
        source=Source(rename={"tenure": "tenure_months", "version": "app_version"}, id="order"),
    )
    site = with_card(site, columns=Columns(entity="customer"))
    row = {
        "tenure": 14, "monthly_charges": 79.85, "support_calls": 3, "contract": "two-year",
        "order": "o-1", "customer": "c-1", "score": "not mine", "version": "v", "wb_file": "x",
        "file_row_number": 7, "Contract": "other", "filename": "f", "label": 1,
    }  # fmt: skip
    log = lines(event("request", "1", {"instances": [row]}), response("1"))
    (result,) = site.ingest(site.write("a.jsonl", log))
    assert result.counts.rows_stored == 1, result
    columns = 'wb_id, tenure_months, customer, app_version, score_, contract, "Contract_", wb_label'
    found = site.rows(columns)
    assert found == [("o-1", 14.0, "c-1", "v", "not mine", "two-year", "other", "1")]


@pytest.mark.parametrize("value", [float("nan"), 10**400, "\ud800", "a\0b", [1, {"x": None}], True])
def test_no_value_of_a_feature_stops_a_row(site: Churn, value: Any) -> None:
    row = dict.fromkeys(FEATURES, value)
    log = lines(event("request", "1", {"instances": [row]}), response("1"))
    (result,) = site.ingest(site.write("a.jsonl", log))
    assert result.counts.rows_stored == 1, result


def test_multiclass_probabilities_have_a_column_each(tmp_path: Path) -> None:
    site = churn_site(tmp_path / "site", "multiclass")
    log = lines(request("1"), response("1", [0.7, 0.2, 0.1]))
    site.ingest(site.write("a.jsonl", log))
    assert site.rows("wb_prediction, score_churn, score_downgrade, score_stay") == [
        ("churn", 0.7, 0.2, 0.1)
    ]


def test_a_kind_that_the_format_does_not_have_is_refused(site: Churn) -> None:
    path = site.write("a.jsonl", lines(request("1"), response("1")))
    (result,) = site.ingest(path, given="kserve", kind="labels")
    assert result.status == "failed"
    assert result.error == "kserve is a format of predictions, not of labels"


def test_formats_of_one_call_do_not_mix(site: Churn) -> None:
    table = pa.table(
        {
            "prediction_id": ["c"],
            "timestamp": ["2026-11-20"],
            "prediction": ["1"],
            "contract": ["x"],
        }
    )
    canonical = site.root / "exports" / "log.parquet"
    canonical.parent.mkdir()
    pq.write_table(table, canonical)
    app = {
        "timestamp": "2026-11-20T14:00:00Z", "request_id": "a", "prediction": 1, "features": {"contract": "x"},
    }  # fmt: skip
    results = site.ingest(
        site.write("k.jsonl", lines(request("1"))),
        canonical,
        site.write("app.jsonl", lines(app)),
        site.write("k2.jsonl", lines(response("1"))),
    )
    assert [r.format for r in results] == ["kserve", "parquet", "app_json", "kserve"]
    assert [r.counts.rows_stored for r in results] == [0, 1, 1, 1]
    assert [row for (row,) in site.rows()] == ["1", "a", "c"]


def test_records_without_predictions_are_no_rows(site: Churn) -> None:
    log = lines(
        {"timestamp": "2026-11-20T14:00:00Z", "request_id": "a", "prediction": 1, "features": {}},
        {"timestamp": "2026-11-20T14:00:01Z", "level": "info", "message": "up"},
    )
    (result,) = site.ingest(site.write("app.jsonl", log))
    assert (result.counts.rows_read, result.counts.rows_stored) == (1, 1)
    assert "1 record without a prediction, such as a schema" in result.notes
