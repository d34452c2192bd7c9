"""A fault is shown without values of sensitive columns, under whichever name a column goes."""

from __future__ import annotations

from workbench.domain.card import Privacy
from workbench.domain.fault import Fault
from workbench.workspace.masked_faults import masked


def test_the_segment_of_versions_is_hidden_with_the_column_that_the_card_names() -> None:
    fault = Fault(
        column="x", kind="missing_values", status="critical", since=None, share=0.5,
        detail="gone", repair=None, transform=None, segment=("model_version", "acme-7"),
        until=None, note=None, also=(),
    )  # fmt: skip
    privacy = Privacy(sensitive=("tenant",))
    assert masked(fault, privacy, "label", "release").segment == fault.segment
    hidden = masked(fault, privacy, "label", "tenant")
    assert hidden.segment is None
    assert "acme" not in repr(hidden)
    assert "tenant" in (hidden.note or "")
