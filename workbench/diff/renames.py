"""Which column that went is one that came, under another name? Told by their values.

Where rows match by key, by the share of matched rows on which both agree; elsewhere by the share
of values that both have equally often. Agreement that chance alone would give counts for nothing
(Cohen's kappa): two columns of mostly zeros agree on mostly zeros.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from workbench.diff.equality import comparable
from workbench.diff.result import Rename
from workbench.diff.tables import Tables
from workbench.domain.names import shown

LEAST_SHARE = 0.9
"""Agreement from which a rename is probable."""
_LEAST_BEYOND_CHANCE = 0.75
_LIKE_NAMES = 0.6
_MOST_PAIRS = 60
_ROWS = 50_000


@dataclass(frozen=True)
class _Pair:
    a: str
    b: str
    a_value: str
    b_value: str
    likeness: float


def probable_renames(tables: Tables, rows_a: int, matched: int) -> tuple[Rename, ...]:
    """Pairs of a column of A alone and one of B alone that hold the same values.

    Each column is in one pair at most, the surest first.

    Args:
        tables: the two sides.
        rows_a: rows of A.
        matched: rows that are on both sides by key.
    """
    pairs = _pairs(tables)
    if not pairs or not rows_a:
        return ()
    found = []
    by_key = bool(tables.keys) and matched > 0
    for pair in pairs:
        share, chance = _by_key(tables, pair) if by_key else _by_values(tables, pair)
        if share < LEAST_SHARE:
            continue
        beyond = (share - chance) / (1 - chance) if chance < 1 else 0.0
        if beyond >= _LEAST_BEYOND_CHANCE or pair.likeness >= _LIKE_NAMES:
            basis = "matched rows" if by_key else "values"
            found.append((Rename(pair.a, pair.b, share, basis), beyond, pair.likeness))
    found.sort(key=lambda item: (-item[0].share, -item[2], -item[1], item[0].a, item[0].b))
    taken: set[tuple[str, str]] = set()
    chosen = []
    for rename, _, _ in found:
        if ("a", rename.a) not in taken and ("b", rename.b) not in taken:
            taken |= {("a", rename.a), ("b", rename.b)}
            chosen.append(rename)
    return tuple(chosen)


def told(rename: Rename) -> str:
    """A rename in a few words."""
    return f"{shown(rename.a, 40)} -> {shown(rename.b, 40)} ({rename.share:.1%} of {rename.basis})"


def _pairs(tables: Tables) -> list[_Pair]:
    a, b = tables.sides
    pairs = []
    for place_a, name_a in enumerate(tables.only[0]):
        for place_b, name_b in enumerate(tables.only[1]):
            types = a.columns[name_a], b.columns[name_b]
            mixed = a.is_text != b.is_text
            if types[0].family != types[1].family and not mixed:
                continue
            forms = comparable(*types)
            value_a, value_b = forms[0](f"o{place_a}"), forms[1](f"o{place_b}")
            if mixed:
                value_a, value_b = f"(o{place_a})::VARCHAR", f"(o{place_b})::VARCHAR"
            likeness = difflib.SequenceMatcher(None, name_a.lower(), name_b.lower()).ratio()
            pairs.append(_Pair(name_a, name_b, value_a, value_b, likeness))
    pairs.sort(key=lambda pair: (-pair.likeness, pair.a, pair.b))
    return pairs[:_MOST_PAIRS]


def _by_key(tables: Tables, pair: _Pair) -> tuple[float, float]:
    """Share of matched rows that agree, and how many would by chance."""
    keys = ", ".join(tables.key_names)
    some = f"hash({keys})"
    sampled = (
        f"(SELECT any_value(v) AS v, {keys} FROM (SELECT {{value}} AS v, {keys} FROM diff_{{side}} "
        f"ORDER BY {some} LIMIT {_ROWS}) GROUP BY {keys} HAVING count(*) = 1)"
    )
    left = sampled.format(value=pair.a_value, side="a")
    right = sampled.format(value=pair.b_value, side="b")
    tables.connection.execute(
        "CREATE OR REPLACE TEMP TABLE diff_agreement AS SELECT a.v AS x, b.v AS y "
        f"FROM {left} a JOIN {right} b ON {tables.matching('a', 'b')}"
    )
    share = tables.connection.execute(
        "SELECT avg((x IS NOT DISTINCT FROM y)::INT) FROM diff_agreement"
    ).fetchall()[0][0]
    chance = tables.connection.execute(
        "SELECT sum(p * q) FROM (SELECT x, count(*) / sum(count(*)) OVER () AS p FROM diff_agreement GROUP BY x) "
        "JOIN (SELECT y, count(*) / sum(count(*)) OVER () AS q FROM diff_agreement GROUP BY y) "
        "ON x IS NOT DISTINCT FROM y"
    ).fetchall()[0][0]
    return float(share or 0.0), float(chance or 0.0)


def _by_values(tables: Tables, pair: _Pair) -> tuple[float, float]:
    """Share of values that both have equally often, and what two columns of few values share anyhow."""
    a, b = (
        f"(SELECT hash({value}) AS v, count(*) AS n FROM diff_{side} GROUP BY v)"
        for value, side in ((pair.a_value, "a"), (pair.b_value, "b"))
    )
    both, larger, values = tables.connection.execute(
        f"SELECT sum(least(coalesce(a.n, 0), coalesce(b.n, 0))), greatest(sum(a.n), sum(b.n)), count(*) "
        f"FROM {a} a FULL JOIN {b} b ON a.v = b.v"
    ).fetchall()[0]
    return float(both or 0) / float(larger or 1), 1.0 if values < 20 else 1.0 / float(values)
