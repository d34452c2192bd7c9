"""Random model cards that are valid, hostile names included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from workbench.domain.card import (
    BUCKETS,
    OUTPUTS,
    BadPrediction,
    Budget,
    Columns,
    Decision,
    Identity,
    Labels,
    ModelCard,
    Monitoring,
    Privacy,
    Reference,
    Source,
    Thresholds,
    Training,
    Trigger,
)
from workbench.domain.card_checks import TASK_OF_RULE
from workbench.domain.classes import class_name

HOSTILE = (
    'quo"te',
    "apos'trophe",
    "[/b]",
    "[model]",
    "# not a comment",
    "back\\slash",
    "new\nline",
    "tab\t",
    "\x1b[31mred",
    "\u202eright to left",
    "🛬 landing",
    "e\u0301",
    '"""',
    "\x00",
    "\x7f",
    "{input}",
    "\u2028",
)
TEXT = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
NAMES = TEXT.filter(lambda text: bool(text.strip()))
LISTS = st.lists(NAMES, unique=True, max_size=4).map(tuple)
AMOUNTS = st.floats(0, 1e6, allow_nan=False)
DURATIONS = st.builds(lambda n, unit: f"{n}{unit}", st.integers(1, 400), st.sampled_from("mhdw"))
PATHS = st.lists(
    st.sampled_from(("data", "a b", "é", "[x]", "🛫", 'q"', "t.parquet")), min_size=1, max_size=3
).map("/".join)
PARAMS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        TEXT, st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False), st.dates()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)


def _pairs(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    ends = st.floats(low, high, allow_nan=False)
    return st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))


THRESHOLDS = st.builds(
    Thresholds,
    bad_rate=_pairs(0, 1),
    bad_rate_ratio=_pairs(1, 50),
    drift_effect=_pairs(0, 9),
    drift_distance=_pairs(0, 9),
    missing_rate=_pairs(0, 1),
    false_pages_per_month=st.floats(0.01, 100),
)


def _sources(task: str) -> st.SearchStrategy[Source]:
    class_lists = {
        "binary": st.sampled_from(((), ("0", "1"), ("stay", "lea[ve]"))),
        "multiclass": st.lists(NAMES, unique_by=class_name, max_size=4).map(tuple),
        "regression": st.just(()),
    }
    return st.builds(
        Source,
        format=st.sampled_from(("auto", "vertex", "csv")),
        features=LISTS,
        classes=class_lists[task],
        prediction=TEXT,
        score=TEXT,
        id=TEXT,
        output=st.sampled_from(OUTPUTS),
        rename=st.dictionaries(TEXT.filter(bool), NAMES, max_size=3).filter(
            lambda names: len(set(names.values())) == len(names)
        ),
    )


def _without(roles: list[str], drawn: Privacy) -> Privacy:
    """The same lists without what is needed as it is: times, predictions, versions ..."""
    needed = {name.lower() for name in roles}
    kept = [
        tuple(n for n in names if not any(n.lower().startswith(name) for name in needed))
        for names in (drawn.sensitive, drawn.pseudonymise)
    ]
    return Privacy(*kept)


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """Any valid card, as `parse_card` would give it but with `named` empty."""
    task = draw(st.sampled_from(("binary", "multiclass", "regression")))
    rules = [rule for rule, tasks in TASK_OF_RULE.items() if task in tasks]
    roles = draw(st.lists(NAMES, unique=True, min_size=7, max_size=7))
    reference = draw(
        st.one_of(
            st.builds(Reference, data=PATHS),
            st.just(Reference(period="2013-01-01/2013-03-01T06:00:00+02:00")),
        )
    )
    maturity = draw(st.sampled_from(("", "600w")))
    return ModelCard(
        model=draw(
            st.builds(
                Identity,
                name=NAMES,
                task=st.just(task),
                version=NAMES,
                owner=TEXT,
                description=TEXT,
                artifact=st.one_of(PATHS, st.just("cmd: score {input} {output}"), st.just("")),
                trusted_types=LISTS,
            )
        ),
        columns=Columns(
            prediction_id=draw(st.sampled_from(("", roles[0]))),
            timestamp=roles[1],
            timezone=draw(st.sampled_from(("UTC", "Europe/Berlin", "America/New_York"))),
            prediction=roles[2],
            score=draw(st.sampled_from(("", roles[3]))),
            label=roles[4],
            model_version=roles[5],
            role=roles[6],
            entity=draw(TEXT),
            experiment=draw(TEXT),
            features=tuple(name for name in draw(LISTS) if name not in roles),
            categorical=draw(LISTS),
            segments=draw(LISTS),
        ),
        source=draw(_sources(task)),
        decision=Decision(draw(st.floats(0, 1)), draw(st.sampled_from(("", roles[0])))),
        bad_prediction=draw(
            st.builds(
                BadPrediction,
                positive_class=NAMES,
                rule=st.sampled_from(["", *rules]),
                tolerance=AMOUNTS,
                cost_false_positive=AMOUNTS.filter(bool),
                cost_false_negative=AMOUNTS,
            )
        ),
        labels=Labels(
            delay=draw(DURATIONS),
            maturity=maturity,
            missing_means="0" if maturity else "",
            censored_by=draw(TEXT),
        ),
        reference=reference,
        monitoring=draw(
            st.builds(
                Monitoring,
                window=DURATIONS,
                bucket=st.sampled_from(BUCKETS),
                expect_every=st.one_of(st.just(""), DURATIONS),
            )
        ),
        thresholds=draw(THRESHOLDS),
        training=draw(
            st.builds(
                Training,
                data=PATHS,
                recipe=st.sampled_from(("linear", "random_forest", "my.recipes:fit")),
                params=st.dictionaries(TEXT, PARAMS, max_size=3),
            )
        ),
        trigger=draw(
            st.builds(
                Trigger,
                on=st.sampled_from(((), ("bad_rate",), ("training_data_changed", "bad_rate"))),
                mode=st.sampled_from(("propose", "auto")),
            )
        ),
        budget=draw(
            st.builds(
                Budget,
                max_retrains_per_month=st.integers(0, 99),
                min_hours_between=st.integers(0, 999),
                cost_per_retrain=AMOUNTS,
                value_per_avoided_bad_prediction=AMOUNTS,
            )
        ),
        privacy=_without(roles, draw(st.builds(Privacy, sensitive=LISTS, pseudonymise=LISTS))),
    )
