"""What is this model, and what does the operator want of it? The model card.

The field metadata is the one place that says what a key means: the error messages, the
JSON Schema of `model schema` and the comments of a written card are all made from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TASKS = ("binary", "multiclass", "regression")
RULES = ("mismatch", "miss", "false_alarm", "cost", "absolute_error", "relative_error")
BUCKETS = ("1h", "1d", "7d")
OUTPUTS = ("auto", "prediction", "score")
LIVE = "live"
ROLES = (LIVE, "shadow", "canary", "holdout")


def key(default: Any, text: str, choices: tuple[str, ...] = ()) -> Any:
    """A key of the card: its default, what it means, and what it may be."""
    metadata = {"help": text, "choices": choices}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Identity:
    """Which model it is."""

    name: str = key("", "the model's name, as commands take it")
    task: str = key("", "what it predicts", TASKS)
    version: str = key("1", "version of log rows that carry none")
    owner: str = key("", "who answers for it")
    description: str = key("", "one line for a colleague who is paged")
    artifact: str = key("", 'the champion: a .skops or .onnx file, or "cmd: ..."')
    trusted_types: tuple[str, ...] = key((), "extra types that skops may load")


@dataclass(frozen=True)
class Columns:
    """Where things are in a log row."""

    prediction_id: str = key("prediction_id", '"" when the log has none')
    timestamp: str = key("timestamp", "when the prediction was made")
    timezone: str = key("UTC", "zone of timestamps that name none")
    prediction: str = key("prediction", "may be missing for binary when a score is there")
    score: str = key("score", "binary: P(positive_class); multiclass: prefix of score_<class>")
    label: str = key("label", "the outcome, when it is already in the log")
    model_version: str = key("model_version", "which version predicted")
    role: str = key("role", "live, shadow, canary or holdout; rows without it are live")
    entity: str = key("", "customer, device ...: rows of one entity are not independent")
    experiment: str = key("", "arm of a traffic split")
    features: tuple[str, ...] = key((), "empty: every other column of the reference")
    categorical: tuple[str, ...] = key((), "empty: strings, booleans and enums")
    segments: tuple[str, ...] = key(
        (), "columns to break rates down by; empty: the categorical ones"
    )


@dataclass(frozen=True)
class Source:
    """How the serving system's own log is read, where it does not say it itself."""

    format: str = key("auto", "the export format that `--format auto` tries first")
    features: tuple[str, ...] = key((), "names of values that the log carries without names")
    classes: tuple[str, ...] = key((), "the classes in the order of a list of probabilities")
    prediction: str = key("", "the output that holds the prediction, where there are several")
    score: str = key("", "the output that holds the score or the probabilities, likewise")
    id: str = key("", "the input that holds the prediction id, where the log's own is not it")
    output: str = key("auto", "what a lone number is; auto tells by its value", OUTPUTS)
    rename: dict[str, str] = key({}, "names in the log to names in this card")


@dataclass(frozen=True)
class Decision:
    """How a score becomes a prediction."""

    threshold: float = key(0.5, "turns a score into a prediction when only the score is logged")
    threshold_column: str = key("", "per row, when the serving system logs it")


@dataclass(frozen=True)
class BadPrediction:
    """When is a prediction bad?"""

    positive_class: str = key("1", "binary: which class the score is for")
    rule: str = key("", "empty: mismatch for classes, absolute_error for regression", ("", *RULES))
    tolerance: float = key(
        0.0, "error rules: bad when larger; 0: the 90th percentile of the reference's errors"
    )
    cost_false_positive: float = key(1.0, "for cost: of a positive prediction that was wrong")
    cost_false_negative: float = key(1.0, "for cost: of a negative prediction that was wrong")


@dataclass(frozen=True)
class Labels:
    """When outcomes become known."""

    delay: str = key("0d", "how late labels usually are")
    maturity: str = key("", "a missing label after this long means `missing_means`")
    missing_means: str = key("", "what a label that never came stands for")
    censored_by: str = key("", "prediction value after which no label can ever come")


@dataclass(frozen=True)
class Reference:
    """What the model looked like when it was well."""

    data: str = key(
        "data/reference.parquet", "labelled table in the log's columns, held out from training"
    )
    period: str = key("", "or an explicit start/end of the ingested logs, frozen at first use")


@dataclass(frozen=True)
class Monitoring:
    """How closely it is watched."""

    window: str = key("7d", "the current period by default")
    bucket: str = key("1d", "finest resolution of every timeline", BUCKETS)
    expect_every: str = key("", "a silence longer than this is critical")


@dataclass(frozen=True)
class Thresholds:
    """What is worth a look and what is worth a page: (warning, critical)."""

    bad_rate: tuple[float, float] = key((0.02, 0.05), "absolute rise over the reference, or")
    bad_rate_ratio: tuple[float, float] = key(
        (1.25, 1.5), "relative rise; either raises, if significant"
    )
    drift_effect: tuple[float, float] = key((0.1, 0.25), "PSI, on top of significance")
    drift_distance: tuple[float, float] = key(
        (0.25, 1.0), "scaled Wasserstein of a numeric column, likewise"
    )
    missing_rate: tuple[float, float] = key((0.01, 0.05), "absolute rise")
    false_pages_per_month: float = key(1.0, "alarm budget over all tests of this model")


@dataclass(frozen=True)
class Training:
    """How the champion was trained."""

    data: str = key("data/train.parquet", "the table the champion was trained on")
    recipe: str = key(
        "gradient_boosting", 'gradient_boosting, linear, random_forest or "package.module:function"'
    )
    params: dict[str, Any] = key({}, "parameters of the recipe")


@dataclass(frozen=True)
class Trigger:
    """What starts a retraining."""

    on: tuple[str, ...] = key(
        ("bad_rate",), "bad_rate, training_data_changed", ("bad_rate", "training_data_changed")
    )
    mode: str = key("propose", "auto trains, and never promotes by itself", ("propose", "auto"))


@dataclass(frozen=True)
class Budget:
    """What retraining may cost."""

    max_retrains_per_month: int = key(4, "more are refused")
    min_hours_between: int = key(24, "sooner ones wait")
    cost_per_retrain: float = key(0.0, "in your currency")
    value_per_avoided_bad_prediction: float = key(0.0, "in your currency")


@dataclass(frozen=True)
class Privacy:
    """What must not be seen."""

    sensitive: tuple[str, ...] = key((), "never printed, charted or exported as values")
    pseudonymise: tuple[str, ...] = key((), "replaced at ingest by a keyed hash")

    @property
    def is_any(self) -> bool:
        """Whether there is anything that must not be seen."""
        return bool(self.sensitive or self.pseudonymise)

    def is_sensitive(self, column: str) -> bool:
        """Whether a column's values must appear in no output; names are compared as the store does."""
        return column.lower() in {name.lower() for name in self.sensitive}


@dataclass(frozen=True)
class ModelCard:
    """One model's card: everything `models/<name>.toml` says, with the defaults filled in."""

    model: Identity = field(default_factory=Identity)
    columns: Columns = field(default_factory=Columns)
    source: Source = field(default_factory=Source)
    decision: Decision = field(default_factory=Decision)
    bad_prediction: BadPrediction = field(default_factory=BadPrediction)
    labels: Labels = field(default_factory=Labels)
    reference: Reference = field(default_factory=Reference)
    monitoring: Monitoring = field(default_factory=Monitoring)
    thresholds: Thresholds = field(default_factory=Thresholds)
    training: Training = field(default_factory=Training)
    trigger: Trigger = field(default_factory=Trigger)
    budget: Budget = field(default_factory=Budget)
    privacy: Privacy = field(default_factory=Privacy)
    named: frozenset[str] = frozenset()
    """The keys that the card itself gives, as `section.key`; the others are defaults."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def is_classification(self) -> bool:
        """Whether it predicts classes (binary or multiclass)."""
        return self.model.task != "regression"

    @property
    def rule(self) -> str:
        """The bad-prediction rule in force."""
        return self.bad_prediction.rule or (
            "mismatch" if self.is_classification else "absolute_error"
        )
