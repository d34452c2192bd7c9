"""What is an operator told of a verdict? Three sentences for a chat, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from workbench.domain.names import shown
from workbench.domain.verdict import Cause
from workbench.triage.confidence import SURE
from workbench.triage.examining import Findings
from workbench.triage.rules import Decision

_WHY = {
    "replay": "the champion does not give the outputs that are logged",
    "outputs": "the logged outputs are not what a model says",
    "labels": "the labels are wrong, or not what they were",
    "fault": "the data that reach the model are broken",
    "suspected_fault": "the data that reach the model look broken, and nothing shows that it is harmless",
    "small_fault": "a fault makes a part of the rise, and nothing else that was tried takes back the rest",
    "open_version": "a version may be worse than the champion, and too few rows tell yet",
    "coincident_fault": "an input broke when the rise began, and undoing it as it was understood is no help",
    "version": "the new version is worse than the one before it",
    "over": "the rise is over",
    "no_harm": "no rise that matters",
    "newer_rise": "the newest rows look worse, and are too few to tell since when and why",
    "unjudged": "the labels of the newest rows are still to come, and older ones do not speak for them",
    "unknown_harm": "too few labels to tell whether there is a rise that matters",
    "season": "the rate was the same one cycle ago",
    "split": "the experiment's arms get other shares of the rows, and within each the rate is as before",
    "split_unclear": "the experiment's arms get other shares of the rows, which makes most of the rise; too few labels "
    "to tell whether an arm got worse as well",
    "gone_with_the_faults": "nothing is left once the faults are gone",
    "remainder_unknown": "too few clean rows to tell whether anything is left",
    "backtest": "a challenger trained on the incident's older labels beats the champion on its newest",
    "chosen_labels": "which rows get a label has changed with what is predicted of them, so that the rise may be "
    "that of the rows which still get one",
    "label_or_world": "the labels may mean something else, or the world changed for some inputs; too few labels tell",
    "censored": "a retraining would help by the labels there are, but the model's own decision keeps labels "
    "away: it would learn from the rows that were let through only",
    "half_life": "retraining has helped, and has worn off each time before the next one was ready",
    "no_excess": "the recipe does no better even when it learns from these very rows",
    "harder_mix": "more of the cases that were hard before; the model does on them what it did",
    "another_model": "retraining does not recover it, another model would",
    "changed_then": "the recipe does no better even when it learns from these very rows, and something was changed "
    "at about the time when the rise began: what that was is to be known first",
    "few_errors": "too few wrong predictions among the newest labels to tell what would help",
    "more_labels": "retraining will help once there are more labels",
    "no_backtest": "nothing could be backtested",
    "excess_not_recovered": "neither another threshold nor a retraining surely takes it back, by the labels there are",
    "nothing_measured": "nothing could be measured",
}
"""By the word of `Decision.why`; what is not here is a change of outputs."""

_DO = {
    "no_action": "Nothing to do.",
    "wait": "Wait for labels.",
    "fix_upstream": "Mend what feeds the model; do not retrain on these rows.",
    "fix_serving": "Mend what serves the model; retraining would not help.",
    "roll_back": "Roll back.",
    "recalibrate": "Change the outputs, not the model.",
    "retrain": "Retrain.",
    "redesign": "Flag it for redesign: retraining will not bring it back.",
    "undecided": "Undecided.",
}

_EXPERIMENTS = {
    "chosen_labels": "have some 300 rows labelled that were drawn by chance, whatever was predicted of them",
    "label_or_world": "ask who makes the labels what changed, and have some 100 new rows labelled by the old rule too",
    "censored": "let some rows through that were drawn by chance among those which the decision stops, and label them",
    "changed_then": "ask what was changed then, and undo it for a day",
    "excess_not_recovered": "let a challenger run in the shadow for as long again, on the same rows",
    "no_backtest": "have more of the newest rows labelled",
    "nothing_measured": "have more of the newest rows labelled",
}
"""The cheapest way to know, by the word of `Decision.why`, where the verdict is `undecided`."""

_REASONS = {
    "model_class": "a stronger class of model does better on the same inputs",
    "missing_information": "what decides is not among the inputs",
    "harder_cases": "the cases have become harder",
    "short_half_life": "retrainings do not last",
}


def why(decision: Decision) -> str:
    """The reason of a decision, in words."""
    return _WHY.get(decision.why, f"a new {decision.why} restores what was lost")


def summary(
    found: Findings, decision: Decision, causes: tuple[Cause, ...], confidence: float
) -> str:
    """At most three sentences: what is seen, why, and what to do."""
    name = shown(found.case.card.name)
    leaning = "" if confidence >= SURE else "Leaning: "
    reason = why(decision)
    if decision.redesign_reason is not None and decision.why != "half_life":
        reason += f" ({_REASONS[decision.redesign_reason]}{_columns(found)})"
    told = [
        _seen(found, name),
        f"{leaning}{_done(decision)}",
        f"{reason[0].upper()}{reason[1:]}",
    ]
    if causes:
        told[2] += f": {_cause(found, causes[0])}"
        if len(causes) > 1:
            told[2] += f", and {len(causes) - 1} more"
    return f"{told[0]} {told[2]}. {told[1]}"


def _done(decision: Decision) -> str:
    if decision.verdict != "undecided" or decision.why not in _EXPERIMENTS:
        return _DO[decision.verdict]
    return f"Undecided; the cheapest way to know: {_EXPERIMENTS[decision.why]}."


def _seen(found: Findings, name: str) -> str:
    harm = found.harm
    since = f" since {found.since.onset:%Y-%m-%d %H:%MZ}" if found.since.onset else ""
    if harm.current_rate is None or harm.reference_rate is None:
        return f"{name}: {harm.reason}{since}."
    return (
        f"{name}: {harm.current_rate:.1%} bad{since}, {harm.reference_rate:.1%} in the reference "
        f"({harm.labelled:,} labels)."
    )


def _cause(found: Findings, cause: Cause) -> str:
    sensitive = found.case.card.privacy.is_sensitive
    words = cause.kind.replace("_", " ")
    words += f" of {shown(cause.column)}" if cause.column else ""
    if cause.segment is not None:
        column, value = cause.segment
        words += (
            f" where {shown(column)} is {'one value' if sensitive(column) else shown(value, 40)}"
        )
    words += f" since {cause.since:%Y-%m-%d %H:%MZ}" if cause.since else ""
    if cause.share_of_rise is not None:
        words += f", {cause.share_of_rise:.0%} of the rise"
    if cause.repair and not sensitive(cause.column):
        words += f"; to undo: {cause.repair}"
    return words


def _columns(found: Findings) -> str:
    if found.remainder is None:
        return ""
    names = found.remainder.remaining.unused.helpful
    if names:
        return f"; logged, unused, and would help: {_listed(names)}"
    unused = found.case.unused
    return f"; logged but unused, not shown to help yet: {_listed(unused)}" if unused else ""


def _listed(names: Sequence[str], most: int = 10) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown(name, 28) for name in names[:most]) + more


def actions(found: Findings, decision: Decision, causes: tuple[Cause, ...]) -> tuple[str, ...]:
    """Commands to type next."""
    name = shlex.quote(found.case.card.name)
    flag = (
        f"workbench flag {name} --reason {shlex.quote(decision.redesign_reason or why(decision))}"
    )
    again = found.harm.settled_on
    listed = {
        "no_action": ["workbench status"],
        "wait": [
            f"workbench triage {name}" + (f"  # again about {again:%Y-%m-%d}" if again else "")
        ],
        "fix_upstream": [f"workbench quality {name}", f"workbench report {name}"],
        "fix_serving": [f"workbench report {name}"],
        "roll_back": [f"workbench rollback {name}"],
        "recalibrate": [f"workbench performance {name}", f"workbench model show {name}"],
        "retrain": [f"workbench retrain {name} --wait"],
        "redesign": [flag, f"workbench report {name}"],
        "undecided": [f"workbench slices {name}", f"workbench drift {name} --multivariate"],
    }[decision.verdict]
    if (
        any(cause.verdict == "fix_upstream" for cause in causes)
        and decision.verdict == "fix_upstream"
    ):
        listed.append(f"workbench triage {name}  # again once the feed is mended")
    return tuple(listed)


def cannot_distinguish(found: Findings, decision: Decision) -> tuple[str, ...]:
    """What has the same law as what was found, in words."""
    told = list(found.labels.cannot_distinguish)
    if decision.redesign_reason in ("missing_information", "harder_cases") and (
        found.remainder is None or not found.remainder.remaining.unused.helpful
    ):
        told.append(
            "noisier labels, and an input that nobody logs: both take away what can be known"
        )
    if found.season.not_excluded and decision.verdict in ("retrain", "redesign", "recalibrate"):
        cycles = ", ".join(check.cycle for check in found.season.not_excluded)
        told.append(f"a lasting change, and a season: the log is shorter than a {cycles}")
    return tuple(told)
