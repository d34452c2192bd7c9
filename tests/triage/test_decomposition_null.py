"""Where nothing changed, the parts of the rise are about 0, and their intervals say so."""

from __future__ import annotations

import numpy as np

from tests.triage.shift_worlds import planted
from workbench.triage.decomposition import decompose
from workbench.triage.domain_model import measure_domain
from workbench.triage.overlap import measure_overlap

SEEDS = 40


def test_all_parts_cover_zero_where_nothing_changed() -> None:
    covered, held, refused = np.zeros(3), 0, 0
    for seed in range(SEEDS):
        case = planted("none", 300, seed)
        domain = measure_domain(case, refits=1)
        overlap = measure_overlap(case, domain)
        refused += overlap.state == "refused"
        found = decompose(case, domain, overlap)
        covered += [term.low <= 0 <= term.high for _, term in found.terms]
        held += found.null is not None and found.null.holds
    assert refused == 0
    assert (covered >= 0.93 * SEEDS).all(), covered
    assert held >= SEEDS - 1
