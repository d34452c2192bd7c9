"""Do the trees of a loaded model stay inside their own arrays? scikit-learn does not ask.

The nodes of a tree name their children and features by number, and scikit-learn follows the
numbers without looking: a file made for it could read the process's memory or end it (see
https://github.com/scikit-learn/scikit-learn/pull/34558). Only trees whose numbers lead where a
fitted one's do are let through: each child comes after its parent, so that there is no circle.
"""

from __future__ import annotations

from typing import Any

from workbench.errors import ArtifactError
from workbench.retrain.walking import parts_of

TREE_TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""Types that may be loaded because `check_trees` looks at what they hold."""

_CODES = 256
_WORDS = 8
"""A set of `_CODES` categories as 32-bit words."""


def check_trees(estimator: Any) -> None:
    """Looks at every tree inside a loaded estimator.

    Raises:
        ArtifactError: a tree points outside itself or its features.
    """
    parts = list(parts_of(estimator))
    owned: set[int] = set()
    for part in parts:
        kind = type(part).__name__
        if kind.startswith("HistGradientBoosting"):
            owned |= _check_boosting(part)
        elif type(getattr(part, "tree_", None)).__name__ == "Tree":
            owned.add(id(part.tree_))
            _check_tree(part)
    for part in parts:
        if f"{type(part).__module__}.{type(part).__qualname__}" in TREE_TYPES:
            _require(id(part) in owned)


def _check_tree(owner: Any) -> None:
    tree = owner.tree_
    # What the tree says of itself can be read only while it counts no more nodes than it has.
    _require(tree.node_count == tree.capacity and tree.node_count > 0)
    _require(tree.n_features == getattr(owner, "n_features_in_", None))
    nodes = tree.__getstate__()["nodes"]
    is_leaf = nodes["left_child"] == -1
    _check_links(nodes["left_child"], nodes["right_child"], is_leaf)
    _check_features(nodes["feature"], is_leaf, tree.n_features)


def _check_boosting(model: Any) -> set[int]:
    import numpy as np

    rounds = getattr(model, "_predictors", None)
    if rounds is None:
        return set()
    mapper: Any = getattr(model, "_bin_mapper", None)
    many = getattr(model, "n_features_in_", 0)
    is_categorical = np.asarray(getattr(mapper, "is_categorical_", ()))
    _require(is_categorical.shape == (many,))
    for place in np.flatnonzero(is_categorical):
        codes = np.asarray(mapper.bin_thresholds_[place])
        _require(bool(((codes >= 0) & (codes < _CODES)).all()))
    found = set()
    for predictor in (one for each in rounds for one in each):
        found.add(id(predictor))
        nodes, sets = predictor.nodes, predictor.raw_left_cat_bitsets
        _require(nodes.ndim == 1 and len(nodes) > 0)
        is_leaf = nodes["is_leaf"] != 0
        _check_links(nodes["left"], nodes["right"], is_leaf)
        _check_features(nodes["feature_idx"], is_leaf, many)
        by_set = ~is_leaf & (nodes["is_categorical"] != 0)
        if by_set.any():
            _require(sets.ndim == 2 and sets.shape[1] == _WORDS)
            _require(bool((nodes["bitset_idx"][by_set] < len(sets)).all()))
            _require(bool(is_categorical[nodes["feature_idx"][by_set]].all()))
    return found


def _check_links(left: Any, right: Any, is_leaf: Any) -> None:
    import numpy as np

    own = np.arange(len(left))[~is_leaf]
    for child in (left[~is_leaf].astype(np.int64), right[~is_leaf].astype(np.int64)):
        _require(bool(((child > own) & (child < len(left))).all()))


def _check_features(features: Any, is_leaf: Any, many: int) -> None:
    used = features[~is_leaf]
    _require(bool(((used >= 0) & (used < many)).all()))


def _require(holds: bool) -> None:
    if not holds:
        raise ArtifactError(
            "the file holds a decision tree that points outside itself",
            "It is damaged or was made to do harm: save the model again from where it was trained.",
        )
