"""What is looked for in the values, and in which order? One cause, one fault.

A later step is fooled by what an earlier one should have caught: a change of units is also out
of range, a renamed category also new. So the order is: swapped columns; clocks; units; names and
codes; numbers that stand for nothing; frozen values; and only then what lies out of range. A
column that one of them explains is not looked at by the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from workbench.quality.clocks import clock_shifts, turned_clocks
from workbench.quality.codes import Coded, as_codes, code_rest, exchanged_codes
from workbench.quality.findings import Finding, merged
from workbench.quality.groups import Group, jumping_groups
from workbench.quality.names import strange_names
from workbench.quality.points import frozen_values, point_masses
from workbench.quality.ranges import values_out_of_range
from workbench.quality.sides import Sides, Values
from workbench.quality.swaps import swapped_columns
from workbench.quality.units import unit_changes

_LABEL_FACTOR = math.log(5)


def value_findings(sides: Sides, least: float, bucket: timedelta, timestamp: str) -> list[Finding]:
    """All that is odd about the values of the features, the timestamp and a numeric label.

    Args:
        sides: both sides.
        least: the smallest share of the period's rows that matters.
        bucket: the model's.
        timestamp: what the timestamp column is called.
    """
    groups = {name: jumping_groups(sides, values) for name, values in sides.columns.items()}
    rest = code_rest(sides)
    found = list(swapped_columns(sides, groups, bucket, rest))
    taken = {name for finding in found for name in (finding.column, *finding.also)}
    for name, values in sides.columns.items():
        if name in taken:
            continue
        # The values of a spoilt column tell no rows apart.
        own = [g for g in groups[name] if g.segment is None or g.segment[0] not in taken]
        look = _of_number if values.is_numeric else _of_category
        new = look(sides, values, own, rest, least, bucket)
        found += new
        taken |= {name} if new else set()
    turned = turned_clocks(sides, timestamp, bucket)
    # Hours that no longer fit a timestamp are right when it is the timestamp that moved.
    found = [
        f for f in found if f.kind != "clock_shift" or not any(_share_rows(f, t) for t in turned)
    ]
    found += turned
    if sides.label is not None and sides.label.is_numeric:
        jumps = jumping_groups(sides, sides.label)
        for finding in unit_changes(sides, sides.label, jumps, bucket):
            factor = finding.transform.factor if finding.transform else 1.0
            if abs(math.log(abs(factor))) < _LABEL_FACTOR:
                continue  # what people do falls to a quarter over a holiday
            words = f"the label's unit changed: {finding.detail}"
            found.append(replace(finding, column="", kind="label_definition", detail=words))
    least_rows = least * float(sides.asked.sum())
    return [
        f for f in merged(found) if f.rows is None or (f.rows & sides.asked).sum() >= least_rows / 4
    ]


def _share_rows(one: Finding, other: Finding) -> bool:
    if one.rows is None or other.rows is None:
        return False
    return int((one.rows & other.rows).sum()) * 2 >= int(min(one.rows.sum(), other.rows.sum()))


def _of_number(
    sides: Sides,
    values: Values,
    groups: Sequence[Group],
    rest: Coded,
    least: float,
    bucket: timedelta,
) -> list[Finding]:
    found = clock_shifts(sides, values, groups, bucket)
    found = found or unit_changes(sides, values, groups, bucket)
    coded = as_codes(values) if not found else None
    if coded is not None:
        exchanged = exchanged_codes(sides, coded, groups, rest, bucket)
        found = [exchanged] if exchanged is not None else []
    found = found or point_masses(sides, values, least, bucket, special=True)
    found = found or frozen_values(sides, values, groups, bucket)
    found = found or point_masses(sides, values, least, bucket)
    if not found:
        strange = values_out_of_range(sides, values, least, bucket)
        found = [strange] if strange is not None else []
    return found


def _of_category(
    sides: Sides,
    values: Values,
    groups: Sequence[Group],
    rest: Coded,
    least: float,
    bucket: timedelta,
) -> list[Finding]:
    found = clock_shifts(sides, values, groups, bucket)
    found = found or strange_names(sides, values, rest, least, bucket)
    if not found and as_codes(values) is not None:
        exchanged = exchanged_codes(sides, values, groups, rest, bucket)
        found = [exchanged] if exchanged is not None else []
    return found or frozen_values(sides, values, groups, bucket)
