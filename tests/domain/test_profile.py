"""Profiles that have lost their values keep their counts."""

from __future__ import annotations

import numpy as np

from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.profile import without_values
from workbench.drift.divergence import coarse_counts
from workbench.drift.profiling import profile_values


def test_a_profile_without_values_has_the_same_counts_and_no_value() -> None:
    rng = np.random.default_rng(1)
    numbers = rng.normal(7654.0, 3.0, 2000)
    numeric = profile_values(make_numeric_bins("x", "feature", numbers), numbers)
    names = rng.choice(["secret-a", "secret-b"], 500).tolist()
    counts = {name: names.count(name) for name in set(names)}
    textual = profile_values(make_category_bins("c", "feature", counts), [*names, "secret-new"])
    for profile in (numeric, textual):
        masked = without_values(profile)
        assert masked.counts == profile.counts
        assert coarse_counts(masked) == coarse_counts(profile)
        assert (masked.mean, masked.unseen) == (None, ())
        assert "secret" not in repr(masked)
        assert "765" not in repr(masked.bins.edges)
