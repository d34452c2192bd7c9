"""How are rows with labels turned into outcome counts? The statements, for any grouping of time.

They read a relation of judged rows: `wb_version`, `wb_role`, `wb_arm`, `wb_prediction`,
`wb_score`, the segment columns, and
- `wb_bucket`, the start of the row's bucket;
- `judged_label`, the label that stands, or NULL;
- `row_count`, 1 where the row itself is new to the counts, else 0;
- `sign`, 1 to add the label's contribution, -1 to take it back;
- `is_assumed`, true where the label is what the card says that a missing one means.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.store.expressions import OTHER, UNSEEN
from workbench.store.quoting import identifier, literal, literal_list, number_list

KEYS = ("model_version", "role", "arm", "bucket", "is_assumed")
_SOURCE_KEYS = "wb_version, wb_role, wb_arm, wb_bucket, is_assumed"
COUNTS = (
    "rows", "labelled", "bad", "bad_squares", "correct", "true_positive", "false_positive",
    "false_negative", "true_negative", "predicted", "predicted_positive", "error",
    "absolute_error", "squared_error", "cost", "scored", "log_loss",
)  # fmt: skip
"""The columns of `domain.outcomes.OutcomeCounts`, in its order."""
_FAR = "1e-15"

BUCKETS = {"1h": "hour", "1d": "day", "7d": "week", "month": "month"}


def bucket_of(column: str, by: str) -> str:
    """The start of the bucket that holds a timestamp; weeks start on Monday."""
    return f"date_trunc('{BUCKETS[by]}', {column})::TIMESTAMP"


def badness(rules: OutcomeRules, prediction: str, label: str) -> str:
    """How bad a labelled prediction is, 0 to 1."""
    positive = literal(rules.positive_class)
    missed = f"({label} = {positive} AND {prediction} <> {positive})"
    alarmed = f"({label} <> {positive} AND {prediction} = {positive})"
    if rules.rule == "mismatch":
        return f"({prediction} <> {label})::INT"
    if rules.rule == "miss":
        return f"{missed}::INT"
    if rules.rule == "false_alarm":
        return f"{alarmed}::INT"
    if rules.rule == "cost":
        largest = max(rules.cost_false_positive, rules.cost_false_negative) or 1.0
        return (
            f"(CASE WHEN {missed} THEN {rules.cost_false_negative / largest!r} "
            f"WHEN {alarmed} THEN {rules.cost_false_positive / largest!r} ELSE 0.0 END)"
        )
    error = f"abs({prediction} - {label})"
    if rules.rule == "relative_error":
        error += f" / greatest(abs({label}), 1e-9)"
    return f"({error} > {rules.tolerance!r})::INT"


def group_statement(relation: str, rules: OutcomeRules, salt: int) -> str:
    """The SELECT of the groups that all outcome rows are sums of: keys, `gid`, sums.

    Args:
        relation: the judged rows.
        rules: the card's rules; for classes prediction and label are keys as well.
        salt: changes `gid`, a hash of the keys, should two groups ever share one.
    """
    keys = f"{_SOURCE_KEYS}{_classes(rules)}"
    return (
        f"SELECT {keys}, {_gid(rules, salt)} AS gid, sum(row_count)::DOUBLE AS n, sum(sign)::DOUBLE AS g, "
        f"{_number_sums(rules)} FROM {relation} GROUP BY {keys}"
    )


def column_group_statement(
    relation: str, rules: OutcomeRules, columns: Sequence[str], salt: int
) -> str:
    """The SELECT of the same groups by the value of each column: `gid`, place, value, sums.

    Grouping by one hash instead of all keys is what makes many columns affordable.

    Args:
        relation: the judged rows.
        rules: the card's rules.
        columns: the columns; `place` counts them from 0.
        salt: as for `group_statement`.
    """
    named = ", ".join(f"{identifier(name)} AS c{place}" for place, name in enumerate(columns))
    summed = "" if rules.is_classification else "wb_prediction, judged_label, "
    places = range(len(columns))
    place = " ".join(f"WHEN grouping(c{i}) = 0 THEN {i}" for i in places)
    value = " ".join(f"WHEN grouping(c{i}) = 0 THEN c{i}::VARCHAR" for i in places)
    return (
        f"SELECT gid, CASE {place} END AS place, CASE {value} END AS value, sum(row_count)::DOUBLE AS n, "
        f"sum(sign)::DOUBLE AS g, {_number_sums(rules)} FROM (SELECT {_gid(rules, salt)} AS gid, row_count, sign, "
        f"{summed}{named} FROM {relation}) GROUP BY GROUPING SETS ({', '.join(f'(gid, c{i})' for i in places)})"
    )


def outcome_statement(
    groups: str, column_groups: str | None, rules: OutcomeRules, bins: dict[str, ColumnBins]
) -> str:
    """The SELECT of all outcome rows but scores: KEYS, segment_no, segment, COUNTS.

    Args:
        groups: the table of `group_statement`.
        column_groups: the table of `column_group_statement`, whose first columns are the
            segments; None without segments.
        rules: the card's rules.
        bins: the categories of the features; segment values beyond them are pooled.
    """
    keys = f"{_SOURCE_KEYS}{_classes(rules)}"
    sums = "n, g" if rules.is_classification else "n, s, b, e, ae, se"
    parts = [f"SELECT {keys}, 0 AS segment_no, NULL::VARCHAR AS segment, {sums} FROM {groups}"]
    if column_groups is not None:
        pooled = " ".join(
            f"WHEN {place} THEN {_pooled('value', bins.get(name))}"
            for place, name in enumerate(rules.segments)
        )
        parts.append(
            f"SELECT {_prefixed('r', keys)}, place + 1 AS segment_no, CASE place {pooled} END AS segment, "
            f"{_prefixed('c', sums)} FROM {column_groups} c JOIN {groups} r USING (gid) "
            f"WHERE place < {len(rules.segments)}"
        )
    grouped = " UNION ALL ".join(parts)
    if rules.is_classification:
        grouped = (
            f"SELECT *, CASE WHEN judged_label IS NULL THEN 0 ELSE g END AS s FROM ({grouped})"
        )
    counts = _class_counts(rules) if rules.is_classification else _number_counts()
    return (
        "SELECT wb_version AS model_version, wb_role AS role, wb_arm AS arm, wb_bucket AS bucket, "
        f"is_assumed, segment_no, segment, {counts} FROM ({grouped}) GROUP BY ALL"
    )


def score_statement(relation: str, rules: OutcomeRules, edges: tuple[float, ...]) -> str:
    """The SELECT of score counts, one row a label's side.

    KEYS, is_positive, sign, bins (a map of upper edge to rows), scored, log_loss.

    DuckDB's `histogram` counts edges[i-1] < score <= edges[i], and the rest under infinity.
    """
    positive = f"judged_label = {literal(rules.positive_class)}"
    inside = "wb_score BETWEEN 0 AND 1"
    held = f"greatest({_FAR}, least(1 - {_FAR}, wb_score))"
    return (
        "SELECT wb_version AS model_version, wb_role AS role, wb_arm AS arm, wb_bucket AS bucket, "
        f"is_assumed, {positive} AS is_positive, sign, histogram(wb_score, {number_list(edges)}) AS bins, "
        f"coalesce(sum(sign) FILTER (WHERE {inside}), 0)::DOUBLE AS scored, coalesce(sum(-sign * ln("
        f"CASE WHEN {positive} THEN {held} ELSE 1 - {held} END)) FILTER (WHERE {inside}), 0)::DOUBLE AS log_loss "
        f"FROM {relation} WHERE judged_label IS NOT NULL AND wb_score IS NOT NULL GROUP BY ALL"
    )


def score_bin_statement(table: str, edges: tuple[float, ...]) -> str:
    """The rows of `outcome_scores` from the table of `score_statement`."""
    bin_ = f"coalesce(list_position({number_list(edges)}, entry.key) - 1, {len(edges)})"
    return (
        f"SELECT model_version, role, arm, bucket, is_assumed, {bin_} AS bin, "
        "coalesce(sum(sign * entry.value) FILTER (WHERE is_positive), 0)::DOUBLE AS positive, "
        "coalesce(sum(sign * entry.value) FILTER (WHERE NOT is_positive), 0)::DOUBLE AS negative "
        f"FROM (SELECT * EXCLUDE (bins), unnest(map_entries(bins)) AS entry FROM {table}) "
        "WHERE entry.value > 0 GROUP BY ALL"
    )


def class_statement(groups: str) -> str:
    """The SELECT of the confusion counts from `group_statement`: KEYS, label, prediction, n."""
    return (
        "SELECT wb_version AS model_version, wb_role AS role, wb_arm AS arm, wb_bucket AS bucket, "
        f"is_assumed, judged_label AS label, wb_prediction AS prediction, sum(g)::DOUBLE AS n FROM {groups} "
        "WHERE judged_label IS NOT NULL GROUP BY ALL HAVING sum(g) <> 0"
    )


def _gid(rules: OutcomeRules, salt: int) -> str:
    return f"hash({salt}, {_SOURCE_KEYS}{_classes(rules)})"


def _prefixed(table: str, names: str) -> str:
    return ", ".join(f"{table}.{name}" for name in names.split(", "))


def _classes(rules: OutcomeRules) -> str:
    return ", wb_prediction, judged_label" if rules.is_classification else ""


def _class_counts(rules: OutcomeRules) -> str:
    positive = literal(rules.positive_class)
    hit = f"judged_label = {positive}"
    alarm = f"wb_prediction = {positive}"
    bad = badness(rules, "wb_prediction", "judged_label")
    binary = rules.task == "binary"

    def total(condition: str, needed: bool = True) -> str:
        return f"coalesce(sum(s) FILTER (WHERE {condition}), 0)" if needed else "0.0"

    cost = (
        f"{rules.cost_false_positive!r} * {total(f'NOT {hit} AND {alarm}')} + "
        f"{rules.cost_false_negative!r} * {total(f'{hit} AND NOT {alarm}')}"
        if binary
        else "0.0"
    )
    predicted_positive = f"coalesce(sum(n) FILTER (WHERE {alarm}), 0)" if binary else "0.0"
    values = (
        "sum(n)",
        "sum(s)",
        f"coalesce(sum(s * {bad}), 0)",
        f"coalesce(sum(s * {bad} * {bad}), 0)",
        total("wb_prediction = judged_label"),
        total(f"{hit} AND {alarm}", binary),
        total(f"NOT {hit} AND {alarm}", binary),
        total(f"{hit} AND NOT {alarm}", binary),
        total(f"NOT {hit} AND NOT {alarm}", binary),
        "sum(n)",
        predicted_positive,
        "0.0",
        "0.0",
        "0.0",
        cost,
        "0.0",
        "0.0",
    )
    return _named(values)


def _number_sums(rules: OutcomeRules) -> str:
    if rules.is_classification:
        return "NULL AS s"
    error = "(wb_prediction - judged_label)"
    bad = badness(rules, "wb_prediction", "judged_label")
    return (
        "sum(CASE WHEN judged_label IS NULL THEN 0 ELSE sign END)::DOUBLE AS s, "
        f"coalesce(sum(sign * {bad}), 0)::DOUBLE AS b, coalesce(sum(sign * {error}), 0) AS e, "
        f"coalesce(sum(sign * abs{error}), 0) AS ae, "
        f"coalesce(sum(sign * {error} * {error}), 0) AS se"
    )


def _number_counts() -> str:
    sums = (
        "n",
        "s",
        "b",
        "b",
        "0.0",
        "0.0",
        "0.0",
        "0.0",
        "0.0",
        "n",
        "0.0",
        "e",
        "ae",
        "se",
        "0.0",
        "0.0",
        "0.0",
    )
    return _named(tuple(f"sum({value})" for value in sums))


def _named(values: tuple[str, ...]) -> str:
    return ", ".join(
        f"({value})::DOUBLE AS {identifier(name)}"
        for name, value in zip(COUNTS, values, strict=True)
    )


def _pooled(column: str, bins: ColumnBins | None) -> str:
    """A segment's value: a category that the reference lists keeps its name, others are pooled."""
    if bins is None or bins.kind != "categorical" or not bins.categories:
        return column
    beyond = literal(OTHER) if bins.is_open else literal(UNSEEN)
    other = (
        f"WHEN list_contains({literal_list(bins.other)}, {column}) THEN {literal(OTHER)} "
        if bins.other
        else ""
    )
    return (
        f"CASE WHEN {column} IS NULL THEN NULL "
        f"WHEN list_contains({literal_list(bins.categories)}, {column}) THEN {column} {other}ELSE {beyond} END"
    )
