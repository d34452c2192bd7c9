"""A verdict is stored as it was given, and what overrules it stands beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.store.upkeep import make_workspace
from workbench.domain.period import Period
from workbench.domain.verdict import Cause, Evidence, Exclusion, StepNote, Verdict
from workbench.domain.verdict_document import verdict_document, verdict_of
from workbench.store.connections import reading, writing
from workbench.store.verdicts import Overrule, add_overrule, add_verdict, read_verdicts

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
VERDICT = Verdict(
    model="m",
    period=Period(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 8, tzinfo=UTC)),
    onset=datetime(2024, 2, 3, tzinfo=UTC),
    labels_as_of=None,
    verdict="fix_upstream",
    reason="a unit fault explains the rise",
    redesign_reason=None,
    confidence=0.1 + 0.2,
    summary="x reaches the model times 60.",
    causes=(
        Cause("unit_change", "feature", "x", ("c", "b"), NOW, None, 0.9, "divide by 60"),
        Cause("concept", "world", verdict="retrain"),
    ),
    residual_verdict="retrain",
    cannot_distinguish=("label noise and a missing input",),
    exclude=(Exclusion((("c", "b"),), NOW, None),),
    evidence=(Evidence("repair", "fall", 0.25, "mended rows", 0.2, 0.3, 400, 0.1, "fix_upstream"),),
    actions=("workbench event list",),
    steps=(StepNote("replay", "there is no artifact"),),
    versions=("1",),
    inputs=(("seed", "0"),),
)


def test_a_document_says_all_of_a_verdict() -> None:
    document = verdict_document(VERDICT)
    assert document["confidence"] == 0.3
    assert document["causes"][0]["segment"] == {"c": "b"}
    assert verdict_document(verdict_of(document)) == document
    assert verdict_of(document).causes == VERDICT.causes
    assert verdict_of(document).exclude == VERDICT.exclude


def test_what_is_stored_is_read_back_with_what_overruled_it(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    document = verdict_document(VERDICT)
    with writing(ws.store, "testing") as catalog:
        first = add_verdict(catalog, document, NOW, 3)
        second = add_verdict(catalog, {**document, "model": "other"}, NOW, 4)
        add_overrule(catalog, first, Overrule(NOW, "ann", "retrain", "the feed is mended"))
    with reading(ws.store) as catalog:
        (found,) = read_verdicts(catalog, model="m")
        assert [one.id for one in read_verdicts(catalog)] == [second, first]
        assert read_verdicts(catalog, number=99) == ()
    assert found.document == {**document, "id": first}
    assert (found.made_at, found.catalog_version) == (NOW, 3)
    assert found.overruled == (Overrule(NOW, "ann", "retrain", "the feed is mended"),)
