"""A run driven over real processes: whatever a recipe does, the run ends, and says what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.retrain.runs import Here, card_of, challenger, write_run
from workbench.domain.run import FitNote
from workbench.retrain.driving import Driven, RetrainError, RunCancelledError, drive
from workbench.retrain.fitting import MODEL
from workbench.retrain.local_pool import LocalPool
from workbench.retrain.plan import Limits

NAMES = (
    "good", "raises", "never_ends", "prints", "unfit", "no_model", "ends", "dies", "dies_once",
    "greedy", "greedy_library",
)  # fmt: skip


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> tuple[Driven, list[str]]:
    """One run whose challengers are recipes that go wrong in every way."""
    folder = tmp_path_factory.mktemp("run")
    listed = [challenger(n, f"recipes_of_tests:{name}") for n, name in enumerate(NAMES, start=1)]
    plan = write_run(
        folder, listed, card=card_of("recipes_of_tests:good"),
        limits=Limits(fit_seconds=10.0, at_once=2, memory_bytes=400_000_000),
    )  # fmt: skip
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RUST_BACKTRACE", "0")  # a library's last words take it seconds
        pool = LocalPool(folder, folder, plan.limits)
        try:
            return drive(plan, pool, lambda _: None, said.append, lambda: False), said
        finally:
            pool.close()


def note(driven: tuple[Driven, list[str]], name: str) -> FitNote:
    return driven[0].notes[NAMES.index(name)]


def test_the_best_of_those_that_could_be_fitted_wins(driven: tuple[Driven, list[str]]) -> None:
    assert driven[0].winner.number == 1
    assert driven[0].outcome.reason is None
    assert driven[0].outcome.files[MODEL]
    assert (note(driven, "good").bad_rate or 1.0) < 0.4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", "RuntimeError: boom"),
        ("never_ends", "longer than 10 seconds"),
        ("unfit", "cannot score the rows"),
        ("no_model", "gave a dict"),
        ("ends", "ended its process"),
        ("dies", "by signal 9, 3 times"),
        ("greedy", "more memory than it may take: 400 MB ([retrain] memory_limit;"),
        ("greedy_library", "gets no memory (a fit may take 400 MB: [retrain] memory_limit)"),
    ],
)
def test_a_recipe_that_goes_wrong_costs_its_own_fit(
    driven: tuple[Driven, list[str]], name: str, said: str
) -> None:
    found = note(driven, name)
    assert found.state == "failed"
    assert found.bad_rate is None
    assert said in (found.reason or "")
    assert len(found.reason or "") < 400


def test_a_fit_whose_process_is_killed_is_begun_again(driven: tuple[Driven, list[str]]) -> None:
    found = note(driven, "dies_once")
    assert (found.state, found.attempts) == ("fitted", 2)
    assert found.bad_rate == note(driven, "good").bad_rate


def test_what_a_recipe_prints_is_counted_and_only_its_end_kept(
    driven: tuple[Driven, list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert note(driven, "prints").state == "fitted"
    (line,) = [one for one in driven[1] if "printed" in one]
    assert "printed 4,000,030 bytes" in line  # for each of two parts
    assert "the last words" in line
    assert len(line) < 6_000


def test_where_nothing_can_be_fitted_the_run_fails_with_the_first_reason(tmp_path: Path) -> None:
    listed = [challenger(1, "recipes_of_tests:raises")]
    plan = write_run(tmp_path, listed, card=card_of("recipes_of_tests:raises"))
    with pytest.raises(RetrainError, match=r"no challenger could be fitted.*boom"):
        drive(plan, Here(tmp_path, tmp_path), lambda _: None, lambda _: None, lambda: False)


def test_a_model_with_a_type_that_is_not_listed_is_refused_by_its_name(tmp_path: Path) -> None:
    listed = [challenger(1, "recipes_of_tests:strange")]
    plan = write_run(tmp_path, listed, card=card_of("recipes_of_tests:strange"))
    with pytest.raises(RetrainError, match=r"not trusted: recipes_of_tests\.Strange"):
        drive(plan, Here(tmp_path, tmp_path), lambda _: None, lambda _: None, lambda: False)


def test_a_run_that_is_stopped_begins_nothing_more(tmp_path: Path) -> None:
    plan = write_run(tmp_path)
    begun: list[FitNote] = []
    with pytest.raises(RunCancelledError):
        drive(plan, Here(tmp_path), begun.append, lambda _: None, lambda: bool(begun))
    assert {one.number for one in begun} == {1, 2}
    assert not (tmp_path / "outcomes").exists()
