"""A module answers one question, and one question fits on a few screens."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 400
MODULES = sorted(
    path
    for folder in ("workbench", "tests", "notebooks", "data", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
VAGUE = {"utils", "util", "helpers", "helper", "misc", "common", "tools"}


def offenders(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_there_is_something_to_measure() -> None:
    assert len(MODULES) > 50


def test_no_module_is_longer_than_400_lines() -> None:
    long = [path for path in MODULES if len(path.read_text("utf-8").splitlines()) > LONGEST]

    assert offenders(long) == []


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    vague = [path for path in MODULES if VAGUE & set(path.relative_to(ROOT).with_suffix("").parts)]

    assert offenders(vague) == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        path
        for path in MODULES
        if path.relative_to(ROOT).parts[0] == "workbench"
        and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert offenders(silent) == []
