"""Do the drift tests keep their level when nothing changed, and find what did?

    python benchmarks/calibration.py [--draws 2000] [--seed 1]

For every test, at four pairs of sizes, for categories (3, 20 and 200 of shares 1, 1/2, 1/3 ... and
even ones) and numbers (normal, heavy-tailed, discrete, zero-inflated): how often p < 0.05 when
both samples come from one distribution. A rate should lie between 0.03 and 0.065, and all rates
of a test between 0.04 and 0.055 on average. Up to 1 % of the cells may miss; they are listed.

A test whose p-values are exact, of counts that take few values, can only stay below: for those
(`unseen`; `missing` where fewer than five are expected; and `values` of categories beyond the cap
of 200, whose unseen names are judged on the careful side) only the upper limit counts, and they
are printed with a star. In a rate over 2,000 draws chance is 0.005 (one standard deviation).

Counts are drawn, not values: the reference has fixed counts between its own quantiles, and the
probability between them does not depend on the distribution, so normal and heavy-tailed numbers
differ by their seed only (see tests/drift/no_change.py).

Then the power: a shift of 0.05 standard deviations at 20,000 rows against 20,000, and a new
category of 0.5 % among twenty at 5,000 against 5,000, beside the same by Pearson's test alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

LOW, HIGH = 0.03, 0.065
MEAN_LOW, MEAN_HIGH = 0.04, 0.055
CHUNK = 250


def cells(draws: int, seed: int) -> Iterator[tuple[str, bool, dict[str, float], dict[str, bool]]]:
    """Each cell's name, whether it is among those asked for, its rates, and which may be low."""
    from tests.drift import no_change

    for column, asked in no_change.COLUMNS.items():
        for n, m in no_change.SIZES:
            random = np.random.default_rng([seed, n, m, *column.encode()])
            found: dict[str, list[np.ndarray]] = {}
            for start in range(0, draws, CHUNK):
                pairs = list(asked.draw(random, n, m, min(CHUNK, draws - start)))
                for name, values in no_change.p_values(pairs).items():
                    found.setdefault(name, []).append(values)
            rates = {name: float(np.mean(np.concatenate(v) < 0.05)) for name, v in found.items()}
            low = {name: no_change.may_be_low(name, column, n, m) for name in rates}
            yield f"{n}/{m} {column}", asked.is_asked, rates, low


def power(draws: int, seed: int) -> dict[str, float]:
    """The share of draws in which a change is found at 0.05."""
    from tests.drift import no_change

    random = np.random.default_rng(seed)
    found: dict[str, float] = {}
    cases: dict[str, Callable[[], Iterator[no_change.Pair]]] = {
        "shift of 0.05 sd, 20000/20000": lambda: no_change.shifted(random, 20_000, 20_000, draws),
        "new category of 0.5 %, 5000/5000, 20 even": lambda: no_change.with_a_new_one(
            random, no_change.even(20), 5000, 5000, draws
        ),
        "new category of 0.5 %, 5000/5000, 20 of 1/k": lambda: no_change.with_a_new_one(
            random, no_change.zipf(20), 5000, 5000, draws
        ),
    }
    for name, draw in cases.items():
        p_values = no_change.p_values(list(draw()))
        for test in ("values", "pearson"):
            found[f"{name}: {test}"] = float(np.mean(p_values[test] < 0.05))
    return found


def main() -> int:
    """Prints the table; 1 when the criterion is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began = time.perf_counter()
    kept: dict[str, list[float]] = {}
    missed: list[str] = []
    total = 0
    print(f"rate of p < 0.05 when nothing changed, {asked.draws} draws a cell; * may be low")
    for cell, is_asked, rates, low in cells(asked.draws, asked.seed):
        texts = [f"{name} {rate:.3f}{'*' if low[name] else ''}" for name, rate in rates.items()]
        print(f"{cell:36}{'' if is_asked else '(further) '}{'  '.join(texts)}", flush=True)
        for name, rate in rates.items():
            if not is_asked:
                continue
            total += 1
            if rate > HIGH or (rate < LOW and not low[name]):
                missed.append(f"{name} at {cell}: {rate:.3f}")
            if not low[name]:
                kept.setdefault(name, []).append(rate)
    print("\nmean of the cells")
    off = []
    for name, found in kept.items():
        mean = float(np.mean(found))
        print(f"  {name:12}{mean:.4f}  ({min(found):.3f} to {max(found):.3f}, {len(found)} cells)")
        if not MEAN_LOW <= mean <= MEAN_HIGH:
            off.append(name)
    print(f"\n{len(missed)} of {total} cells outside {LOW} to {HIGH}")
    for text in missed:
        print(f"  {text}")
    print("\npower")
    for name, rate in power(min(asked.draws, 400), asked.seed).items():
        print(f"  {name:58}{rate:.3f}")
    print(f"\n{time.perf_counter() - began:.0f} s, {time.process_time():.0f} s of processor time")
    return int(bool(off) or len(missed) > total / 100)


if __name__ == "__main__":
    raise SystemExit(main())
