"""Every mistake in a card is named: the file, the key, and what would be right."""

from __future__ import annotations

import pytest

from workbench.domain.card import Labels, ModelCard, Thresholds
from workbench.domain.card_reading import parse_card
from workbench.errors import CardError

LEAST = '[model]\nname = "a"\ntask = "{task}"\n[reference]\n'


def card(text: str = "", task: str = "binary") -> ModelCard:
    return parse_card(LEAST.format(task=task) + text, "models/a.toml")


def mistake(text: str = "", task: str = "binary") -> CardError:
    with pytest.raises(CardError) as caught:
        card(text, task)
    assert caught.value.message.startswith("models/a.toml: ")
    return caught.value


def test_the_least_card_has_the_defaults() -> None:
    least = card()

    assert least.reference.data == "data/reference.parquet"
    assert least.labels == Labels()
    assert least.named == {"model.name", "model.task"}


def test_named_holds_the_keys_that_the_card_gives() -> None:
    given = card('data = "data/reference.parquet"\n[columns]\nfeatures = ["x"]')

    assert given.named == {"model.name", "model.task", "reference.data", "columns.features"}


def test_lists_become_tuples_and_whole_numbers_numbers() -> None:
    given = card('[columns]\nsegments = ["b", "a"]\n[thresholds]\ndrift_effect = [0, 1]')

    assert given.columns.segments == ("b", "a")
    assert given.thresholds.drift_effect == (0.0, 1.0)
    assert isinstance(given.thresholds.drift_effect[0], float)


def test_thresholds_that_the_card_does_not_give_are_the_workspace_s() -> None:
    workspace = Thresholds(bad_rate=(0.1, 0.2), missing_rate=(0.3, 0.4))
    text = LEAST.format(task="binary") + "[thresholds]\nbad_rate = [0.5, 0.6]"
    given = parse_card(text, "a.toml", thresholds=workspace)

    assert given.thresholds.bad_rate == (0.5, 0.6)
    assert given.thresholds.missing_rate == (0.3, 0.4)


def test_classes_in_the_log_are_not_for_a_regression() -> None:
    assert "is regression" in mistake('[source]\nclasses = ["a", "b"]', "regression").message


@pytest.mark.parametrize(
    ("text", "names", "nearest"),
    [
        ('[columns]\npredction = "x"', "predction", "prediction"),
        ("[columns]\nFeatures = []", "Features", "features"),
        ("[columns]\nthreshold = 1", "threshold", "[decision]"),
        ("[columns]\ntreshold = 1", "treshold", "threshold"),
        ("[model.extra]\na = 1", "extra", "name"),
        ("[colums]", "[colums]", "[columns]"),
        ("[reference.params]\na = 1", "params", "[training]"),
        ('"a b" = 1', "'a b'", "data"),
        ('"\\u001b[31m" = 1', "'\\x1b[31m'", "data"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(text: str, names: str, nearest: str) -> None:
    error = mistake(text)

    assert names in error.message
    assert nearest in error.hint


def test_a_key_above_the_first_section_is_told_where_it_belongs() -> None:
    with pytest.raises(CardError) as caught:
        parse_card('task = "binary"', "a.toml")

    assert "task" in caught.value.message
    assert "[model]" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[columns]\nfeatures = "x"', "features is a string", '["a", "b"]'),
        ("[columns]\nfeatures = [1]", "features is a list", '["a", "b"]'),
        ("[columns]\nlabel = true", "label is true", "label = "),
        ("[bad_prediction]\npositive_class = 1", "positive_class is a number", '"1"'),
        ('[decision]\nthreshold = "0.5"', "threshold is a string", "0.5"),
        ("[decision]\nthreshold = true", "threshold is true", "0.5"),
        ("[decision]\nthreshold = nan", "threshold is a number, not a finite", "0.5"),
        ("[budget]\nmax_retrains_per_month = 1.5", "not a whole number", "4"),
        ("[budget]\ncost_per_retrain = 1" + "0" * 400, "not a finite number", "0.5"),
        ("[thresholds]\nbad_rate = 0.1", "two finite numbers", "[0.1, 0.25]"),
        ("[thresholds]\nbad_rate = [0.1]", "two finite numbers", "[0.1, 0.25]"),
        ('[thresholds]\nbad_rate = [0.1, "b"]', "two finite numbers", "[0.1, 0.25]"),
        ("[training]\nparams = 3", "params is a number, not a table", "{"),
        ("[source]\nrename = {a = 1}", "rename is a table, not a table of strings", "= "),
        ("[monitoring]\nwindow = 2013-07-01", "window is a date", "window = "),
        ("[[columns]]\nlabel = 'x'", "[columns] is a list", "line of its own"),
    ],
)
def test_a_wrong_type_says_what_was_found_and_expected(text: str, message: str, hint: str) -> None:
    error = mistake(text)

    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[monitoring]\nbucket = "2d"', "bucket", "1d"),
        ('[bad_prediction]\nrule = "mis"', "rule", "'miss'"),
        ('[trigger]\non = ["bad_rates"]', "on", "'bad_rate'"),
        ('[trigger]\nmode = "Auto"', "mode", "'auto'"),
        ('[training]\nrecipe = "gradientboosting"', "recipe", "'gradient_boosting'"),
        ('[training]\nrecipe = "my module:fit"', "recipe", "package.module:function"),
        ('[columns]\ntimezone = "Europe/Berln"', "timezone", "Europe/Berlin"),
        ('[columns]\ntimezone = "../../etc/passwd"', "timezone", ""),
    ],
)
def test_a_value_outside_the_choices_is_told_the_nearest(
    text: str, message: str, hint: str
) -> None:
    error = mistake(text)

    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[thresholds]\nbad_rate = [0.2, 0.1]", "warning above"),
        ("[thresholds]\nbad_rate = [0.2, 1.1]", "bad_rate is 1.1"),
        ("[thresholds]\nmissing_rate = [-0.2, 0.1]", "missing_rate is -0.2"),
        ("[thresholds]\nbad_rate_ratio = [0.9, 2]", "bad_rate_ratio is 0.9"),
        ("[thresholds]\nfalse_pages_per_month = 0", "false_pages_per_month"),
        ("[decision]\nthreshold = 1.5", "threshold is 1.5"),
        ("[bad_prediction]\ntolerance = -1", "tolerance is -1"),
        ('[bad_prediction]\npositive_class = ""', "positive_class is empty"),
        (
            '[bad_prediction]\nrule = "cost"\ncost_false_positive = 0\ncost_false_negative = 0',
            "both costs",
        ),
        ('[labels]\ndelay = "3 days"', "delay '3 days'"),
        ('[labels]\nmaturity = "30d"', "need each other"),
        ('[labels]\nmissing_means = "0"', "need each other"),
        ('[labels]\ndelay = "30d"\nmaturity = "3d"\nmissing_means = "0"', "shorter than delay"),
        ('[monitoring]\nwindow = "0d"', "window '0d'"),
        ('[monitoring]\nwindow = "99999999999999d"', "window"),
        ('[monitoring]\nexpect_every = "often"', "expect_every 'often'"),
        ('period = "30d"', "period '30d'"),
        ('period = "2013-07-01/2013-06-01"', "ends before"),
        ('period = "yesterday/today"', "two times"),
        ('data = "x.csv"\nperiod = "2013-07-01/2013-08-01"', "both data and period"),
        ('data = ""', "data is empty"),
        ('data = "/etc/passwd"', "not a path below"),
        ('data = "C:/data.csv"', "not a path below"),
        ('data = "data/../../x.csv"', "leaves the workspace"),
        ('[training]\ndata = "../train.parquet"', "leaves the workspace"),
        ("[budget]\nmin_hours_between = -1", "min_hours_between is -1"),
        ('[columns]\ntimestamp = ""', "timestamp is empty"),
        ('[columns]\nprediction = ""\nscore = ""', "both empty"),
        ('[columns]\nlabel = "prediction"', "both 'prediction'"),
        ('[columns]\nfeatures = ["x", "label"]', "'label'"),
        ('[columns]\nfeatures = ["x", "x"]', "twice"),
        ('[privacy]\nsensitive = [""]', "empty name"),
        ('[source]\nformat = ""', "format is empty"),
        ('[source]\nfeatures = ["x", "x"]', "twice"),
        ('[source]\nclasses = ["1", "1.0"]', "'1' twice"),
        ('[source]\nclasses = ["a", "b", "c"]', "has 3 classes"),
        ('[source.rename]\na = "x"\nb = "x"', "two names of the log the name 'x'"),
        ('[source.rename]\na = ""', "empty name"),
    ],
)
def test_keys_that_make_no_sense_are_refused(text: str, message: str) -> None:
    assert message in mistake(text).message


def test_a_path_inside_the_workspace_may_take_a_detour() -> None:
    assert card('data = "data/../tables/x.csv"').reference.data == "data/../tables/x.csv"


@pytest.mark.parametrize(
    ("artifact", "message"),
    [
        ("/opt/model.skops", "not a path below"),
        ("../model.skops", "leaves"),
        ("cmd: score", "{input}"),
    ],
)
def test_an_artifact_is_a_path_or_a_whole_command(artifact: str, message: str) -> None:
    text = f'[model]\nname = "a"\ntask = "binary"\nartifact = "{artifact}"\n[reference]'
    with pytest.raises(CardError) as caught:
        parse_card(text, "a.toml")

    assert message in caught.value.message


def test_a_command_may_name_any_path() -> None:
    command = "cmd: /opt/score {input} {output}"
    text = f'[model]\nname = "a"\ntask = "binary"\nartifact = "{command}"\n[reference]'

    assert parse_card(text, "a.toml").model.artifact == command


@pytest.mark.parametrize(
    ("task", "rule", "fits"),
    [
        (task, rule, task in tasks)
        for rule, tasks in {
            "mismatch": {"binary", "multiclass"},
            "miss": {"binary"},
            "false_alarm": {"binary"},
            "cost": {"binary"},
            "absolute_error": {"regression"},
            "relative_error": {"regression"},
        }.items()
        for task in ("binary", "multiclass", "regression")
    ],
)
def test_a_rule_fits_its_tasks_only(task: str, rule: str, fits: bool) -> None:
    text = f'[bad_prediction]\nrule = "{rule}"'
    if fits:
        assert card(text, task).rule == rule
    else:
        error = mistake(text, task)
        assert f"{rule!r} does not fit a {task} model" in error.message
        assert rule not in error.hint


def test_only_a_binary_model_can_do_with_its_score_alone() -> None:
    text = '[columns]\nprediction = ""'

    assert card(text).columns.prediction == ""
    assert "prediction is empty" in mistake(text, "regression").message


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "[model] name"),
        ('[model]\nname = "a"\n[reference]', "[model] task"),
        ('[model]\ntask = "binary"\n[reference]', "[model] name"),
        ('[model]\nname = "a"\ntask = "binary"', "[reference]"),
    ],
)
def test_what_is_required_is_asked_for(text: str, missing: str) -> None:
    with pytest.raises(CardError) as caught:
        parse_card(text, "a.toml")

    assert f"{missing} is missing" in caught.value.message


@pytest.mark.parametrize("name", [" ", "", "n" * 300, "🛬" * 80])
def test_a_name_must_do_as_a_file_name(name: str) -> None:
    with pytest.raises(CardError, match="name is"):
        parse_card(f'[model]\nname = "{name}"\ntask = "binary"\n[reference]', "a.toml")


def test_what_is_not_toml_carries_its_line() -> None:
    assert "line 6" in mistake("[columns]\nlabel = oops").message


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000, "\x00", "[model"])
def test_no_text_brings_the_reader_down(text: str) -> None:
    with pytest.raises(CardError):
        parse_card(text, "a.toml")
