"""Why are more predictions bad: more of the hard cases, changed meaning, or new territory?

DISDE (Cai, Namkoong, Yadlowsky, "Diagnosing Model Performance Under Distribution Shift"): with P
the rows before, Q those of the incident, and S the inputs that both have,

    rise = [E_S R_P - E_P R_P] + [E_S R_Q - E_S R_P] + [E_Q R_Q - E_S R_Q]
            known cases          meaning               territory

R being the expected badness given the inputs. S has density proportional to pq / (p + q).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import DRAWS, blocks_of, few_blocks, resampled_sums
from workbench.triage.case import Case
from workbench.triage.domain_model import DomainModel

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.overlap import Overlap

_NULL_ROWS = 6_000
TERMS = ("known_cases", "meaning", "territory")
"""The parts of the rise, in the order of the columns of `Decomposition.draws`."""

Loss = Callable[["pl.DataFrame"], "NDArray[Any]"]
"""A loss a row, from the rows of a case; not a number where it is unknown."""


@dataclass(frozen=True)
class Term:
    """A part of the rise, as a rate."""

    value: float
    low: float
    high: float
    """The 95 % interval: the union over the fits of the domain model, and twice how they differ."""


@dataclass(frozen=True)
class NullCheck:
    """The parts when rows are given to the two sides at random: all should be about 0."""

    values: tuple[float, ...]
    holds: bool
    """Whether each is within three standard deviations of the rise."""


@dataclass(frozen=True)
class Decomposition:
    """The rise of the mean loss in three parts that add up to it."""

    known_rate: float | None = None
    """Mean loss of the rows before."""
    current_rate: float | None = None
    rise: Term | None = None
    known_cases: Term | None = None
    """More of the hard cases that were known before."""
    meaning: Term | None = None
    """The same inputs now mean something else (or are worth less)."""
    territory: Term | None = None
    """Inputs that were rare or absent before."""
    null: NullCheck | None = None
    against: str = "reference"
    rows: tuple[int, int] = (0, 0)
    basis: tuple[str, str] = ("rows", "rows")
    """What was resampled on either side: days, entities or rows."""
    refits: int = 0
    is_doubtful: bool = False
    """The overlap gate warns."""
    skipped: str | None = None
    """Why there are no parts; the rise may be there all the same."""
    draws: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(draws, 4): known_cases, meaning, territory, rise, resampled with the first domain model."""

    @property
    def terms(self) -> tuple[tuple[str, Term], ...]:
        """The three parts by name; none where skipped."""
        found = zip(TERMS, (self.known_cases, self.meaning, self.territory), strict=True)
        return tuple((name, term) for name, term in found if term is not None)

    @property
    def largest(self) -> str | None:
        """The part that is surely above 0 and largest; None where none is."""
        sure = [(term.value, name) for name, term in self.terms if term.low > 0]
        return max(sure)[1] if sure else None

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in words."""
        from workbench.triage.decomposition_words import decomposition_evidence

        return decomposition_evidence(self)


def split(losses: NDArray[Any], pi: NDArray[Any], is_current: NDArray[Any]) -> tuple[float, ...]:
    """known_cases, meaning, territory and the rise, which is their sum.

    A = mean loss before, B = the same weighted to the common inputs, C = weighted mean of the
    incident, E = mean of the incident: B - A, C - B, E - C.

    Args:
        losses: a number a row.
        pi: the probability of each row to be of the incident.
        is_current: 1 for rows of the incident, else 0; both must be there.
    """
    from workbench.triage.overlap import weights

    w = weights(pi, is_current)
    table = _table(losses, w)
    return tuple(
        float(part)
        for part in _parts(
            table[is_current == 0].sum(axis=0)[None], table[is_current > 0].sum(axis=0)[None]
        )[0]
    )


def decompose(
    case: Case, domain: DomainModel, overlap: Overlap, *, loss: Loss | None = None
) -> Decomposition:
    """The rise in its three parts, each with an interval, unless the overlap gate refuses.

    The interval resamples blocks (entities or days) of either side with the domain model fixed,
    for each of its refits; it is the union of what they give, widened by how they differ.

    Args:
        case: the case; its seed draws the blocks.
        domain: the domain model, of labelled rows.
        overlap: the gate's answer for it.
        loss: any loss a row; by default the badness, `wb_bad`.
    """
    import numpy as np

    if domain.skipped or domain.pi is None or domain.known is None or domain.current is None:
        return Decomposition(
            against=domain.against, skipped=domain.skipped or "there is no domain model"
        )
    if not domain.labelled:
        return Decomposition(
            against=domain.against, skipped="too few labelled rows on one side or the other"
        )
    loss = loss or _bad
    losses = np.concatenate([loss(domain.known), loss(domain.current)])
    t = domain.is_current
    kept = np.isfinite(losses)
    rows = (int((kept & (t == 0)).sum()), int((kept & (t == 1)).sum()))
    if not all(rows):
        return Decomposition(against=domain.against, rows=rows, skipped="no losses are known")
    entity = case.card.columns.entity
    blocks = [blocks_of(domain.known, entity), blocks_of(domain.current, entity)]
    codes = np.concatenate([block for block, _ in blocks])[kept]
    losses, t = losses[kept], t[kept]
    drawn = [
        _drawn(losses, pi[kept], t, codes, case.seed + number)
        for number, pi in enumerate((domain.pi, *domain.refits))
    ]
    known = Decomposition(
        known_rate=float(losses[t == 0].mean()), current_rate=float(losses[t > 0].mean()),
        rise=_term(3, drawn), against=domain.against, rows=rows,
        basis=(blocks[0][1], blocks[1][1]), refits=len(domain.refits),
        is_doubtful=overlap.state == "warning",
    )  # fmt: skip
    if overlap.state not in {"fine", "warning"}:
        return replace(known, skipped=overlap.reason or overlap.skipped or "the gate refused")
    return _with_terms(known, drawn, _null_check(case, domain, losses, kept))


def _with_terms(known: Decomposition, drawn: list[_Draws], null: NullCheck | None) -> Decomposition:
    terms = [_term(place, drawn) for place in range(3)]
    return replace(
        known, known_cases=terms[0], meaning=terms[1], territory=terms[2], null=null,
        draws=drawn[0].drawn,
    )  # fmt: skip


def _bad(frame: pl.DataFrame) -> NDArray[Any]:
    import numpy as np
    import polars as pl

    return np.asarray(frame["wb_bad"].cast(pl.Float64).fill_null(np.nan).to_numpy())


def _table(losses: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.column_stack([losses, np.ones(len(losses)), w * losses, w])


def _parts(known: NDArray[Any], current: NDArray[Any]) -> NDArray[Any]:
    """(draws, 4) from the sums of `_table` of either side."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = known[:, 0] / known[:, 1], known[:, 2] / known[:, 3]
        e, c = current[:, 0] / current[:, 1], current[:, 2] / current[:, 3]
    return np.column_stack([b - a, c - b, e - c, e - a])


@dataclass(frozen=True)
class _Draws:
    """The parts and the rise by one domain model, and when blocks are drawn again."""

    values: tuple[float, ...]
    drawn: NDArray[Any]


def _drawn(
    losses: NDArray[Any], pi: NDArray[Any], t: NDArray[Any], codes: NDArray[Any], seed: int
) -> _Draws:
    """The resamplings, widened for the smaller number of blocks of the two sides."""
    import numpy as np

    from workbench.triage.overlap import weights

    table = _table(losses, weights(pi, t))
    sums, fewest = [], len(t)
    for side in (0, 1):
        inside = t == side
        blocks, dense = np.unique(codes[inside], return_inverse=True)
        fewest = min(fewest, len(blocks))
        sums.append(resampled_sums(table[inside], dense, 2 * seed + side, DRAWS))
    values = split(losses, pi, t)
    parts = _parts(sums[0], sums[1])
    wider = few_blocks(fewest)
    return _Draws(values, np.array(values) + wider * (parts - np.array(values)))


def _term(place: int, found: list[_Draws]) -> Term:
    """The value by the first domain model; the interval spans all, widened by how they differ."""
    import numpy as np

    value = found[0].values[place]
    ends = [np.nanquantile(one.drawn[:, place], (0.025, 0.975)) for one in found]
    differ = 2 * float(np.std([one.values[place] for one in found]))
    low = value - math.hypot(value - min(e[0] for e in ends), differ)
    high = value + math.hypot(max(e[1] for e in ends) - value, differ)
    return Term(value, low, high)


def _null_check(
    case: Case, domain: DomainModel, losses: NDArray[Any], kept: NDArray[Any]
) -> NullCheck | None:
    """The parts with rows given to the sides at random, and the domain model fitted to that."""
    import numpy as np

    from workbench.triage.telling_apart import chance_of_current

    if domain.rows is None:
        return None
    random = np.random.default_rng([case.seed, 7])
    places = random.permutation(np.flatnonzero(kept))[:_NULL_ROWS]
    chosen = np.cumsum(kept)[places] - 1
    t = domain.is_current[places][random.permutation(len(places))]
    if len(np.unique(t)) < 2:
        return None
    fold = random.permutation(len(places)) % 2
    pi = chance_of_current(domain.rows[places], t, fold, domain.is_category, case.seed)
    found = _drawn(losses[chosen], pi, t, np.arange(len(places)), case.seed)
    spread = float(np.nanstd(found.drawn[:, 3]))
    values = found.values[:3]
    return NullCheck(values, all(abs(value) <= 3 * spread + 1e-9 for value in values))
