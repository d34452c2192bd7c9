"""Which inputs of a model moved, and what became of its predictions? A marimo notebook.

marimo run drift.py -- --workspace DIR --model NAME --period 30d
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Drift")

with app.setup:
    import html
    import os
    import sys
    from functools import partial

    import marimo as mo

    import workbench
    from workbench import charts
    from workbench.domain.names import shown
    from workbench.domain.period import parse_time
    from workbench.errors import WorkbenchError
    from workbench.report.happened import happened_section, overall_status, rise_began
    from workbench.report.moved import drift_section
    from workbench.report.writing import cell_text


@app.cell(hide_code=True)
def heading():
    """What this notebook answers."""
    mo.md("""
    # Drift

    Which inputs and outputs of a model moved, and what became of its predictions.
    """)


@app.cell
def arguments():
    """What was asked for: the command line, and for model and period the address too."""
    _given = mo.cli_args().to_dict()
    asked = {
        "workspace": _given.get("workspace") or os.environ.get("WORKBENCH_WORKSPACE") or ".",
        "model": mo.query_params().get("model") or _given.get("model") or "",
        "period": mo.query_params().get("period") or _given.get("period") or "",
        "as_of": _given.get("as-of") or "",
    }
    return (asked,)


@app.cell
def problems():
    """How a failure is told: what happened and what to do, as a callout in words."""

    def words(lines):
        """Paragraphs of text that is never parsed as markup."""
        return mo.Html("".join(f"<p>{html.escape(shown(line))}</p>" for line in lines))

    def explained(message, hint="", kind="danger"):
        lines = [line for line in (message, hint) if line]
        if mo.app_meta().mode == "script":
            print(*(shown(line) for line in lines), sep="\n", file=sys.stderr)  # noqa: T201
        return mo.callout(words(lines), kind=kind)

    def attempt(question):
        """The answer and None, or None and why there is none."""
        try:
            return question(), None
        except WorkbenchError as error:
            return None, explained(error.message, error.hint)

    return attempt, explained, words


@app.cell
def workspace(asked, attempt):
    """The workspace, opened, and its models, worst first."""

    def _opened():
        opened = workbench.open(str(asked["workspace"]))
        return opened.as_of(parse_time(str(asked["as_of"]))) if asked["as_of"] else opened

    ws, _problem = attempt(_opened)
    mo.stop(ws is None, _problem)
    statuses, _problem = attempt(ws.status)
    mo.stop(statuses is None, _problem)
    return statuses, ws


@app.cell
def choices(asked, explained, statuses):
    """Which model and period: the ones asked for, else the worst model and its own window."""
    _names = [status.name for status in statuses]
    if not _names:
        _hint = "Add one with: workbench model add NAME --reference FILE"
        mo.stop(True, explained("This workspace has no models yet.", _hint, kind="neutral"))
    if asked["model"] and asked["model"] not in _names:
        _hint = f"Models here: {', '.join(_names)}"
        mo.stop(True, explained(f"there is no model {asked['model']}", _hint))
    _periods = {"the card's window": "", "24 hours": "24h", "7 days": "7d", "30 days": "30d"}
    _periods |= {"90 days": "90d", "everything": "all"}
    if asked["period"] and asked["period"] not in _periods.values():
        _periods = {shown(asked["period"]): asked["period"], **_periods}
    model_choice = mo.ui.dropdown(
        options={shown(name): name for name in _names},
        value=shown(asked["model"] or _names[0]),
        allow_select_none=False,
        label="Model",
    )
    period_choice = mo.ui.dropdown(
        options=_periods,
        value=next(text for text, words in _periods.items() if words == asked["period"]),
        allow_select_none=False,
        label="Period",
    )
    mo.hstack([model_choice, period_choice], justify="start", gap=2)
    return model_choice, period_choice


@app.cell
def figures(attempt, model_choice, period_choice, ws):
    """The card, the rates and the drift of the chosen model and period."""
    _period = period_choice.value or None
    card, _problem = attempt(lambda: ws.card(model_choice.value))
    mo.stop(card is None, _problem)
    rates, _problem = attempt(lambda: ws.performance_report(card.name, period=_period))
    mo.stop(rates is None, _problem)
    history, _problem = attempt(lambda: ws.performance_report(card.name, period="all"))
    mo.stop(history is None, _problem)
    drift, drift_problem = attempt(lambda: ws.drift(card.name, period=str(rates.period)))
    return card, drift, drift_problem, history, rates


@app.cell
def summary(drift, history, rates, words):
    """What happened, in a few sentences; printed too when this runs as a script."""
    sentences = happened_section(rates, drift, rise_began(history)).paragraphs
    _kinds = {"ok": "success", "warning": "warn", "critical": "danger"}
    if mo.app_meta().mode == "script":
        print(*(shown(sentence) for sentence in sentences), sep="\n")  # noqa: T201
    mo.callout(
        words(sentences),
        kind=_kinds.get(overall_status(rates, drift), "neutral"),
    )
    return (sentences,)


@app.cell
def bad_rate_chart(rates):
    """The bad-prediction rate over time."""
    rate_chart = charts.bad_rate_timeline(rates)
    rate_chart
    return (rate_chart,)


@app.cell
def drift_table(card, drift, drift_problem):
    """All columns, worst first; one of them is selected."""
    mo.stop(drift is None, drift_problem)
    _table = drift_section(drift, card).tables[0]
    _headings = [column.heading for column in _table.columns]
    column_choice = mo.ui.table(
        [dict(zip(_headings, row, strict=True)) for row in _table.rows],
        format_mapping={c.heading: partial(cell_text, c) for c in _table.columns},
        selection="single",
        initial_selection=[0] if _table.rows else None,
        show_column_summaries=False,
        label="Columns, worst first. Select one to see its shares.",
    )
    column_choice
    return (column_choice,)


@app.cell
def shares(card, column_choice, drift):
    """The selected column, reference against current."""
    mo.stop(not column_choice.value, mo.plain_text("Select a column in the table above."))
    _name, _role = column_choice.value[0]["Column"], column_choice.value[0]["Role"]
    _column = next(c for c in drift.columns if (c.name, c.role) == (_name, _role))
    share_chart = charts.share_per_bin(_column, hide_values=card.privacy.is_sensitive(_name))
    share_chart
    return (share_chart,)


if __name__ == "__main__":
    app.run()
