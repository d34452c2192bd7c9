"""What stands in a verdict's table? Causes, evidence for and against, rows to leave out, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence, Exclusion, Verdict
from workbench.tui.desk import Standing
from workbench.tui.palette import Palette
from workbench.tui.widgets.records import Cell, Column, Row
from workbench.tui.wording import NONE, count, duration, figure, percent, period_days

_FIXED = 8 + 7 + 14 + 6 + 6 + 6
"""Cells of all columns but the name and the reading, with their gaps."""
_WIDE = 98
_NAME = 28


@dataclass(frozen=True)
class Line:
    """One row of the table, and the whole of what it says for the strip below."""

    kind: str
    name: str
    value: str = NONE
    interval: str = ""
    n: str = ""
    threshold: str = ""
    said: str = ""
    """Hostile text."""


def verdict_lines(verdict: Verdict) -> tuple[Line, ...]:
    """Causes first, then what speaks for and against, what only describes, and what to do."""
    pro, contra = verdict.pro, verdict.contra
    rest = [e for e in verdict.evidence if e not in pro and e not in contra]
    known = [e for e in rest if e.value is not None]
    return (
        *(_cause(one) for one in verdict.causes),
        *(_evidence("for", one) for one in pro),
        *(_evidence("against", one) for one in contra),
        *(_evidence("also", one) for one in known),
        *(
            Line("unclear", "cannot be told apart", said=text)
            for text in verdict.cannot_distinguish
        ),
        *(_exclusion(one) for one in verdict.exclude),
        *(Line("next", action, said=action) for action in verdict.actions),
        *(Line("note", note, said=note) for note in verdict.notes),
        *(_evidence("no figure", one) for one in rest if one.value is None),
        *(
            Line("skipped", step.step.replace("_", " "), said=step.skipped)
            for step in verdict.steps
            if step.skipped
        ),
    )


def _cause(cause: Cause) -> Line:
    kind = cause.kind.replace("_", " ")
    where = "" if cause.segment is None else f" where {cause.segment[0]} = {cause.segment[1]}"
    parts = [f"{kind}{f' of {cause.column}' if cause.column else ''}{where}, in the {cause.where}"]
    if cause.since is not None:
        until = f" to {cause.until:%Y-%m-%d}" if cause.until is not None else ""
        parts.append(f"since {cause.since:%Y-%m-%d}{until}")
    if cause.share_of_rise is not None:
        parts.append(f"{percent(cause.share_of_rise)} of the rise")
    if cause.repair:
        parts.append(f"repair: {cause.repair}")
    parts.append(cause.verdict.replace("_", " "))
    name = f"{kind} {cause.column}".strip()
    return Line("cause", name, value=percent(cause.share_of_rise), said="; ".join(parts))


def _evidence(kind: str, one: Evidence) -> Line:
    ends = (
        f"{figure(one.low)}..{figure(one.high)}"
        if one.low is not None and one.high is not None
        else ""
    )
    name = one.name or one.step.replace("_", " ")
    return Line(
        kind, name.replace("_", " "), figure(one.value), ends,
        count(one.n) if one.n is not None else "",
        figure(one.threshold) if one.threshold is not None else "",
        f"{one.reading}{_for_another(kind, one)}",
    )  # fmt: skip


def _for_another(kind: str, one: Evidence) -> str:
    if kind != "against":
        return ""
    if one.supports is not None:
        return f" (speaks for: {one.supports.replace('_', ' ')})"
    return ""


def _exclusion(out: Exclusion) -> Line:
    where = " and ".join(f"{c} = {v}" for c, v in out.where) or "all rows"
    start = f"{out.start:%Y-%m-%d %H:%MZ}" if out.start else "the start"
    end = f"{out.end:%Y-%m-%d %H:%MZ}" if out.end else "now"
    return Line("keep out", where, said=f"keep out of training: {where} from {start} to {end}")


def verdict_columns(width: int) -> list[Column]:
    """The columns that fit; a wide line has room for the reading too."""
    name = _NAME if width >= _WIDE else max(width - _FIXED - 3, 12)
    columns = [
        Column("SIDE", 9),
        Column("WHAT", name),
        Column("VALUE", 6, is_right=True),
        Column("95 %", 14, is_right=True),
        Column("N", 6, is_right=True),
        Column("LIMIT", 6, is_right=True),
    ]
    used = sum(c.width + 1 for c in columns)
    return [*columns, Column(" READING", width - used - 1)] if width >= _WIDE else columns


def verdict_rows(lines: tuple[Line, ...], columns: list[Column], palette: Palette) -> list[Row]:
    """The rows; their keys are their places."""
    styles = {
        "cause": palette.warning, "for": palette.strong, "against": palette.accent,
        "next": palette.accent,
    }  # fmt: skip
    rows = []
    for place, one in enumerate(lines):
        is_loud = one.kind in ("cause", "for", "against")
        plain = Style() if is_loud else palette.dim
        figures = (one.value, one.interval, one.n, one.threshold)
        cells = [
            Cell(one.kind, styles.get(one.kind, palette.dim)),
            Cell(one.name, Style() if one.kind != "note" else palette.dim),
            *(Cell("" if one.n == "" and text == NONE else text, plain) for text in figures),
        ]
        if len(columns) > len(cells):
            cells.append(Cell(f" {one.said}", palette.dim))
        rows.append(Row(str(place), tuple(cells)))
    return rows


def verdict_title(standing: Standing, palette: Palette, age: float | None) -> Text:
    """One line: the verdict, how sure it is, which period it judges, and when it was made."""
    verdict = standing.verdict
    text = Text(no_wrap=True, overflow="ellipsis")
    if verdict is None:
        return text.append("No verdict yet", palette.strong)
    style = palette.ok if verdict.verdict in ("no_action", "wait") else palette.critical
    text.append(verdict.verdict.upper().replace("_", " "), style)
    if verdict.redesign_reason:
        text.append(f" ({verdict.redesign_reason.replace('_', ' ')})")
    text.append(f"  {verdict.confidence:.0%} sure", palette.strong)
    if verdict.residual_verdict:
        text.append(f", then {verdict.residual_verdict.replace('_', ' ')}")
    made = "" if age is None else f", made {duration(age)} ago"
    number = "not recorded" if verdict.id is None else f"verdict {verdict.id}"
    return text.append(f"   {period_days(verdict.period)}  {number}{made}", palette.dim)


def standing_line(standing: Standing, palette: Palette, dot: str) -> Text:
    """One line: onset, champion, the newest run, flag, and whether somebody decided otherwise."""
    text = Text(no_wrap=True, overflow="ellipsis")
    verdict = standing.verdict
    if standing.flag is not None:
        text.append("flagged for redesign", palette.warning).append(f" {dot} ", palette.dim)
    if standing.overruled:
        text.append(shown(standing.overruled, 80), palette.warning).append(f" {dot} ", palette.dim)
    parts = []
    if verdict is not None and verdict.onset is not None:
        parts.append(f"since {verdict.onset:%Y-%m-%d}")
    if verdict is not None and verdict.versions and standing.champion not in verdict.versions:
        judged = ", ".join(shown(version, 30) for version in verdict.versions)
        text.append(f"judges version {judged}", palette.warning).append(f" {dot} ", palette.dim)
    parts.append(f"champion {shown(standing.champion, 30)}")
    run = standing.newest_run
    if run is not None:
        parts.append(f"{run.id} {run.state}")
        if run.result is not None and run.result.challenger != standing.champion:
            better = "better" if run.result.recommend_promotion else "not better"
            parts.append(f"candidate {shown(run.result.challenger, 30)} {better}")
    return text.append(f" {dot} ".join(parts), palette.dim)


def strip(line: Line) -> Text:
    """The whole of a row, wrapped."""
    return Text(shown(line.said or line.name, 900))
