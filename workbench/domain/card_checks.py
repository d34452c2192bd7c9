"""Do the keys of a model card make sense together? What no single type can say."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import PurePosixPath, PureWindowsPath
from zoneinfo import ZoneInfo

from workbench.domain.card import RULES, Budget, Columns, ModelCard, Thresholds
from workbench.domain.classes import class_name
from workbench.domain.names import file_stem
from workbench.domain.period import parse_duration, parse_time
from workbench.domain.toml_tables import Origin, key_types, nearest, one_of
from workbench.errors import PeriodError

RECIPES = ("gradient_boosting", "linear", "random_forest")
TASK_OF_RULE = {
    "mismatch": ("binary", "multiclass"),
    "miss": ("binary",),
    "false_alarm": ("binary",),
    "cost": ("binary",),
    "absolute_error": ("regression",),
    "relative_error": ("regression",),
}
COMMAND = "cmd:"
_LONGEST_NAME = 200


def check_card(card: ModelCard, origin: Origin) -> None:
    """Checks what the keys of a card mean, alone and together.

    Raises:
        WorkbenchError: of the origin's kind, naming the first key that cannot be used.
    """
    for check in (
        _check_identity,
        _check_columns,
        _check_source,
        _check_bad_prediction,
        _check_labels,
        _check_reference,
        _check_monitoring,
        _check_training,
        _check_lists,
        _check_privacy,
        _check_sensitive,
    ):
        check(card, origin)
    check_thresholds(card.thresholds, origin)


def check_thresholds(thresholds: Thresholds, origin: Origin) -> None:
    """Checks that thresholds are in order and in range: shares lie between 0 and 1.

    Raises:
        WorkbenchError: of the origin's kind, naming the key.
    """
    ranges = {
        "bad_rate": (0.0, 1.0),
        "bad_rate_ratio": (1.0, None),
        "drift_effect": (0.0, None),
        "drift_distance": (0.0, None),
        "missing_rate": (0.0, 1.0),
    }
    for name, (low, high) in ranges.items():
        warning, critical = getattr(thresholds, name)
        for number in (warning, critical):
            _check_range(number, low, high, f"[thresholds] {name}", origin)
        if critical < warning:
            raise origin.mistake(
                f"[thresholds] {name} has its warning above its critical value",
                f"Write the warning first: {name} = [{critical}, {warning}].",
            )
    if thresholds.false_pages_per_month <= 0:
        raise origin.mistake(
            "[thresholds] false_pages_per_month is not above 0",
            "No test is without false alarms; write 0.1 for about one a year.",
        )


def check_timezone(name: str, key: str, origin: Origin) -> None:
    """Checks that a time zone is one that this machine knows.

    Raises:
        WorkbenchError: of the origin's kind, with the nearest known zone.
    """
    if name == "UTC":  # known even where the machine has no table of zones
        return
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        from zoneinfo import available_timezones

        close = nearest(name, sorted(available_timezones()))
        raise origin.mistake(
            f"{key} {name!r} is not a time zone",
            f"The nearest known one is {close}." if close else "Write it as UTC or Europe/Berlin.",
        ) from error


def _check_range(number: float, low: float, high: float | None, key: str, origin: Origin) -> None:
    if number < low or (high is not None and number > high):
        allowed = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
        raise origin.mistake(f"{key} is {number:g}", f"It must be {allowed}.")


def _check_path(path: str, key: str, origin: Origin) -> None:
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).drive or "\0" in path:
        raise origin.mistake(
            f"{key} {path!r} is not a path below the workspace",
            "Write it relative to the workspace, such as data/reference.parquet.",
        )
    depth = 0
    for part in PurePosixPath(path).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise origin.mistake(
                f"{key} {path!r} leaves the workspace",
                "Copy the file into the workspace and name it there.",
            )


def _check_identity(card: ModelCard, origin: Origin) -> None:
    model = card.model
    if not model.name.strip():
        raise origin.mistake("[model] name is empty", 'Write it as name = "arrivals".')
    if len(file_stem(model.name).encode("utf-8", "surrogatepass")) > _LONGEST_NAME:
        raise origin.mistake("[model] name is too long for a file", "Choose a shorter name.")
    if not model.version.strip():
        raise origin.mistake("[model] version is empty", 'Write it as version = "1".')
    if not model.artifact.startswith(COMMAND):
        _check_path(model.artifact, "[model] artifact", origin)
    elif not ("{input}" in model.artifact and "{output}" in model.artifact):
        raise origin.mistake(
            "[model] artifact is a command without {input} and {output}",
            'Write it as artifact = "cmd: score {input} {output}".',
        )


def _check_columns(card: ModelCard, origin: Origin) -> None:
    columns = card.columns
    check_timezone(columns.timezone, "[columns] timezone", origin)
    if not columns.timestamp:
        raise origin.mistake(
            "[columns] timestamp is empty", "Name the column that holds the time of a prediction."
        )
    if not columns.prediction and card.model.task != "binary":
        raise origin.mistake(
            f"[columns] prediction is empty, and the task is {card.model.task}",
            "Only a binary model can do with its score alone.",
        )
    if not columns.prediction and not columns.score:
        raise origin.mistake(
            "[columns] prediction and score are both empty", "Name one of them, or both."
        )
    by_column: dict[str, str] = {}
    for key, column in _one_column_each(columns, card.model.task).items():
        if column in by_column:
            raise origin.mistake(
                f"[columns] {by_column[column]} and {key} are both {column!r}",
                'Write "" for the one that the log does not have.',
            )
        by_column[column] = key
    for feature in columns.features:
        if feature in by_column:
            raise origin.mistake(
                f"[columns] features names {feature!r}, which is the {by_column[feature]} column",
                f'Take it out of features, or write {by_column[feature]} = "".',
            )


def _one_column_each(columns: Columns, task: str) -> dict[str, str]:
    keys = ["prediction_id", "timestamp", "prediction", "label", "model_version", "role"]
    if task == "binary":  # for multiclass it is the beginning of several names
        keys.append("score")
    return {key: getattr(columns, key) for key in keys if getattr(columns, key)}


def _check_source(card: ModelCard, origin: Origin) -> None:
    source = card.source
    if not source.format:
        raise origin.mistake("[source] format is empty", 'Write format = "auto".')
    names = tuple(class_name(name) or "" for name in source.classes)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise origin.mistake(
            f"[source] classes names the class {twice[0]!r} twice",
            "Name each class once, in the order of the probabilities.",
        )
    if card.model.task == "regression" and source.classes:
        raise origin.mistake(
            "[source] classes is given, and the task is regression", "Take it out."
        )
    if source.classes and card.model.task == "binary" and len(source.classes) != 2:
        raise origin.mistake(
            f"[source] classes has {len(source.classes)} classes, and the task is binary",
            'Write both, in the order of the probabilities: classes = ["0", "1"].',
        )
    targets = Counter(source.rename.values())
    shared = [name for name, count in targets.items() if count > 1]
    if shared:
        raise origin.mistake(
            f"[source] rename gives two names of the log the name {shared[0]!r}",
            "Give each its own.",
        )
    if "" in source.rename or "" in targets:
        raise origin.mistake("[source] rename holds an empty name", "Take it out.")


def _check_bad_prediction(card: ModelCard, origin: Origin) -> None:
    bad = card.bad_prediction
    _check_range(card.decision.threshold, 0.0, 1.0, "[decision] threshold", origin)
    if card.rule in TASK_OF_RULE and card.model.task not in TASK_OF_RULE[card.rule]:
        fitting = [rule for rule in RULES if card.model.task in TASK_OF_RULE[rule]]
        raise origin.mistake(
            f"[bad_prediction] rule {card.rule!r} does not fit a {card.model.task} model",
            f"Write one of {one_of(fitting)}.",
        )
    if card.model.task == "binary" and not bad.positive_class:
        raise origin.mistake(
            "[bad_prediction] positive_class is empty", "Name the class that the score is for."
        )
    for key in ("tolerance", "cost_false_positive", "cost_false_negative"):
        _check_range(getattr(bad, key), 0.0, None, f"[bad_prediction] {key}", origin)
    if card.rule == "cost" and not max(bad.cost_false_positive, bad.cost_false_negative):
        raise origin.mistake(
            "[bad_prediction] both costs are 0", "With the rule cost, one must be above 0."
        )


def _check_labels(card: ModelCard, origin: Origin) -> None:
    labels = card.labels
    delay = _duration(labels.delay, "[labels] delay", origin)
    if bool(labels.maturity) != bool(labels.missing_means):
        raise origin.mistake(
            "[labels] maturity and missing_means need each other",
            "Say after how long a missing label means something, and what it means.",
        )
    if labels.maturity and _duration(labels.maturity, "[labels] maturity", origin) < delay:
        raise origin.mistake(
            f"[labels] maturity {labels.maturity!r} is shorter than delay {labels.delay!r}",
            "A label cannot be given up before it usually comes.",
        )
    if labels.missing_means and card.model.task == "regression":
        try:
            float(labels.missing_means)
        except ValueError as error:
            raise origin.mistake(
                f"[labels] missing_means {labels.missing_means!r} is not a number",
                'The outcomes of a regression are numbers: missing_means = "0".',
            ) from error


def _check_reference(card: ModelCard, origin: Origin) -> None:
    reference = card.reference
    if reference.period and "reference.data" in card.named and reference.data:
        raise origin.mistake(
            "[reference] has both data and period", "Keep the one that is the reference."
        )
    if not reference.period and not reference.data:
        raise origin.mistake(
            "[reference] data is empty",
            'Name a labelled table, or a period = "2013-01-01/2013-03-01" of the logs.',
        )
    _check_path(reference.data, "[reference] data", origin)
    if reference.period:
        start, slash, end = reference.period.partition("/")
        hint = 'Write it as period = "2013-01-01/2013-03-01"; the end is not included.'
        if not slash:
            raise origin.mistake(
                f"[reference] period {reference.period!r} is not a start and an end", hint
            )
        try:
            ordered = parse_time(start) < parse_time(end)
        except (PeriodError, OverflowError) as error:
            raise origin.mistake(
                f"[reference] period {reference.period!r} is not two times", hint
            ) from error
        if not ordered:
            raise origin.mistake(
                f"[reference] period {reference.period!r} ends before it starts", hint
            )


def _check_monitoring(card: ModelCard, origin: Origin) -> None:
    for key in ("window", "expect_every"):
        text = getattr(card.monitoring, key)
        if key == "expect_every" and not text:
            continue
        if _duration(text, f"[monitoring] {key}", origin) <= timedelta(0):
            raise origin.mistake(f"[monitoring] {key} {text!r} is no time at all", "Write 7d.")


def _duration(text: str, key: str, origin: Origin) -> timedelta:
    try:
        return parse_duration(text)
    except PeriodError as error:
        raise origin.mistake(f"{key} {text!r} is not a duration", error.hint) from error


def _check_training(card: ModelCard, origin: Origin) -> None:
    training = card.training
    _check_path(training.data, "[training] data", origin)
    module, colon, function = training.recipe.partition(":")
    own = colon and function.isidentifier() and all(p.isidentifier() for p in module.split("."))
    if training.recipe not in RECIPES and not own:
        close = nearest(training.recipe, RECIPES)
        raise origin.mistake(
            f"[training] recipe {training.recipe!r} is not known",
            f'Write one of {one_of(RECIPES)}, or "package.module:function"'
            + (f"; the nearest is {close!r}." if close else "."),
        )
    for key in key_types(Budget):
        _check_range(getattr(card.budget, key), 0.0, None, f"[budget] {key}", origin)


def _check_privacy(card: ModelCard, origin: Origin) -> None:
    """What is counted, sorted or compared by its value cannot be a hash."""
    columns = card.columns
    needed = {
        "timestamp": columns.timestamp, "prediction": columns.prediction, "score": columns.score,
        "label": columns.label, "model_version": columns.model_version, "role": columns.role,
        "threshold": card.decision.threshold_column,
    }  # fmt: skip
    by_column = {name.lower(): key for key, name in needed.items() if name}
    scores = f"{columns.score}_".lower() if card.model.task == "multiclass" else None
    for name in card.privacy.pseudonymise:
        key = by_column.get(name.lower())
        if scores is not None and columns.score and name.lower().startswith(scores):
            key = "score"
        if key is not None:
            raise origin.mistake(
                f"[privacy] pseudonymise names {name!r}, which is the {key} column",
                "Take it out: its values are needed as they are. Ids, entities, features, segments and "
                "other columns can be pseudonymised.",
            )


def _check_sensitive(card: ModelCard, origin: Origin) -> None:
    """Times, versions and roles are what answers are asked and given by."""
    columns = card.columns
    for key in ("timestamp", "model_version", "role"):
        name = getattr(columns, key)
        if name and card.privacy.is_sensitive(name):
            raise origin.mistake(
                f"[privacy] sensitive names {name!r}, which is the {key} column",
                "Take it out: answers are asked for and given by its values.",
            )


def _check_lists(card: ModelCard, origin: Origin) -> None:
    lists = {
        "[model] trusted_types": card.model.trusted_types,
        "[columns] features": card.columns.features,
        "[columns] categorical": card.columns.categorical,
        "[columns] segments": card.columns.segments,
        "[source] features": card.source.features,
        "[source] classes": card.source.classes,
        "[trigger] on": card.trigger.on,
        "[privacy] sensitive": card.privacy.sensitive,
        "[privacy] pseudonymise": card.privacy.pseudonymise,
    }
    for key, names in lists.items():
        if "" in names:
            raise origin.mistake(f"{key} holds an empty name", "Take it out.")
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise origin.mistake(f"{key} names {twice[0]!r} twice", "Take one of them out.")
