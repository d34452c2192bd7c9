"""Markdown shows every text as it is, and acts on none of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report import figures
from workbench.domain.names import shown
from workbench.report import to_markdown
from workbench.report.markdown import escaped
from workbench.report.sections import Column, IncidentReport, Section, Table

GOLDEN = Path(__file__).parent / "golden" / "report.md"
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ACTIVE = st.text(st.sampled_from("`*_[]()<>|~#!\\&$-+.:@/ 1a\tb{}='\"\n\x1b‮é"), max_size=24)


def document(text: str) -> str:
    """A report that has the text in every place that a text can take."""
    table = Table(text, (Column("a", text), Column("b", "B")), ((text, "kept"),), text)
    section = Section("s", text, (text,), tables=(table,), commands=(text,))
    base = figures.report()
    return to_markdown(
        IncidentReport(
            text,
            "binary",
            text,
            text,
            (text,),
            base.period,
            "ok",
            base.generated_at,
            "0",
            None,
            (section,),
        )
    )


def test_report_is_as_it_was_approved() -> None:
    assert to_markdown(figures.report()) == GOLDEN.read_text(encoding="utf-8")


@settings(max_examples=300)
@given(ACTIVE)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    tokens = PARSER.parseInline("x" + escaped(text) + "x")[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "".join(token.content for token in tokens) == "x" + shown(text) + "x"


@settings(max_examples=300)
@given(ACTIVE)
def test_no_text_changes_the_structure_of_the_document(text: str) -> None:
    def structure(source: str) -> list[tuple[str, str]]:
        blocks = [token for token in PARSER.parse(source) if token.type != "inline"]
        return [(token.type, token.tag) for token in blocks]

    safe = "x" + text.strip() + "x"
    assert structure(document(safe)) == structure(document("plain"))


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "1. a",
        "1) a",
        "+ a",
        "> a",
        "# a",
        "    a",
        "===",
        "---",
        "***",
        "```",
        "~~~",
        "| a |",
        ": a",
    ],
)
def test_a_paragraph_stays_one_whatever_it_begins_with(text: str) -> None:
    section = Section("s", "S", ("before", text, "after"))
    source = to_markdown(replace(figures.report(), sections=(section,)))
    answer = source[source.index("## S") :]
    kinds = [token.type for token in PARSER.parse(answer) if token.type.endswith("_open")]
    assert kinds == ["heading_open", "paragraph_open", "paragraph_open", "paragraph_open"]
    paragraphs = [token for token in PARSER.parse(answer) if token.type == "inline"]
    shown_text = "".join(child.content for child in paragraphs[2].children or [])
    assert shown_text == text.strip()


def test_an_address_in_a_name_is_no_link() -> None:
    linking = MarkdownIt("gfm-like", {"html": True}) if _has_linkify() else PARSER
    for text in ("https://evil.example/a", "www.evil.example", "a@evil.example"):
        tokens = linking.parseInline(escaped(text))[0].children or []
        assert "link_open" not in {token.type for token in tokens}
        assert "://" not in escaped(text)
        assert "www." not in escaped(text)


def _has_linkify() -> bool:
    import importlib.util

    return importlib.util.find_spec("linkify_it") is not None


def test_a_fence_inside_a_command_does_not_end_the_block() -> None:
    blocks = [token for token in PARSER.parse(document("a```b")) if token.type == "fence"]
    assert [block.content for block in blocks] == ["a```b\n"]


def test_no_escape_sequence_reaches_a_terminal() -> None:
    text = document("a\x1b[31m‮\x9b")
    assert all(character.isprintable() or character == "\n" for character in text)
