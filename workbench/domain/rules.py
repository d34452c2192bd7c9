"""When is a prediction of this model bad? The card's rules, resolved and with an identity."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta

from workbench.domain.card import ModelCard
from workbench.domain.classes import class_name
from workbench.domain.period import parse_duration
from workbench.domain.shape import LogShape


@dataclass(frozen=True)
class OutcomeRules:
    """Everything that turns a prediction and a label into the counts of `OutcomeCounts`."""

    task: str
    rule: str
    tolerance: float
    """Resolved: never 0 by default, but the reference's 90th percentile."""
    positive_class: str
    negative_class: str
    threshold: float
    threshold_column: str
    cost_false_positive: float
    cost_false_negative: float
    bucket_seconds: int
    segments: tuple[str, ...]
    missing_means: str | None
    """What an overdue label stands for; None when nothing is assumed."""
    maturity_seconds: int

    @property
    def bucket(self) -> timedelta:
        """The length of a bucket."""
        return timedelta(seconds=self.bucket_seconds)

    @property
    def is_classification(self) -> bool:
        """Whether predictions are classes."""
        return self.task != "regression"


def outcome_rules(card: ModelCard, shape: LogShape, tolerance: float) -> OutcomeRules:
    """The rules of a card, with the reference's classes and the resolved tolerance filled in."""
    positive = class_name(card.bad_prediction.positive_class) or "1"
    others = [name for name in shape.classes if name != positive]
    assumes = bool(card.labels.maturity) and card.labels.missing_means != ""
    return OutcomeRules(
        task=card.model.task,
        rule=card.rule,
        tolerance=tolerance,
        positive_class=positive,
        negative_class=others[0] if len(others) == 1 else ("0" if positive != "0" else "1"),
        threshold=card.decision.threshold,
        threshold_column=card.decision.threshold_column,
        cost_false_positive=card.bad_prediction.cost_false_positive,
        cost_false_negative=card.bad_prediction.cost_false_negative,
        bucket_seconds=int(parse_duration(card.monitoring.bucket).total_seconds()),
        segments=shape.segments,
        missing_means=card.labels.missing_means if assumes else None,
        maturity_seconds=int(parse_duration(card.labels.maturity).total_seconds())
        if assumes
        else 0,
    )


def identity(*parts: object) -> str:
    """A short, stable name for anything that can be written as JSON."""
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def rules_id(model: str, basis: str, rules: OutcomeRules) -> str:
    """The identity of the counts that these rules make over this reference."""
    return identity("rules", model, basis, asdict(rules))
