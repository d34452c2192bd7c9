"""Has a share risen: of bad predictions, missed positives, missing values?"""

from __future__ import annotations

import math

import numpy as np

from workbench.alerts.history import Looks, ShareHistory
from workbench.alerts.tails import share_survival
from workbench.alerts.usual import Array


def measure_share(history: ShareHistory, looks: Looks) -> tuple[Array, Array, Array]:
    """The rise of a share at every look.

    A rise has an effect when the share of the span reaches the card's threshold; only then is
    it tested (elsewhere the p-value is 1), by the upper tail of the beta-binomial law around
    what is usual for the phase of week and day.

    Returns:
        Each (spans, looks): p-values (not a number where there are no rows), the size of the
        effect (0 none, 1 warning, 2 critical), and the shares.
    """
    usual = history.usual
    expected = np.array([usual.expected(start) for start in looks.starts]) * history.rows
    shape = (len(looks.spans), len(looks.places))
    p_values, sizes, values = np.full(shape, np.nan), np.zeros(shape), np.full(shape, np.nan)
    for number, span in enumerate(looks.spans):
        hits = looks.over(history.hits, span)
        rows = looks.over(history.rows, span)
        usually = looks.over(expected, span)
        has = rows >= 1
        share = np.divide(hits, rows, out=np.full(len(rows), np.nan), where=has)
        values[number] = share
        p_values[number, has] = 1.0
        sizes[number] = np.where(share >= history.critical, 2, share >= history.warning)
        variance = usual.variance(span * looks.bucket)
        for look in np.flatnonzero(has & (share >= history.warning) & (hits > usually)):
            # A cost is a sum of parts: its whole part is the careful side.
            p_values[number, look] = share_survival(
                math.floor(hits[look] + 1e-9), round(rows[look]),
                float(usually[look] / rows[look]), variance,
            )  # fmt: skip
    return p_values, sizes, values
