"""Values of sensitive columns appear in no answer of `sql`, whatever is asked."""

from __future__ import annotations

import re

import polars as pl
import pytest

import workbench
from tests.cli.command import make_workspace, reference_log, write_card
from tests.logs import binary_log
from workbench.errors import QueryError
from workbench.workspace import Workspace

NUMBER = 98765432.5
_NUMBERS = re.compile(r"(?<![\d.])9876\d{4}|9\.876\d+e7")
TEXT = "canary"
SENSITIVE = ["x", "c", "Extra", "customer", "label"]
ROWS = 300


def with_canaries(log: pl.DataFrame) -> pl.DataFrame:
    """Every sensitive column holds values that begin as no other does."""
    rows = pl.int_range(log.height)
    return log.with_columns(
        x=pl.when(rows == 3).then(None).otherwise(NUMBER + rows),
        c=pl.when(rows == 4).then(None).otherwise(pl.format("{}-c-{}", pl.lit(TEXT), rows % 3)),
        customer=pl.format("{}-customer-{}", pl.lit(TEXT), rows),
        label=pl.format("{}-label-{}", pl.lit(TEXT), pl.col("label")),
        prediction=pl.format("{}-label-{}", pl.lit(TEXT), pl.col("prediction")),
    )


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = make_workspace(tmp_path_factory.mktemp("site"))
    with_canaries(reference_log()).drop("customer").write_parquet(root / "data" / "secret.parquet")
    listed = ", ".join(f'"{name}"' for name in [*SENSITIVE, "prediction"])
    write_card(
        root, f'data = "data/secret.parquet"\n[columns]\nentity = "customer"\nfeatures = ["x", "c"]\n'
        f'[bad_prediction]\npositive_class = "{TEXT}-label-1"\n[privacy]\nsensitive = [{listed}]\n'
        .replace("data = ", '[reference]\ndata = '), name="secret",
    )  # fmt: skip
    log = with_canaries(binary_log(ROWS)).with_columns(Extra=pl.lit(f"{TEXT}-extra"))
    unseen = log.with_columns(
        c=pl.format("{}-unseen-{}", pl.lit(TEXT), pl.int_range(ROWS) % 2),
        prediction_id=pl.format("late-{}", pl.col("prediction_id")),
    )
    text = log.with_columns(
        prediction_id=pl.format("text-{}", pl.col("prediction_id")),
        x=pl.lit(f"{TEXT}-unreadable"),
        timestamp=pl.when(pl.int_range(ROWS) == 7).then(pl.lit("never")).otherwise(pl.lit("2024-02-03")),
    )  # fmt: skip
    log.write_parquet(root / "secret.parquet")
    unseen.write_csv(root / "unseen.csv")
    text.write_csv(root / "text.csv")
    with (root / "text.csv").open("a") as file:
        file.write(f"{TEXT}-broken,line\n")
    pl.DataFrame({"prediction_id": ["p0", "late-p1"], "label": [f"{TEXT}-label-1"] * 2}).write_csv(
        root / "labels.csv"
    )
    ws = workbench.open(root)
    files = [root / name for name in ("secret.parquet", "unseen.csv", "text.csv", "labels.csv")]
    result = ws.ingest(files, model="secret")
    assert not result.failed
    assert result.counts.rows_quarantined >= 2
    return ws


def hold_canaries(frame: pl.DataFrame) -> list[str]:
    """The cells that hold a sensitive value."""
    cells = [str(value) for row in frame.rows() for value in row]
    return [cell for cell in cells if TEXT in cell or _NUMBERS.search(cell)]


def views(ws: Workspace) -> list[str]:
    return [f'"{row[0]}"."{row[1]}"' for row in ws.sql("SHOW TABLES").rows()]


def test_the_canaries_are_in_the_store(ws: Workspace) -> None:
    segments = [path.read_bytes() for path in ws.store.segments.rglob("*.parquet")]
    assert segments
    found = pl.concat([pl.read_parquet(p) for p in ws.store.segments.rglob("*.copied.parquet")])
    assert len(hold_canaries(found)) > ROWS
    raw = ws.store.catalog.read_bytes()
    assert TEXT.encode() in raw


@pytest.mark.parametrize(
    "query", ["SELECT * FROM {}", "SUMMARIZE {}", "DESCRIBE {}", "EXPLAIN SELECT * FROM {}"]
)
def test_no_view_shows_a_sensitive_value(ws: Workspace, query: str) -> None:
    listed = views(ws)
    assert len(listed) > 15
    for view in listed:
        assert hold_canaries(ws.sql(query.replace("{}", view))) == [], view


def test_what_is_missing_stays_missing(ws: Workspace) -> None:
    rows = ws.sql(
        "SELECT count(*), count(x), count(c), count(customer), count(Extra) FROM secret "
        "WHERE prediction_id LIKE 'p%'"
    ).rows()
    assert rows == [(ROWS, ROWS - 1, ROWS - 1, ROWS, ROWS)]
    assert ws.sql("SELECT DISTINCT c FROM secret WHERE c IS NOT NULL").rows() == [("(withheld)",)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT min(x), max(c), max(Extra), any_value(label) FROM secret",
        "SELECT c, count(*) FROM secret GROUP BY c ORDER BY c",
        "SELECT string_agg(customer, ',') FROM secret",
        "SELECT to_json(secret) FROM secret",
        "SELECT wb_unparsed FROM secret",
        "SELECT * FROM (SELECT unnest(map_values(wb_unparsed)) FROM secret)",
        "SELECT COLUMNS(*)::VARCHAR FROM secret",
        "SELECT stats(x), stats(c) FROM secret",
        "SELECT x::DOUBLE FROM secret",
        "SELECT error(c) FROM secret",
        "EXPLAIN SELECT max(c) FROM secret WHERE x > '0'",
        "SELECT list(row_text) FROM quarantine",
    ],
)
def test_no_way_round_shows_one(ws: Workspace, query: str) -> None:
    assert hold_canaries(asked(ws, query)) == []


def asked(ws: Workspace, query: str) -> pl.DataFrame:
    """The answer, or what is said in its place."""
    try:
        return ws.sql(query)
    except QueryError as error:
        return pl.DataFrame({"said": [error.message, error.hint]})


def test_a_filter_on_a_withheld_column_tells_nothing(ws: Workspace) -> None:
    for guess in (f"{TEXT}-c-1", f"{TEXT}-extra"):
        assert ws.sql(
            f"SELECT count(*) FROM secret WHERE c = '{guess}' OR Extra = '{guess}'"
        ).rows() == [(0,)]
    assert ws.sql("SELECT count(DISTINCT x), count(DISTINCT customer) FROM secret").rows() == [
        (1, 1)
    ]


def test_the_other_models_are_shown_as_they_are(ws: Workspace) -> None:
    frame = ws.sql("SELECT x, c, label FROM m")
    assert frame["c"].unique().sort().to_list() == ["[/b]", "a", "b"]
    bins = ws.sql(
        "SELECT name, len(edges) > 0 AS has, len(categories) FROM catalog.bins b JOIN catalog.baselines "
        "USING (bins_id) WHERE model = 'm' ORDER BY column_no"
    ).rows()  # fmt: skip
    assert bins[0][:2] == ("x", True)
    assert bins[1] == ("c", False, 3)
    segments = ws.sql(
        "SELECT DISTINCT segment FROM catalog.outcomes JOIN catalog.baselines USING (rules_id) "
        "WHERE model = 'm' AND segment_no = 1"
    )
    assert set(segments["segment"]) == {"[/b]", "a", "b"}


def test_counts_of_withheld_values_stay(ws: Workspace) -> None:
    rows = ws.sql(
        "SELECT sum(n) FROM catalog.profile_counts p JOIN catalog.baselines b USING (bins_id) "
        "WHERE model = 'secret' AND column_no = 1"
    ).rows()
    stored = ws.sql("SELECT count(c) FROM secret").rows()
    assert rows[0][0] == stored[0][0]


def test_a_model_whose_card_cannot_be_read_shows_no_value(ws: Workspace) -> None:
    path = ws.root / "models" / "secret.toml"
    text = path.read_text()
    path.write_text("[model\n")
    try:
        with pytest.raises(QueryError, match="card of secret") as caught:
            ws.sql("SELECT * FROM secret")
        assert "secret.toml" in caught.value.hint
        for view in views(ws):
            if "secret" not in view:
                assert hold_canaries(ws.sql(f"SELECT * FROM {view}")) == [], view
    finally:
        path.write_text(text)
