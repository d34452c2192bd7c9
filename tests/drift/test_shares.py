"""The formula on shares, against scipy's relative entropy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.special import rel_entr

from tests.drift.strategies import COUNTS
from workbench.drift.shares import psi_of_shares


@given(COUNTS)
def test_psi_is_the_relative_entropy_both_ways(pairs: list[tuple[int, int]]) -> None:
    p, q = (np.array(side) + 0.5 for side in zip(*pairs, strict=True))
    p, q = p / p.sum(), q / q.sum()
    expected = rel_entr(p, q).sum() + rel_entr(q, p).sum()
    assert psi_of_shares(p.tolist(), q.tolist()) == pytest.approx(expected, abs=1e-12)


def test_psi_of_different_bins_is_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        psi_of_shares([0.5, 0.5], [1.0])
