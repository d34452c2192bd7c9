"""A thousand records of every format: each row and each fault is counted once, however they come."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from tests.ingest.formats.calls import Call, answered, calls, fates
from tests.ingest.formats.churn import Churn, churn_site
from tests.ingest.formats.variants import VARIANTS, Variant, in_file
from workbench.domain.ingested import FileResult
from workbench.ingest.formats.registry import ADAPTERS

COUNT = 1000
NAMES = [f"{variant.name}.{variant.ending}" for variant in VARIANTS]
PAIRED = [variant for variant in VARIANTS if variant.sides is not None]
PAIRED_NAMES = [f"{variant.name}.{variant.ending}" for variant in PAIRED]


@pytest.fixture
def site(tmp_path: Path) -> Churn:
    return churn_site(tmp_path / "site")


def made(variant: Variant, seed: int, count: int = COUNT) -> list[Call]:
    return calls(seed, count, batches=variant.has_batches, fates=variant.reasons)


def written(site: Churn, variant: Variant, name: str, content: bytes) -> Path:
    for path, text in variant.needs:
        site.write(path, text)
    return site.write(str(Path(variant.folder) / f"{name}.{variant.ending}"), content)


def stored(results: list[FileResult]) -> int:
    return sum(result.counts.rows_stored for result in results)


def reasons(results: list[FileResult]) -> dict[str, int]:
    found: dict[str, int] = {}
    for result in results:
        for reason, count in result.reasons:
            found[reason] = found.get(reason, 0) + count
    return found


def ids(site: Churn) -> list[object]:
    return [row_id for (row_id,) in site.rows()]


def expected_ids(variant: Variant, log: list[Call]) -> list[str]:
    return [] if variant.name == "feast" else sorted(answered(log))


def test_every_format_of_predictions_has_a_variant() -> None:
    logs = {adapter.name for adapter in ADAPTERS if adapter.kind == "predictions"}
    assert {variant.name for variant in VARIANTS} == logs


@pytest.mark.parametrize("variant", VARIANTS, ids=NAMES)
def test_every_row_and_every_fault_is_counted_once(site: Churn, variant: Variant) -> None:
    log = made(variant, seed=1)
    path = written(site, variant, "log", in_file(variant, variant.write(log)))
    (result,) = site.ingest(path)
    assert (result.format, result.status) == (variant.name, "stored"), result.error
    assert dict(result.reasons) == fates(log, variant.reasons)
    assert ids(site) == expected_ids(variant, log)
    assert len(site.quarantined()) == result.counts.rows_quarantined


@pytest.mark.parametrize("variant", VARIANTS, ids=NAMES)
def test_values_come_out_as_they_were_logged(site: Churn, variant: Variant) -> None:
    log = made(variant, seed=2, count=40)
    site.ingest(written(site, variant, "log", in_file(variant, variant.write(log))))
    expected = {
        row_id: (row["tenure_months"], row["monthly_charges"], row["contract"].strip())
        for call in log
        if call.fate == "ok"
        for row_id, row in zip(call.row_ids, call.rows, strict=True)
    }
    columns = "wb_id, tenure_months, monthly_charges, trim(contract, chr(10)), wb_prediction"
    found = site.rows(columns)
    assert len(found) == len(expected_ids(variant, log))
    labels = {
        row_id: str(label)
        for call in log
        for row_id, label in zip(call.row_ids, call.labels, strict=True)
    }
    for row_id, tenure, charges, contract, prediction in found:
        assert isinstance(row_id, str)
        assert (tenure, pytest.approx(charges), contract) == expected[row_id]
        assert prediction == labels[row_id]


@pytest.mark.parametrize("variant", VARIANTS, ids=NAMES)
def test_a_packed_export_is_the_same_and_its_rows_are_there_already(
    site: Churn, variant: Variant
) -> None:
    log = made(variant, seed=3, count=100)
    content = in_file(variant, variant.write(log))
    (plain,) = site.ingest(written(site, variant, "log", content))
    path = written(site, variant, "log", gzip.compress(content))
    path = path.rename(path.with_name(f"{path.name}.gz"))
    (packed,) = site.ingest(path)
    assert (packed.format, packed.status) == (variant.name, "stored"), packed.error
    assert packed.counts.rows_stored == 0
    assert packed.counts.rows_duplicate == plain.counts.rows_stored
    assert packed.reasons == plain.reasons
    assert ids(site) == expected_ids(variant, log)


@pytest.mark.parametrize("variant", PAIRED, ids=PAIRED_NAMES)
def test_halves_in_any_order_are_joined(site: Churn, variant: Variant) -> None:
    log = made(variant, seed=4)
    records = variant.write(log)
    random.Random(4).shuffle(records)
    (result,) = site.ingest(written(site, variant, "log", in_file(variant, records)))
    assert dict(result.reasons) == fates(log, variant.reasons)
    assert ids(site) == expected_ids(variant, log)


@pytest.mark.parametrize("variant", PAIRED, ids=PAIRED_NAMES)
def test_requests_and_responses_in_files_of_their_own_are_joined(
    site: Churn, variant: Variant
) -> None:
    log = made(variant, seed=5)
    records = variant.write(log)
    assert variant.sides is not None
    paths = [
        written(
            site, variant, side, in_file(variant, [r for r in records if variant.sides(r) == side])
        )
        for side in ("response", "request")
    ]
    answers, questions = site.ingest(*paths)
    assert questions.counts.rows_stored == 0
    assert reasons([answers, questions]) == fates(log, variant.reasons)
    assert ids(site) == expected_ids(variant, log)
    whole = sum(call.fate in ("ok", "error") for call in log)
    assert questions.notes[0] == f"{whole:,} requests joined with responses in other files"


@pytest.mark.parametrize("first", ["request", "response"])
@pytest.mark.parametrize("variant", PAIRED, ids=PAIRED_NAMES)
def test_a_half_that_comes_with_a_later_ingest_finds_the_one_that_waits(
    site: Churn, variant: Variant, first: str
) -> None:
    log = made(variant, seed=6, count=200)
    records = variant.write(log)
    assert variant.sides is not None
    early = [r for r in records if variant.sides(r) == first]
    late = [r for r in records if variant.sides(r) != first]
    (one,) = site.ingest(written(site, variant, "early", in_file(variant, early)))
    assert one.status == "stored"
    assert one.counts.rows_stored == 0
    assert one.counts.rows_quarantined == len(early)
    (two,) = site.ingest(written(site, variant, "late", in_file(variant, late)))
    lost = "no_request" if first == "request" else "no_response"
    expected = fates(log, variant.reasons)
    expected.pop("no_response" if first == "request" else "no_request", None)
    assert dict(two.reasons) == expected
    assert lost in expected
    assert ids(site) == expected_ids(variant, log)
    # A third file that needs them again finds nothing to count twice.
    (three,) = site.ingest(written(site, variant, "again", in_file(variant, [*late, late[0]])))
    assert three.counts.rows_stored == 0
    assert ids(site) == expected_ids(variant, log)


@pytest.mark.parametrize("name", ["sagemaker_ground_truth", "nannyml_targets"])
def test_labels_of_a_thousand_predictions_are_matched_waiting_or_set_aside(
    site: Churn, name: str
) -> None:
    log = calls(7, COUNT, batches=False, fates=("broken",))
    variant = next(v for v in VARIANTS if v.name == "app_json")
    site.ingest(written(site, variant, "log", in_file(variant, variant.write(log[:600]))))
    if name == "nannyml_targets":
        rows = (f"{call.id},{'' if call.fate == 'broken' else call.labels[0]}" for call in log)
        path = site.write("targets.csv", "\n".join(["id,churned", *rows]))
    else:
        records = (ground_truth(call) for call in log)
        path = site.write("truth/2026/11/21/09/labels.jsonl", "\n".join(records))
    (result,) = site.ingest(path)
    assert (result.format, result.kind) == (name, "labels")
    counts = result.counts
    whole = [call.fate == "ok" for call in log]
    assert counts.labels_matched == sum(whole[:600])
    assert counts.labels_pending == sum(whole[600:])
    assert counts.rows_quarantined == COUNT - sum(whole)
    assert counts.rows_read == COUNT


def ground_truth(call: Call) -> str:
    text = json.dumps(
        {
            "groundTruthData": {"data": str(call.labels[0]), "encoding": "CSV"},
            "eventMetadata": {"eventId": call.id},
            "eventVersion": "0",
        }
    )
    return text if call.fate == "ok" else text[:50]
