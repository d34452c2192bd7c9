"""Whatever is in the files: no exception, no hang, and every row is accounted for.

`just fuzz` tries 10,000 inputs; here WORKBENCH_FUZZ_INPUTS says how many.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.fuzz.drafts import Draft
from tests.fuzz.failing import failure_of, shrunk
from tests.fuzz.mutating import make_input
from tests.fuzz.run import Extras, Fuzzer
from tests.fuzz.seeds import seeds
from tests.fuzz.sites import SITES

INPUTS = int(os.environ.get("WORKBENCH_FUZZ_INPUTS", "200"))
SEED = int(os.environ.get("WORKBENCH_FUZZ_SEED", "1"))
BATCH = 50


def test_every_row_of_a_damaged_file_is_accounted_for(tmp_path: Path) -> None:
    fuzzer = Fuzzer(tmp_path, SEED, Extras(slowly=3, upkeep=4, command=8), BATCH)
    tally = fuzzer.run(INPUTS)
    assert tally.failures == {}
    assert tally.inputs == sum(tally.outcomes.values()) == INPUTS
    assert tally.rows["stored"] > INPUTS / 4
    assert tally.rows["quarantined"] > INPUTS / 4


def test_the_same_seed_makes_the_same_inputs() -> None:
    sources = seeds("binary")
    made = [make_input(7, number, sources) for number in range(40)]
    assert made == [make_input(7, number, sources) for number in range(40)]
    assert len({draft.data for draft in made}) > 20
    for number, draft in enumerate(made):
        untouched = make_input(7, number, sources, most=0)
        assert untouched.steps == ()
        assert untouched.group == draft.group


def test_a_failure_is_kept_with_the_one_input_that_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fuzzer = Fuzzer(tmp_path, SEED, Extras(0, 0, 0), 12)
    sources = seeds(SITES[0].task)
    fifth = make_input(SEED, 4, sources, most=0)

    def refuse(_site: object, _call: object, drafts: list[Draft], _place: int) -> list[object]:
        assert not any(draft.origin == fifth.origin for draft in drafts), "the fifth"
        return []

    monkeypatch.setattr(fuzzer, "_try", refuse)
    tally = fuzzer.run(12)
    ((count, kept),) = tally.failures.values()
    assert count == 1
    assert str(kept) in capsys.readouterr().err
    how = json.loads((kept / "how.json").read_text())
    assert how["inputs"] == [{"from": fifth.group, "name": fifth.name, "steps": []}]
    assert (kept / "input" / "000" / fifth.name).read_bytes() == fifth.data


def test_what_does_not_go_wrong_again_is_kept_whole() -> None:
    drafts = [Draft("g", f"{number}.csv", b"") for number in range(5)]
    tries: list[int] = []

    def trial(tried: list[Draft]) -> None:
        tries.append(len(tried))
        if len(tries) == 1:
            raise ValueError("once")

    error = failure_of(trial, drafts)
    assert error is not None
    assert shrunk(trial, drafts, error, lambda place, _: drafts[place]) == (drafts, error)
