"""How does a report read as Markdown? GitHub's dialect, readable as plain text too.

All text is taken as hostile: what Markdown or HTML would act on is escaped, and control,
bidirectional and invisible characters are written out.
"""

from __future__ import annotations

import re

from workbench.domain.names import shown
from workbench.domain.period import iso
from workbench.report.sections import Figure, IncidentReport, Section, Table
from workbench.report.writing import cell_text

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_ACTIVE = re.compile(r"[\\`*\[\]~#$]|(?<![^\W_])_|_(?![^\W_])")
_LINK = re.compile(r"(?<=\w)(?:://|(?<=www)\.)|@", re.IGNORECASE)


def to_markdown(report: IncidentReport) -> str:
    """The report as a Markdown document that ends in a newline."""
    parts = [f"# Incident report: {escaped(report.model)}", _header(report)]
    parts += [_section(section) for section in report.sections]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is, in a paragraph, a heading and a table's cell alike.

    An underscore inside a word stays, since no dialect of today takes it for emphasis.

    >>> escaped("dep_delay|<b>`_x_")
    'dep_delay&#124;&lt;b&gt;\\`\\_x\\_'
    """
    plain = _ACTIVE.sub(lambda match: "\\" + match.group(), shown(text))
    plain = "".join(_ENTITIES.get(character, character) for character in plain)
    # A bare address would become a link: entities keep its look and stop that.
    return _LINK.sub(lambda match: "".join(f"&#{ord(c)};" for c in match.group()), plain)


def _header(report: IncidentReport) -> str:
    catalog = "not known" if report.catalog_version is None else str(report.catalog_version)
    lines = [
        ("Status", report.status),
        ("Model", report.model),
        ("What it is", report.description),
        ("Owner", report.owner or "not named in the card"),
        ("Version", ", ".join(report.versions) or "none with rows"),
        ("Period", f"{iso(report.period.start)} to {iso(report.period.end)} (end not included)"),
        ("Made", f"{iso(report.generated_at)} by workbench {report.workbench_version}"),
        ("Catalog version", catalog),
    ]
    return "\n".join(f"- **{name}:** {escaped(value)}" for name, value in lines if value)


def _section(section: Section) -> str:
    parts = [f"## {escaped(section.title)}", *(_paragraph(text) for text in section.paragraphs)]
    parts += [_figure(figure) for figure in section.figures]
    parts += [_table(table) for table in section.tables]
    if section.commands:
        parts.append(_code("\n".join(section.commands), "sh"))
    return "\n\n".join(parts)


def _paragraph(text: str) -> str:
    """A paragraph, whatever its first characters: no list, number, rule or indented code."""
    plain = escaped(text.strip())
    plain = re.sub(r"^(\d+)([.)])", r"\1\\\2", plain)
    return re.sub(r"^([-+=:])", r"\\\1", plain)


def _figure(figure: Figure) -> str:
    return f"{_paragraph(figure.caption)}\n\n{_code(figure.text, 'text')}"


def _table(table: Table) -> str:
    head = "| " + " | ".join(escaped(column.heading) for column in table.columns) + " |"
    rule = (
        "| "
        + " | ".join("---" if c.kind in ("text", "time") else "--:" for c in table.columns)
        + " |"
    )
    rows = [
        "| "
        + " | ".join(escaped(cell_text(c, v)) for c, v in zip(table.columns, row, strict=True))
        + " |"
        for row in table.rows
    ]
    parts = [f"### {escaped(table.title)}"] if table.title else []
    parts.append("\n".join([head, rule, *rows]))
    if table.note:
        parts.append(_paragraph(table.note))
    return "\n\n".join(parts)


def _code(text: str, language: str) -> str:
    """A fenced block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    harmless = "\n".join(shown(line) for line in text.split("\n"))
    return f"{fence}{language}\n{harmless}\n{fence}"
