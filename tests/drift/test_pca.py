"""The reconstruction error rises when columns hang together otherwise, and not by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.drift.encoding import Encoded
from workbench.drift.pca import reconstruction_drift


def sides(
    before: Any, after: Any, days: tuple[Any, Any] | None = None, category: int | None = None
) -> Encoded:
    columns = before.shape[1]
    none = (np.full(len(before), -1), np.full(len(after), -1))
    reference, current = days or none
    return Encoded(
        tuple(f"c{i}" for i in range(columns)), tuple(i == category for i in range(columns)),
        before, after, reference, current,
    )  # fmt: skip


def linked(seed: int, rows: int, noise: float = 0.3) -> Any:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=rows)
    return np.column_stack([base + noise * rng.normal(size=rows) for _ in range(4)])


def test_the_error_is_what_the_singular_vectors_leave() -> None:
    before, after = linked(1, 2000), linked(2, 1000, 0.6)
    found = reconstruction_drift(sides(before, after), seed=3)
    order = np.random.default_rng(3).permutation(2000)
    fitted, held = before[order[:1000]], before[order[1000:]]
    centre, scale = fitted.mean(axis=0), fitted.std(axis=0)
    values, vectors = np.linalg.eigh(np.cov(((fitted - centre) / scale).T))
    kept = vectors[:, -1:]
    assert values[-1] / values.sum() > 0.65

    def errors(rows: Any) -> Any:
        standard = (rows - centre) / scale
        return np.linalg.norm(standard - standard @ kept @ kept.T, axis=1)

    expected = (errors(after).mean() - errors(held).mean()) / errors(held).std()
    assert found.components == 1
    assert found.effect == pytest.approx(expected, rel=1e-9)
    assert found.basis == "rows"
    assert found.p_value is not None
    assert found.p_value < 1e-20


def test_no_change_is_significant_as_often_as_chance_says() -> None:
    p_values = np.array(
        [
            reconstruction_drift(sides(linked(2 * s, 300), linked(2 * s + 1, 200)), seed=s).p_value
            for s in range(400)
        ]
    )
    assert 0.02 <= (p_values < 0.05).mean() <= 0.085


def test_days_that_differ_as_days_do_are_no_change() -> None:
    def days(seed: int, count: int) -> tuple[Any, Any]:
        rng = np.random.default_rng(seed)
        noises = rng.uniform(0.2, 0.5, count)
        rows = np.concatenate(
            [linked(1000 * seed + i, 60, noise) for i, noise in enumerate(noises)]
        )
        return rows, np.repeat(np.arange(count), 60)

    p_values, careless = [], []
    for seed in range(80):
        (before, before_days), (after, after_days) = days(2 * seed, 14), days(2 * seed + 1, 7)
        with_days = reconstruction_drift(sides(before, after, (before_days, after_days)), seed=seed)
        assert with_days.basis == "days"
        p_values.append(with_days.p_value)
        careless.append(reconstruction_drift(sides(before, after), seed=seed).p_value)
    assert sum(p < 0.05 for p in p_values if p is not None) <= 10
    assert sum(p < 0.05 for p in careless if p is not None) >= 25


def test_categories_and_missing_values_take_part() -> None:
    rng = np.random.default_rng(0)

    def made(rows: int, is_linked: bool) -> Any:
        x = rng.normal(size=rows)
        code = np.where(x > 0, 0.0, 1.0) if is_linked else rng.integers(0, 2, rows).astype(float)
        missing = rng.random(rows) < 0.1
        return np.column_stack([np.where(missing, np.nan, x), code])

    found = reconstruction_drift(sides(made(2000, True), made(2000, False), category=1))
    assert found.effect is not None
    assert found.effect > 0.2


def test_what_has_no_plane_to_miss_has_a_reason() -> None:
    one = np.random.default_rng(0).normal(size=(200, 1))
    assert reconstruction_drift(sides(one, one)).reason
    assert reconstruction_drift(sides(np.ones((200, 3)), np.ones((200, 3)))).reason
    assert reconstruction_drift(sides(one[:10], one[:10])).reason == "too few rows"
