"""Rows and cells of random pairs of tables as datacompy's Polars engine counts them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.diff.tables import frames_difference
from tests.peers.random_pairs import PAIRS, random_pair

TOLD = json.loads((Path(__file__).parent / "datacompy_pairs.json").read_text("utf-8"))["pairs"]


def test_there_is_a_figure_for_every_pair_and_something_to_find() -> None:
    assert len(TOLD) == PAIRS == 100
    assert sum(pair["changed"] > 0 for pair in TOLD) > 80
    assert sum(pair["added"] > 0 and pair["removed"] > 0 for pair in TOLD) > 60


@pytest.mark.parametrize("part", range(4))
def test_rows_and_cells_are_datacompys(part: int, tmp_path: Path) -> None:
    for seed in range(part * PAIRS // 4, (part + 1) * PAIRS // 4):
        a, b, keys = random_pair(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()

        found = frames_difference(folder, a, b, key=tuple(keys))

        told = TOLD[seed]
        rows = {
            "added": found.rows.added,
            "removed": found.rows.removed,
            "changed": found.rows.changed,
        }
        assert rows == {kind: told[kind] for kind in rows}, seed
        # It lists the columns of the key where they are alike too.
        cells = {column.name: column.changed for column in found.columns if not column.is_key}
        assert cells == {n: c for n, c in told["cells"].items() if n not in keys}, seed
