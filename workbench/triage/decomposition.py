"""Why are more predictions bad: more of the hard cases, changed meaning, or new territory?

DISDE (Cai, Namkoong, Yadlowsky, "Diagnosing Model Performance Under Distribution Shift"): with P
the rows before, Q those of the incident, and S the inputs that both have,

    rise = [E_S R_P - E_P R_P] + [E_S R_Q - E_S R_P] + [E_Q R_Q - E_S R_Q]
            known cases          meaning               territory

R being the expected badness given the inputs. S has density proportional to pq / (p + q).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.triage.blocks import DRAWS, blocks_of, resampled_sums
from workbench.triage.case import Case
from workbench.triage.domain_model import DomainModel

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.overlap import Overlap

STEP = "decomposition"
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
    """The 95 % interval: the union over the refits of the domain model."""


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
        n = sum(self.rows)
        found = []
        if self.rise and self.known_rate is not None and self.current_rate is not None:
            way = "more" if self.rise.value >= 0 else "fewer"
            found.append(
                Evidence(
                    STEP, "rise", self.rise.value,
                    f"{abs(100 * self.rise.value):.1f} points {way} predictions are bad than before: "
                    f"{self.known_rate:.1%} then, {self.current_rate:.1%} now.",
                    low=self.rise.low, high=self.rise.high, n=n,
                )
            )  # fmt: skip
        if self.skipped:
            reading = f"The rise was not split: {self.skipped}."
            return (*found, Evidence(STEP, "terms", None, reading))
        care = " Read with care: the inputs hardly overlap." if self.is_doubtful else ""
        for name, term in self.terms:
            is_sure = term.low > 0
            found.append(
                Evidence(
                    STEP, name, term.value, _reading(name, term) + care, low=term.low,
                    high=term.high, n=n,
                    supports="retrain" if is_sure and name == "territory" else None,
                    against="retrain" if self.largest == name == "known_cases" else None,
                )
            )  # fmt: skip
        if self.null is not None and not self.null.holds:
            largest = max(self.null.values, key=abs)
            found.append(
                Evidence(
                    STEP, "null_check", largest,
                    "With rows given to the two sides at random the split still finds something: "
                    "do not trust the parts.",
                    n=n, threshold=0.0,
                )
            )  # fmt: skip
        return tuple(found)


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
    for each of its refits; it is the union of what they give.

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
    values = split(losses, domain.pi[kept], t)
    known = Decomposition(
        known_rate=float(losses[t == 0].mean()), current_rate=float(losses[t > 0].mean()),
        rise=_term(values[3], 3, drawn), against=domain.against, rows=rows,
        basis=(blocks[0][1], blocks[1][1]), refits=len(domain.refits),
        is_doubtful=overlap.state == "warning",
    )  # fmt: skip
    if overlap.state not in {"fine", "warning"}:
        from dataclasses import replace

        return replace(known, skipped=overlap.reason or overlap.skipped or "the gate refused")
    return _with_terms(known, values, drawn, _null_check(case, domain, losses, kept))


def _with_terms(
    known: Decomposition,
    values: tuple[float, ...],
    drawn: list[NDArray[Any]],
    null: NullCheck | None,
) -> Decomposition:
    from dataclasses import replace

    terms = [_term(values[place], place, drawn) for place in range(3)]
    return replace(
        known, known_cases=terms[0], meaning=terms[1], territory=terms[2], null=null,
        draws=drawn[0],
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


def _drawn(
    losses: NDArray[Any], pi: NDArray[Any], t: NDArray[Any], codes: NDArray[Any], seed: int
) -> NDArray[Any]:
    import numpy as np

    from workbench.triage.overlap import weights

    table = _table(losses, weights(pi, t))
    sums = []
    for side in (0, 1):
        inside = t == side
        _, dense = np.unique(codes[inside], return_inverse=True)
        sums.append(resampled_sums(table[inside], dense, 2 * seed + side, DRAWS))
    return _parts(sums[0], sums[1])


def _term(value: float, place: int, drawn: list[NDArray[Any]]) -> Term:
    import numpy as np

    ends = [np.nanquantile(one[:, place], (0.025, 0.975)) for one in drawn]
    return Term(value, float(min(e[0] for e in ends)), float(max(e[1] for e in ends)))


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
    values = split(losses[chosen], pi, t)[:3]
    spread = np.nanstd(_drawn(losses[chosen], pi, t, np.arange(len(places)), case.seed)[:, 3])
    holds = bool(np.all(np.abs(values) <= 3 * spread + 1e-9))
    return NullCheck(tuple(float(v) for v in values), holds)


def _reading(name: str, term: Term) -> str:
    points = f"{100 * term.value:+.1f} points"
    if term.low <= 0 <= term.high:
        none = {
            "known_cases": "more or fewer of the hard cases that were known before",
            "meaning": "the same inputs being predicted worse than before",
            "territory": "inputs that were rare or absent before",
        }[name]
        return f"{points} from {none}: not told from 0."
    if term.value < 0:
        good = {
            "known_cases": "fewer of the hard cases that were known before",
            "meaning": "the same inputs being predicted better than before",
            "territory": "new inputs that are easier",
        }[name]
        return f"{points} from {good}."
    return {
        "known_cases": f"{points} from more of the hard cases that were known before: retraining "
        "seldom helps; route them to people, abstain, or find better inputs.",
        "meaning": f"{points} from the same inputs being predicted worse than before: their meaning "
        "changed, or something that is not logged. The backtest tells which.",
        "territory": f"{points} from inputs that were rare or absent before: labels from there and "
        "a retraining are the natural remedy.",
    }[name]
