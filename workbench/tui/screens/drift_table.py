"""What stands in the drift table? Its columns, a column's row, and the strip about one of them."""

from __future__ import annotations

from rich.text import Text

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.names import shown
from workbench.tui.glyphs import Glyphs
from workbench.tui.palette import Palette
from workbench.tui.suspects import distances, mean_shift, unseen_words
from workbench.tui.widgets.records import Cell, Column
from workbench.tui.wording import NONE, count, figure, p_value, percent, period_days, status_words

_FIXED = 9 + 5 + 4 + 5 + 5 + 5 + 10 + 6 + 5 + 10
"""Cells of all columns but the name and the reason, with their gaps."""
_WIDE = 98


def drift_title(report: DriftReport, palette: Palette, dot: str) -> Text:
    """One line: how many moved, and what was compared with what."""
    moved = sum(c.status in ("critical", "warning") for c in report.columns)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{moved} of {len(report.columns)} moved", palette.strong)
    text.append("  ").append(status_words(report.status), palette.status(report.status))
    text.append(
        f"   {period_days(report.current)} n={count(report.current_rows)}"
        f" against {shown(report.against)} n={count(report.reference_rows)}",
        palette.dim,
    )
    for note in report.notes:
        text.append(f" {dot} {shown(note)}", palette.dim)
    return text


def drift_columns(width: int, report: DriftReport) -> list[Column]:
    """The columns that fit; what is left of a wide line goes to the reason."""
    longest = max((len(shown(c.name)) for c in report.columns), default=6)
    name = max(min(longest, width - _FIXED if width < _WIDE else 28), 6)
    columns = [
        Column("COLUMN", name),
        Column("STATUS", 9),
        Column("ROLE", 5),
        Column("KIND", 4),
        Column("PSI", 5, is_right=True),
        Column("WASS", 5, is_right=True),
        Column("KS", 5, is_right=True),
        Column("MISSING %", 10, is_right=True),
        Column("UNSEEN", 6, is_right=True),
        Column("P ADJ", 5, is_right=True),
    ]
    reason = width - _FIXED - name - 2
    return [*columns, Column(" REASON", reason)] if width >= _WIDE and reason > 8 else columns


_ROLES = {"feature": "feat", "prediction": "pred"}
_KINDS = {"numeric": "num", "categorical": "cat"}


def drift_cells(
    column: ColumnDrift, columns: list[Column], palette: Palette, glyphs: Glyphs
) -> tuple[Cell, ...]:
    """One column's row, as wide as the table's columns go."""
    style = palette.status(column.status)
    is_loud = column.status in ("critical", "warning")
    plain = style if is_loud else palette.dim
    missing = NONE
    if column.missing_reference is not None or column.missing_current is not None:
        missing = (
            f"{percent(column.missing_reference)}{glyphs.arrow}{percent(column.missing_current)}"
        )
        missing = missing.replace("%", "")
    cells = (
        Cell(column.name, palette.strong),
        Cell(status_words(column.status), style),
        Cell(_ROLES.get(column.role, column.role), palette.dim),
        Cell(_KINDS.get(column.kind, column.kind), palette.dim),
        Cell(figure(column.psi), plain if column.psi is not None else palette.dim),
        Cell(figure(column.wasserstein), plain if column.wasserstein is not None else palette.dim),
        Cell(figure(column.ks), palette.dim),
        Cell(missing, palette.dim),
        Cell(str(len(column.unseen)) if column.unseen else NONE, palette.dim),
        Cell(p_value(column.p_adjusted), palette.dim),
        Cell(f" {shown(column.reason or '')}", palette.dim),
    )
    return cells[: len(columns)]


def drift_about(column: ColumnDrift, palette: Palette, glyphs: Glyphs) -> Text:
    """Four lines about one column: which, why, its distances, what is new or missing."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(shown(column.name), palette.strong)
    text.append("  ").append(status_words(column.status), palette.status(column.status))
    text.append(f"  {shown(column.role)}, {shown(column.kind)}", palette.dim)
    text.append(f"\n{shown(column.reason or 'agrees with the reference')}\n")
    text.append(distances(column) or "no distance could be measured", palette.dim)
    facts = [mean_shift(column, glyphs.arrow), unseen_words(column) if column.unseen else ""]
    if column.missing_current is not None:
        before = percent(column.missing_reference)
        facts.append(f"missing {before} {glyphs.arrow} {percent(column.missing_current)}")
    text.append("\n" + f" {glyphs.dot} ".join(f for f in facts if f), palette.dim)
    return text
