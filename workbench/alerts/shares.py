"""Has a share risen: of bad predictions, missed positives, missing values?"""

from __future__ import annotations

import math

import numpy as np

from workbench.alerts.history import Looks, Measured, ShareHistory
from workbench.alerts.tails import share_survival


def measure_share(history: ShareHistory, looks: Looks) -> Measured:
    """The rise of a share at every look.

    A rise has an effect when the share of the span is above what is usual for its phases of week
    and day by as much as the card's threshold is above the reference: a Saturday is judged by
    Saturdays. Only then is it tested (elsewhere the p-value is 1), by the upper tail of the
    beta-binomial law around what is usual, wide enough for what is not known of the phases.

    Returns:
        The values are the shares; p-values are not a number where there are no rows.
    """
    usual = history.usual
    warning, critical = history.warning - usual.share, history.critical - usual.share
    expected = np.array([usual.expected(start) for start in looks.starts]) * history.rows
    found = Measured.blank(looks)
    for number, span in enumerate(looks.spans):
        rows, length = looks.over(history.rows, span), span * looks.bucket
        errors = [usual.cycle.error(start, usual.bucket, length) for start in looks.starts]
        has = rows >= 1
        hits, usually, wrong = (
            np.divide(looks.over(counts, span), rows, out=np.full(len(rows), np.nan), where=has)
            for counts in (history.hits, expected, np.array(errors) * history.rows)
        )
        risen = hits - usually
        found.values[number], found.usuals[number] = hits, usually
        found.p_values[number, has] = 1.0
        found.sizes[number] = np.where(risen >= critical, 2, risen >= warning)
        variance = usual.variance(length)
        for look in np.flatnonzero(has & (risen >= warning) & (risen > 0)):
            # A cost is a sum of parts: its whole part is the careful side.
            found.p_values[number, look] = share_survival(
                math.floor(hits[look] * rows[look] + 1e-6), round(rows[look]),
                float(usually[look]), variance + float(wrong[look]),
            )  # fmt: skip
    return found
