"""The tails are those of the laws that they name."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.alerts.tails import gamma_survival, share_survival


@given(
    n=st.integers(1, 3000),
    share=st.floats(0.001, 0.6),
    above=st.floats(0, 6),
    spread=st.floats(0.002, 0.2),
)
def test_a_varying_share_is_beta_binomial(
    n: int, share: float, above: float, spread: float
) -> None:
    variance = (spread * share * (1 - share)) ** 2 / (share * (1 - share))
    hits = min(int(n * share + above * (n * share) ** 0.5) + 1, n)
    concentration = share * (1 - share) / variance - 1
    law = stats.betabinom(n, share * concentration, (1 - share) * concentration)

    assert share_survival(hits, n, share, variance) == pytest.approx(
        law.pmf(range(hits, n + 1)).sum(), rel=1e-6, abs=1e-14
    )


@given(n=st.integers(1, 3000), share=st.floats(0.001, 0.6), above=st.floats(0, 6))
def test_a_fixed_share_is_binomial(n: int, share: float, above: float) -> None:
    hits = min(int(n * share + above * (n * share) ** 0.5) + 1, n)

    assert share_survival(hits, n, share, 0.0) == pytest.approx(
        stats.binom(n, share).sf(hits - 1), rel=1e-7, abs=1e-14
    )


def test_many_rows_go_on_where_few_end() -> None:
    few = share_survival(10_600, 50_000, 0.2, 1e-5)
    many = share_survival(10_601, 50_001, 0.2, 1e-5)

    assert many == pytest.approx(few, rel=0.2)


@pytest.mark.parametrize(
    ("hits", "n", "share"),
    [(15, 60_000, 1e-4), (12, 10**6, 1e-6), (40, 10**7, 1e-6), (9300, 10**6, 0.009)],
)
@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_rare_hits_of_many_rows_have_the_law_of_few(
    hits: int, n: int, share: float, spread: float
) -> None:
    variance = (spread * share) ** 2
    law = stats.binom(n, share)
    if variance:
        concentration = share * (1 - share) / variance - 1
        law = stats.betabinom(n, share * concentration, (1 - share) * concentration)
    upper = range(hits, min(60 * hits, n) + 1)
    exact = law.pmf(upper).sum() if variance else law.sf(hits - 1)

    assert share_survival(hits, n, share, variance) == pytest.approx(exact, rel=1e-5)


def test_what_can_hardly_be_is_found_at_once() -> None:
    started = time.perf_counter()

    assert share_survival(5 * 10**7, 10**8, 9e-5, 0.0) == 0.0
    assert share_survival(5 * 10**7, 10**8, 9e-5, 1e-12) == 0.0
    assert time.perf_counter() - started < 1


def test_what_is_not_above_its_expectation_has_not_risen() -> None:
    assert share_survival(20, 100, 0.2, 0.0) == 1.0


@given(statistic=st.floats(0.0, 500), mean=st.floats(0.5, 60), variance=st.floats(0.5, 3000))
def test_the_gamma_law_has_these_moments(statistic: float, mean: float, variance: float) -> None:
    law = stats.gamma(mean * mean / variance, scale=variance / mean)

    assert gamma_survival(statistic, mean, variance) == pytest.approx(
        law.sf(statistic), rel=1e-6, abs=1e-12
    )
