"""The drift notebook answers from the workspace, and says in words what it cannot answer."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.report.site import HOSTILE, MODEL, PERIOD, POSTCODES, SENSITIVE
from workbench import charts
from workbench.report.happened import happened_section, rise_began
from workbench.workspace import Workspace


def run(notebook: Path, **replaced: Any) -> dict[str, Any]:
    """What the notebook defines, with some of its definitions replaced."""
    spec = importlib.util.spec_from_file_location("drift_notebook", notebook)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, defined = module.app.run(defs=replaced)
    return dict(defined)


def asked(root: Path, model: str = "", period: str = "", as_of: str = "") -> dict[str, str]:
    """What the cell `arguments` defines."""
    return {"workspace": str(root), "model": model, "period": period, "as_of": as_of}


class Chosen:
    """A control of the page, as someone has set it."""

    def __init__(self, value: Any) -> None:
        """Keeps what was chosen."""
        self.value = value


def test_it_passes_marimos_own_check(notebook: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "check", "--strict", str(notebook)],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_figures_are_those_of_the_workspace(incident: Workspace, notebook: Path) -> None:
    defined = run(notebook, asked=asked(incident.root, MODEL, PERIOD))
    rates, drift = incident.performance_report(MODEL, PERIOD), incident.drift(MODEL, PERIOD)
    history = incident.performance_report(MODEL, "all")
    assert defined["rates"] == rates
    assert defined["drift"] == drift
    assert defined["sentences"] == happened_section(rates, drift, rise_began(history)).paragraphs
    assert defined["rate_chart"].to_dict() == charts.bad_rate_timeline(rates).to_dict()


def test_without_arguments_it_opens_the_worst_model_in_its_own_window(
    incident: Workspace, notebook: Path
) -> None:
    defined = run(notebook, asked=asked(incident.root))
    assert defined["model_choice"].value == MODEL
    assert defined["rates"].period == incident.performance_report(MODEL).period


def test_the_worst_column_is_drawn_first_and_another_when_it_is_selected(
    incident: Workspace, notebook: Path
) -> None:
    first = run(notebook, asked=asked(incident.root, MODEL, PERIOD))["share_chart"]
    assert first.to_dict()["description"].startswith(HOSTILE[:20])
    row = {"Column": "calm", "Role": "feature"}
    other = run(notebook, asked=asked(incident.root, MODEL, PERIOD), column_choice=Chosen([row]))
    assert other["share_chart"].to_dict()["description"].startswith("calm: ")


def test_another_period_gives_other_figures(incident: Workspace, notebook: Path) -> None:
    defined = run(
        notebook,
        asked=asked(incident.root, MODEL),
        model_choice=Chosen(MODEL),
        period_choice=Chosen("24h"),
    )
    assert defined["rates"] == incident.performance_report(MODEL, "24h")


def test_a_sensitive_column_is_drawn_without_its_values(
    incident: Workspace, notebook: Path
) -> None:
    row = {"Column": SENSITIVE, "Role": "feature"}
    defined = run(notebook, asked=asked(incident.root, MODEL, PERIOD), column_choice=Chosen([row]))
    drawn = json.dumps(defined["share_chart"].to_dict())
    assert "bin 1" in drawn
    assert not any(secret in drawn for secret in POSTCODES)


def test_as_of_is_followed(incident: Workspace, notebook: Path) -> None:
    defined = run(notebook, asked=asked(incident.root, MODEL, "all", as_of="2024-02-03T23:59"))
    assert defined["rates"].whole.rows == 3 * 240


@pytest.mark.parametrize(
    ("model", "period", "words"),
    [("nobody", "", "there is no model nobody"), ("", "soon", "cannot read the period 'soon'")],
)
def test_what_cannot_be_answered_is_said_in_words(
    incident: Workspace,
    notebook: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    period: str,
    words: str,
) -> None:
    defined = run(notebook, asked=asked(incident.root, model, period))
    assert words in capsys.readouterr().err
    assert "rate_chart" not in defined


def test_a_workspace_without_models_says_how_to_add_one(
    tmp_path: Path, notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Workspace.create(tmp_path)
    assert "rates" not in run(notebook, asked=asked(tmp_path))
    assert "no models yet" in capsys.readouterr().err


def test_a_folder_that_is_no_workspace_is_said_to_be_none(
    tmp_path: Path, notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "statuses" not in run(notebook, asked=asked(tmp_path))
    assert "no workspace in" in capsys.readouterr().err


def test_rates_are_shown_where_drift_cannot_be_told(incident: Workspace, notebook: Path) -> None:
    rates = incident.performance_report(MODEL, PERIOD)
    defined = run(
        notebook, asked=asked(incident.root, MODEL, PERIOD),
        card=incident.card(MODEL), rates=rates, drift=None, drift_problem="gone",
        history=rates,
    )  # fmt: skip
    assert "rate_chart" in defined
    assert "share_chart" not in defined


def test_it_runs_as_a_script_and_prints_what_happened(
    incident: Workspace, notebook: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(notebook), "--", f"--workspace={incident.root}", "--period", PERIOD],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Of 1,920 labelled predictions of {MODEL}, ")
    assert "(critical)" in done.stdout


def test_no_cell_fails_when_it_is_exported(
    incident: Workspace, notebook: Path, tmp_path: Path
) -> None:
    # An export leaves its outputs beside the notebook: not in the sources.
    copy = Path(shutil.copy(notebook, tmp_path))
    page = tmp_path / "page.html"
    done = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", str(copy), "-o", str(page), "--",
         f"--workspace={incident.root}", f"--model={MODEL}"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "labelled predictions of" in page.read_text(encoding="utf-8")
