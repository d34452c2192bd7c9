"""Which columns moved so far, and so surely, that somebody should look? A status a column.

An alarm needs two things: an effect above the card's threshold, and significance after the
false-discovery control over every test made in the comparison (two a column: its values, and
its missing share). A small sample with a large effect by chance has the first only, a huge
sample with an immaterial one the second only.

The level is fixed by the alarm budget (`significance_level`). Where the reference spans enough
buckets, p-values allow for how they differ from one another (`day_null`): rows of one day are alike,
and a budget kept for independent rows only would not be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from workbench.domain.card import Thresholds
from workbench.domain.drift import ColumnDrift
from workbench.domain.many_tests import adjust_for_many
from workbench.domain.profile import ColumnProfile
from workbench.domain.rates import STATUSES, worst
from workbench.drift.columns import ColumnFigures, measure_column
from workbench.drift.day_null import Buckets, Variation

_MONTH = timedelta(days=365.25 / 12)
_MOST_LEVEL = 0.05


def significance_level(false_pages_per_month: float, bucket: timedelta) -> float:
    """The level of one look (one closed bucket of one model) that keeps the alarm budget.

    Pages a month divided by looks a month, since under no change a look pages with about the
    probability of its level; never above 0.05. With a budget of 0 it is 0, and nothing is
    significant. Looks are taken as independent and every false alarm as a new page, which is
    the careful side: windows of two looks mostly share their rows.
    """
    return max(min(false_pages_per_month * (bucket / _MONTH), _MOST_LEVEL), 0.0)


def compare_columns(
    reference: Sequence[ColumnProfile],
    current: Sequence[ColumnProfile],
    thresholds: Thresholds,
    level: float,
    *,
    variations: Mapping[tuple[str, str], Variation] | None = None,
    buckets: Buckets | None = None,
    seed: int = 0,
) -> tuple[ColumnDrift, ...]:
    """How far each column moved, worst first; ties by name.

    Columns are matched by name and role. One that cannot be compared (on one side only, no
    rows, no value, other bins) is `unknown` with the reason and costs nothing but its own row;
    a column whose values have all gone is not that, but a rise of its missing share.

    The status is the worst of: PSI against `drift_effect`, for numbers the scaled Wasserstein
    distance against `drift_distance` (both only if the test of the values is significant), and
    the absolute rise of the missing share against `missing_rate` (only if its own test is).
    Within a status, columns are in order of their largest effect relative to its critical
    threshold.

    Args:
        reference: one profile a column.
        current: likewise, over the same bins.
        thresholds: the card's.
        level: adjusted p-values below it are significant. All tests of the comparison are adjusted
            together: every feature's, prediction's, score's and label's values and missing share.
        variations: how the reference's buckets differ, by name and role (`day_null.variations`);
            rows of a column without any are taken as independent.
        buckets: how many buckets the two sides span; needed with `variations`.
        seed: of the permutation tests that small samples need.
    """
    before = {(profile.bins.name, profile.bins.role): profile for profile in reference}
    after = {(profile.bins.name, profile.bins.role): profile for profile in current}
    measured = [
        measure_column(
            before.get(key),
            after.get(key),
            variation=variations.get(key) if variations else None,
            buckets=buckets,
            seed=seed,
        )
        for key in dict.fromkeys([*before, *after])
    ]
    pairs = [(figures.values_p, figures.missing_p) for figures in measured]
    adjusted = iter(adjust_for_many([p for pair in pairs for p in pair if p is not None]))
    columns = []
    for figures, pair in zip(measured, pairs, strict=True):
        values_p, missing_p = (next(adjusted) if p is not None else None for p in pair)
        effects = _effects(figures, values_p, missing_p, thresholds)
        columns.append((_column(figures, values_p, effects, level), _largest(effects)))
    columns.sort(
        key=lambda item: (
            -STATUSES.index(item[0].status),
            -item[1],
            item[0].name,
            item[0].role,
        )
    )
    return tuple(column for column, _ in columns)


def overall_status(columns: Iterable[ColumnDrift]) -> str:
    """The status of a whole comparison: the loudest column's.

    Columns that cannot be judged cost their own row only: it is `unknown` only if none can be.
    """
    return worst([column.status for column in columns if column.status != "unknown"])


@dataclass(frozen=True)
class _Effect:
    """One way in which a column moved, beside what would make it an alarm."""

    value: float
    limits: tuple[float, float]
    p_adjusted: float | None
    words: str
    """What moved, in plain words."""
    limit_form: str
    """How a limit is written."""

    def status(self, level: float) -> str:
        """`ok` unless the effect is large enough and significant at the level."""
        if self.p_adjusted is None or self.p_adjusted >= level:
            return "ok"
        return self.size

    @property
    def size(self) -> str:
        """The status that the effect would have, were it significant."""
        warning, critical = self.limits
        if self.value >= critical:
            return "critical"
        return "warning" if self.value >= warning else "ok"


def _effects(
    figures: ColumnFigures,
    values_p: float | None,
    missing_p: float | None,
    thresholds: Thresholds,
) -> list[_Effect]:
    effects = []
    if figures.psi is not None:
        words = f"PSI {_number(figures.psi)}"
        effects.append(_Effect(figures.psi, thresholds.drift_effect, values_p, words, "above {:g}"))
    if figures.wasserstein is not None:
        moved = figures.wasserstein.value
        words = f"moved {_number(moved)} standard deviations"
        effects.append(_Effect(moved, thresholds.drift_distance, values_p, words, "above {:g}"))
    rise = figures.missing_rise
    if rise is not None and figures.reference is not None and figures.current is not None:
        was, now = figures.reference.missing_share or 0.0, figures.current.missing_share or 0.0
        words = f"{now:.1%} missing, was {was:.1%}"
        effects.append(_Effect(rise, thresholds.missing_rate, missing_p, words, ""))
    return effects


def _largest(effects: list[_Effect]) -> float:
    return max((effect.value / max(effect.limits[1], 1e-12) for effect in effects), default=0.0)


def _column(
    figures: ColumnFigures, values_p: float | None, effects: list[_Effect], level: float
) -> ColumnDrift:
    before, after = figures.reference, figures.current
    bins = (after or before).bins  # type: ignore[union-attr]  # one of the two is always there
    status = worst([effect.status(level) for effect in effects] or ["ok"])
    if status == "ok" and figures.trouble:
        status = "unknown"
    unseen_share = figures.unseen_share
    return ColumnDrift(
        name=bins.name,
        role=bins.role,
        kind=bins.kind,
        status=status,
        reason=_reason(figures, status, effects, level),
        psi=figures.psi,
        js=figures.js,
        hellinger=figures.hellinger,
        ks=figures.ks.value if figures.ks else None,
        wasserstein=figures.wasserstein.value if figures.wasserstein else None,
        ks_bound=figures.ks.bound if figures.ks else None,
        wasserstein_bound=figures.wasserstein.bound if figures.wasserstein else None,
        p_value=figures.p_value,
        p_adjusted=figures.p_value if values_p is None else values_p,
        null=figures.null,
        missing_reference=before.missing_share if before else None,
        missing_current=after.missing_share if after else None,
        unseen=tuple(name for name, _ in after.unseen) if after else (),
        unseen_share=unseen_share,
        reference=before,
        current=after,
    )


def _reason(
    figures: ColumnFigures, status: str, effects: list[_Effect], level: float
) -> str | None:
    """Why the status is what it is, and why a figure is missing; None if all is said."""
    texts = []
    for effect in effects:
        raised, size = effect.status(level), effect.size
        if raised != "ok":
            limit = effect.limits[("warning", "critical").index(raised)]
            texts.append(f"{effect.words} {effect.limit_form.format(limit)}".strip())
        elif size != "ok" and effect.p_adjusted is not None:
            against = " beside the reference's own variation" if figures.null == "days" else ""
            texts.append(f"{effect.words}, not significant{against} (p {effect.p_adjusted:.2g})")
    if status in ("warning", "critical") and figures.unseen_share:
        texts.append(f"{figures.unseen_share:.1%} in categories that the reference lacks")
    texts += [text for text in (figures.trouble, figures.without_distance) if text]
    return "; ".join(texts) or None


def _number(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 100 else f"{value:.3g}"
