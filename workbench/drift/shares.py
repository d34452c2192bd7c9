"""How far apart are two sets of shares over the same bins? The formula alone, no smoothing."""

from __future__ import annotations

import math
from collections.abc import Sequence


def psi_of_shares(p: Sequence[float], q: Sequence[float]) -> float:
    """Population stability index: the sum of (q - p) ln(q / p) over the bins.

    The shares are taken as they are: what an empty bin costs is settled by who makes them, and
    differs between tools. At least 0, and symmetric.

    Args:
        p: the reference's share of each bin, a fraction, all above 0.
        q: the current one.

    Raises:
        ValueError: there are more bins on one side.
    """
    return math.fsum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
