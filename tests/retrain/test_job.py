"""What a job on a cluster tells: heard whole, in any order and more than once, or not believed."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.retrain.runs import write_run
from workbench.retrain.job import MARK, PIECE, SHARED, Received, main, sent

CONTENT = random.Random(1).randbytes(3 * PIECE + 17)
NOTE = {
    "number": 1, "window": "incident", "weight": 1.0, "recipe": "linear", "params": {}, "seed": 1,
    "state": "fitted", "bad_rate": 0.25, "seconds": 2.0, "attempts": 1, "reason": None,
}  # fmt: skip
OUTCOME = {"kind": "final", "number": 1, "bad_rate": 0.2, "rows": 10, "seconds": 1.0}


def line(kind: str, **said: object) -> str:
    return MARK + json.dumps({"kind": kind, **said})


def lines(shared: str = "") -> list[str]:
    """A file, and that the job is done."""
    told = [line("file", **one) for one in sent("model.skops", CONTENT, shared, "run-1")]
    return [*told, line("done", winner=NOTE, notes=[NOTE], outcome=OUTCOME)]


def test_a_file_comes_back_whole_from_lines_in_any_order_and_twice() -> None:
    told = lines() + lines()
    assert len(told) == 10
    random.Random(2).shuffle(told)
    heard = Received("", "run-1")
    for one in told:
        assert heard.hear(one) is None
    driven = heard.driven()
    assert driven is not None
    assert driven.outcome.files == {"model.skops": CONTENT}
    assert driven.winner.bad_rate == 0.25


def test_a_file_goes_through_storage_that_both_see(tmp_path: Path) -> None:
    heard = Received(str(tmp_path), "run-1")
    for one in lines(str(tmp_path)):
        assert len(one) < 1000
        heard.hear(one)
    driven = heard.driven()
    assert driven is not None
    assert driven.outcome.files == {"model.skops": CONTENT}
    assert not list(tmp_path.iterdir())


def test_a_file_that_the_storage_does_not_take_comes_in_pieces(tmp_path: Path) -> None:
    heard = Received(str(tmp_path), "run-1")
    told = lines(str(tmp_path / "full"))
    assert len(told) == 5
    for one in told:
        heard.hear(one)
    driven = heard.driven()
    assert driven is not None
    assert driven.outcome.files == {"model.skops": CONTENT}


def test_storage_that_the_cluster_does_not_see_is_found_before_anything_is_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path)
    monkeypatch.setenv(SHARED, str(tmp_path / "elsewhere"))
    told: list[str] = []
    assert main(tmp_path, told.append) == 1
    heard = Received(str(tmp_path), "run-1")
    for one in told:
        heard.hear(one.strip())
    assert heard.failed is not None
    assert f"cannot write to the shared folder {tmp_path / 'elsewhere'}" in heard.failed


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_what_did_not_come_whole_is_not_believed(lost: int) -> None:
    heard = Received("", "run-1")
    for number, one in enumerate(lines()):
        if number != lost:
            heard.hear(one)
    assert heard.driven() is None


def test_a_file_that_is_another_than_was_sent_is_not_believed(tmp_path: Path) -> None:
    told = lines(str(tmp_path))
    for path in tmp_path.iterdir():
        path.write_bytes(b"another")
    heard = Received(str(tmp_path), "run-1")
    for one in told:
        heard.hear(one)
    assert heard.driven() is None


def test_a_job_may_not_point_at_files_that_are_not_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    heard = Received(str(tmp_path / "shared"), "run-1")
    heard.hear(line("file", name="model.skops", sha256="0", path=str(secret)))
    heard.hear(line("file", name="model.skops", sha256="0", path="../secret"))
    assert secret.exists()
    assert heard.driven() is None


@pytest.mark.parametrize(
    "text",
    [
        "", "2024-06-01 INFO of Ray", "(step pid=3) " + MARK + "{}", MARK, MARK + "[1]",
        MARK + '{"kind": "fit"}', MARK + '{"kind": "fit", "note": {"number": 1}}',
        MARK + '{"kind": "file", "name": "a"}', MARK + "{" * 50,
        MARK + '{"kind": "file", "name": "a", "sha256": "", "piece": 0, "pieces": 1, "base64": "!"}',
    ],
)  # fmt: skip
def test_lines_of_others_and_broken_ones_say_nothing(text: str) -> None:
    assert Received("", "run-1").hear(text) is None


def test_what_is_told_is_heard() -> None:
    heard = Received("", "run-1")
    assert heard.hear(line("say", text="[/b]\x1b")) == ("say", "[/b]\x1b")
    assert heard.hear(line("ready")) == ("ready", None)
    told = heard.hear(line("fit", note=NOTE))
    assert told is not None
    assert told[1].bad_rate == 0.25
    heard.hear(line("failed", message="no rows", hint=""))
    assert heard.failed == "no rows"
