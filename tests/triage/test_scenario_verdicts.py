"""Do scenarios get through the public door, and is what is said of them kept and judged rightly?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import skops.io

import workbench
from tests.triage.made import judged, made
from tests.triage.scenarios.answers import Answer, answer_of, largest_psi
from tests.triage.scenarios.incidents import Incident
from tests.triage.scenarios.workspaces import NAME, card_of, export, ingest
from workbench.domain.card_reading import parse_card
from workbench.domain.period import Period
from workbench.domain.verdict import Cause, Verdict


def test_a_workspace_holds_what_happened(tmp_path: Path) -> None:
    incident = made("inverted")
    exported = export(incident, tmp_path / "ws")
    ingest(incident, exported)
    card = parse_card(card_of(incident), NAME)
    assert card.columns.features == incident.setup.world.features
    log = pl.concat(list(incident.logs.values()), how="diagonal_relaxed")
    with workbench.open(exported.root) as ws:
        assert ws.check_cards(NAME)[0].problem is None
        found = ws.performance(NAME, period="all", by="all")
    both = log.join(incident.labels, on="prediction_id")
    assert found["rows"].to_list() == [log.height]
    assert found["bad_rate"][0] == pytest.approx((both["prediction"] != both["label"]).mean())
    path = exported.root / "registry" / NAME / "1" / "model.skops"
    model = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    again = model.predict_proba(log.select(incident.setup.world.features))[:, 1]
    apart = pl.Series(np.abs(again - log["score"].to_numpy()) > 1e-9)
    after = log["timestamp"] >= incident.onset
    assert not (apart & ~after).any()
    assert (apart & after).any()


def told(incident: Incident, verdict: str, *causes: Cause) -> Verdict:
    span = Period(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 2, 8, tzinfo=UTC))
    onset = incident.onset.replace(tzinfo=UTC) + timedelta(hours=3)
    return Verdict(NAME, span, onset, None, verdict, "", None, 0.9, "", causes=causes)


def test_an_answer_says_whether_cause_and_onset_are_right_and_is_a_line_of_json() -> None:
    incident = made("unit_x100")
    column, segment = incident.plant.columns[0], incident.plant.segment
    right = told(incident, "fix_upstream", Cause("unit_change", "feature", column, segment))
    answer = answer_of("table", 0, incident, judged("unit_x100"), right)
    assert (answer.is_right, answer.is_column_right, answer.is_segment_right) == (True, True, True)
    assert answer.onset_error_hours == 3
    assert Answer(**json.loads(json.dumps(answer.as_json()))) == answer
    wrong = told(incident, "fix_upstream", Cause("unit_change", "feature", "hour"))
    assert answer_of("table", 0, incident, judged("unit_x100"), wrong).is_column_right is False
    harmful = answer_of("table", 0, incident, judged("unit_x100"), told(incident, "retrain"))
    assert harmful.is_dangerous
    assert not harmful.is_right


def test_the_largest_psi_is_large_where_an_input_moved_far() -> None:
    assert largest_psi(made("none")) < 0.05
    assert largest_psi(made("drift_beside")) > 0.5


CI = ("none", "unit_x100", "observable_flip", "censored", "short_half_life")


@pytest.mark.parametrize("kind", CI)
def test_triage_gives_an_accepted_verdict(kind: str, tmp_path: Path) -> None:
    incident = made(kind)
    exported = export(incident, tmp_path / "ws")
    ingest(incident, exported)
    with workbench.open(exported.root) as ws:
        verdict = ws.triage(NAME)
    assert verdict.verdict in judged(kind).accepted
