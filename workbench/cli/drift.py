"""The command `drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workbench.cli.options import (
    common_options,
    json_option,
    period_option,
    session_of,
    version_option,
)
from workbench.domain.names import shown

if TYPE_CHECKING:
    from workbench.domain.drift import DriftReport, MultivariateDrift


@click.command(short_help="Which inputs and outputs moved.")
@click.argument("name")
@period_option
@click.option(
    "--against", default="reference", show_default=True, metavar="P", help="A period, or reference."
)
@version_option
@click.option(
    "--multivariate", is_flag=True, help="Compare all inputs together as well; takes seconds."
)
@click.option(
    "--exact", is_flag=True, help="Test raw values of numbers too (Kolmogorov-Smirnov); reads rows."
)
@json_option
@common_options
@click.pass_context
def drift(
    ctx: click.Context,
    name: str,
    period: str | None,
    against: str,
    version: str | None,
    multivariate: bool,
    exact: bool,
    as_json: bool,
) -> None:
    """Shows which columns of NAME moved against the reference, worst first."""
    from workbench.cli.documents import drift_document
    from workbench.cli.printing import print_json

    with session_of(ctx).workspace() as ws:
        report = ws.drift(name, period, against, version, multivariate=multivariate, exact=exact)
        privacy = ws.card(name).privacy
    hidden = frozenset(c.name for c in report.columns if privacy.is_sensitive(c.name))
    if as_json:
        print_json(drift_document(report, hidden))
    else:
        _print_report(report, hidden)


def _print_report(report: DriftReport, hidden: frozenset[str]) -> None:
    from workbench.cli.printing import figure, note, print_table, print_text, rate, when, word

    start, end = when(report.current.start), when(report.current.end)
    print_text(f"{shown(report.model)} {shown(', '.join(report.versions))}  {start} to {end}")
    print_text(
        f"{report.current_rows:,} rows against {report.reference_rows:,} of {shown(report.against)}"
    )
    print_table(
        ("column", "role", "status", "PSI", "W/sd", "p adj", "missing"),
        [
            (
                shown(c.name, 28),
                c.role,
                word(c.status),
                figure(c.psi),
                figure(c.wasserstein),
                figure(c.p_adjusted),
                rate(c.missing_current),
            )
            for c in report.columns
        ],
        "lllrrrr",
        shrink=(0,),
        below=[shown(c.reason or "") for c in report.columns],
    )
    for column in report.columns:
        if column.unseen and column.name not in hidden:
            listed = ", ".join(shown(value, 24) for value in column.unseen[:8])
            more = f" and {len(column.unseen) - 8} more" if len(column.unseen) > 8 else ""
            print_text(
                f"{shown(column.name, 28)}: not in the reference ({rate(column.unseen_share)}): {listed}{more}"
            )
    for column in report.columns:
        if column.ks_exact is not None:
            print_text(
                f"{shown(column.name, 28)}: raw values, KS {figure(column.ks_exact)} "
                f"(p {figure(column.ks_exact_p_value)})"
            )
    if report.multivariate is not None:
        _print_together(report.multivariate)
    for text in report.notes:
        note(text)


def _print_together(found: MultivariateDrift) -> None:
    from workbench.cli.printing import figure, note, print_text

    def chance(p_value: float | None) -> str:
        if p_value is None:
            return "p -"
        return f"p {p_value:.2g}" if p_value >= 1e-99 else "p < 1e-99"

    if found.reason:
        print_text(f"all inputs together: {shown(found.reason)}")
    else:
        print_text(
            f"all inputs together: AUC {figure(found.domain_auc)} ({chance(found.p_value)}) on "
            f"{found.reference_rows:,} and {found.current_rows:,} rows"
        )
    if found.top_columns:
        print_text(f"  told apart by {', '.join(shown(c, 28) for c in found.top_columns)}")
    if found.pca is not None and found.pca.effect is not None:
        print_text(
            f"  reconstruction error {found.pca.effect:+.2f} standard deviations "
            f"({chance(found.pca.p_value)}, by {found.pca.basis})"
        )
    for column, reason in found.excluded:
        note(f"{shown(column, 28)} is left out: {reason}")
