"""An erased entity: gone from every file, from every count, and it does not come back."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.logs import Site, binary_log, binary_site
from tests.privacy.canaries import found_in_store
from workbench.clock import FixedClock
from workbench.domain.card import Columns, Identity, ModelCard, Monitoring, Privacy
from workbench.ingest.loading import ingest_files
from workbench.store import steps
from workbench.store.batches import StoreContext
from workbench.store.catalog import model_segments
from workbench.store.compacting import compact_model
from workbench.store.connections import StoreHome, reading, scratch
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES
from workbench.store.erasing import erase_entity
from workbench.store.pseudonym_key import key_path
from workbench.store.rows import make_rows_view

ENTITY = "CANARY-17"
NOW = datetime(2024, 6, 1, tzinfo=UTC)
OTHERS = [f"other-{i}" for i in range(6)]
CARD = ModelCard(
    model=Identity(name="m", task="binary"),
    columns=Columns(entity="customer", features=("x", "c", "customer")),
    monitoring=Monitoring(bucket="1d"),
)
HIDDEN = replace(CARD, privacy=Privacy(pseudonymise=("customer", "prediction_id")))


def log(rows: int = 400, *, days: int = 3, seed: int = 0) -> pl.DataFrame:
    frame = binary_log(rows, seed=seed, hours=24.0 * days).drop("label")
    names = [ENTITY if i % 5 == 0 else OTHERS[i % 6] for i in range(rows)]
    return frame.with_columns(
        prediction_id=pl.Series(
            [f"{'CANARYID' if n == ENTITY else 'id'}{i}" for i, n in enumerate(names)]
        ),
        customer=pl.Series(names),
    )


def labels(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("prediction_id", label=pl.col("x").round(2).gt(0.3).cast(pl.Int64))


def without(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(~pl.col("prediction_id").str.starts_with("CANARYID"))


def make_site(root: Path, clock: FixedClock, card: ModelCard) -> Site:
    root.mkdir()
    home = StoreHome(root / ".workbench")
    home.create()
    site = binary_site(root, home, clock, card)
    reference = log(500, seed=5).filter(pl.col("customer") != ENTITY)
    reference = reference.with_columns(labels(reference)["label"])
    reference.write_parquet(root / "data" / "reference.parquet")
    key_path(home).write_bytes(bytes(range(32)))  # the same in all, so that pseudonyms compare
    return site


def fill(site: Site, *, keep: bool = True) -> None:
    """Two overlapping exports in two formats, broken and unusable rows, and two label files."""
    frame = log() if keep else without(log())
    first, second = frame[: len(frame) // 2 + 20], frame[len(frame) // 2 - 20 :]
    bad = frame[:10].with_columns(
        prediction_id="bad" + pl.col("prediction_id"), timestamp=pl.lit("never")
    )
    text = pl.concat([first.with_columns(pl.col("timestamp").cast(pl.String)), bad]).write_csv()
    if keep:
        text += f"{ENTITY},broken\n"
    (site.root / "a.csv").write_text(text)
    second.write_parquet(site.root / "b.parquet")
    known = labels(frame)
    known[::2].write_csv(site.root / "l1.csv")
    known.write_parquet(site.root / "l2.parquet")
    for name in ("a.csv", "l1.csv", "b.parquet", "l2.parquet"):
        result = ingest_files(site.context, [site.root / name])
        assert not result.failed, result


def erase(site: Site) -> object:
    context = site.context
    return erase_entity(context.home, context.root, context.card, ENTITY, context.clock)


def counts(site: Site) -> dict[str, list[tuple[object, ...]]]:
    """Everything that is counted, added up over batches."""
    found = {}
    with reading(site.context.home) as catalog:
        for table, columns in (PROFILE_TABLES | OUTCOME_TABLES).items():
            names = [part.strip().split(" ")[0].strip('"') for part in columns.split(",")]
            types = [part.strip().split(" ")[1] for part in columns.split(",")]
            sums = [
                n
                for n, t in zip(names, types, strict=True)
                if (t == "DOUBLE" and n not in ("minimum", "maximum"))
                or n in ("n", "missing", "parse_failures")
            ]
            keys = [n for n in names if n not in sums and n not in ("minimum", "maximum")]
            listed = ", ".join(f'round(sum("{n}"), 6) + 0.0' for n in sums)
            grouped = ", ".join(f'"{n}"' for n in keys)
            some = " OR ".join(f'abs(sum("{n}")) > 1e-6' for n in sums)
            found[table] = catalog.execute(
                f"SELECT {grouped}, {listed} FROM {table} WHERE batch <> 'reference' "
                f"GROUP BY {grouped} HAVING {some} ORDER BY ALL"
            ).fetchall()
    return found


def rows(site: Site) -> list[tuple[object, ...]]:
    home = site.context.home
    with reading(home) as catalog:
        segments = model_segments(catalog, "m", home.segments)
    columns = {"wb_id": "VARCHAR", "x": "DOUBLE", "wb_prediction": "VARCHAR"}
    with scratch(home) as connection:
        make_rows_view(connection, "p", segments.predictions, columns)
        make_rows_view(connection, "l", segments.labels, {"wb_id": "VARCHAR"})
        return connection.execute(
            "SELECT x, wb_prediction, (SELECT count(*) FROM l WHERE l.wb_id = p.wb_id) FROM p ORDER BY ALL"
        ).fetchall()


@pytest.mark.parametrize("card", [CARD, HIDDEN], ids=["plain", "pseudonymised"])
def test_what_is_left_is_what_an_export_without_the_entity_gives(
    tmp_path: Path, clock: FixedClock, card: ModelCard
) -> None:
    site, other = make_site(tmp_path / "a", clock, card), make_site(tmp_path / "b", clock, card)
    fill(site)
    fill(other, keep=False)
    assert rows(site) != rows(other)
    erased = erase(site)
    assert (erased.rows, erased.labels) == (80, 80)  # type: ignore[attr-defined]
    assert rows(site) == rows(other)
    assert counts(site) == counts(other)
    assert found_in_store(site.context.home.folder, ["CANARY"]) == []


def test_before_it_the_entity_is_everywhere(tmp_path: Path, clock: FixedClock) -> None:
    site = make_site(tmp_path / "a", clock, CARD)
    fill(site)
    hits = "\n".join(found_in_store(site.context.home.folder, ["CANARY"]))
    for place in ("segments/", "quarantine/", "store.duckdb"):
        assert place in hits


@pytest.mark.parametrize("card", [CARD, HIDDEN], ids=["plain", "pseudonymised"])
def test_it_does_not_come_back(tmp_path: Path, clock: FixedClock, card: ModelCard) -> None:
    site = make_site(tmp_path / "a", clock, card)
    fill(site)
    erase(site)
    before, counted = rows(site), counts(site)
    again = log().with_columns(extra=pl.lit(1))
    again.write_parquet(site.root / "again.parquet")
    again.filter(pl.col("customer") == ENTITY).write_ndjson(site.root / "only.jsonl")
    labels(again).with_columns(extra=pl.lit(1)).write_csv(site.root / "again-labels.csv")
    result = ingest_files(site.context, [site.root / "again.parquet"])
    assert dict(result.files[0].reasons) == {"erased": 80}
    assert result.counts.rows_read == 400 == result.counts.rows_duplicate + 80
    only = ingest_files(site.context, [site.root / "only.jsonl"])
    assert (only.counts.rows_read, only.counts.rows_quarantined) == (80, 80)
    late = ingest_files(site.context, [site.root / "again-labels.csv"])
    assert dict(late.files[0].reasons) == {"erased": 80}
    assert (rows(site), counts(site)) == (before, counted)
    assert found_in_store(site.context.home.folder, ["CANARY"]) == []
    frames = [pl.read_parquet(path) for path in site.context.home.quarantine.iterdir()]
    told = pl.concat(frames).filter(pl.col("reason") == "erased")
    assert told["row_text"].null_count() == told.height == 240
    assert told["position"].null_count() == 0


def test_the_same_files_again_change_nothing(tmp_path: Path, clock: FixedClock) -> None:
    site = make_site(tmp_path / "a", clock, CARD)
    fill(site)
    erase(site)
    before = counts(site)
    result = ingest_files(site.context, [site.root / "a.csv", site.root / "b.parquet"])
    assert {file.status for file in result.files} == {"already_ingested"}
    assert counts(site) == before


def test_a_card_that_pseudonymises_from_now_on_still_knows_the_erased(
    tmp_path: Path, clock: FixedClock
) -> None:
    site = make_site(tmp_path / "a", clock, CARD)
    fill(site)
    erase(site)
    later = replace(site.context, card=HIDDEN)
    log().with_columns(extra=pl.lit(2)).write_csv(site.root / "later.csv")
    result = ingest_files(later, [site.root / "later.csv"])
    assert dict(result.files[0].reasons)["erased"] == 80


def test_a_number_is_erased_however_it_is_written(tmp_path: Path, clock: FixedClock) -> None:
    site = make_site(
        tmp_path / "a", clock, replace(CARD, columns=Columns(entity="n", features=("x", "c")))
    )
    frame = log().with_columns(n=pl.int_range(400) % 10)
    frame[:200].with_columns(pl.col("n").cast(pl.Float64)).write_parquet(site.root / "a.parquet")
    frame[200:].write_csv(site.root / "b.csv")
    ingest_files(site.context, [site.root / "a.parquet", site.root / "b.csv"])
    context = site.context
    erased = erase_entity(context.home, context.root, context.card, "7", context.clock)
    assert erased.rows == 40
    frame.with_columns(n=pl.format("{}.0", "n")).write_csv(site.root / "c.csv")
    result = ingest_files(site.context, [site.root / "c.csv"])
    assert dict(result.files[0].reasons) == {"erased": 40}


def test_files_that_a_compaction_left_for_their_readers_go_too(
    tmp_path: Path, clock: FixedClock
) -> None:
    site = make_site(tmp_path / "a", clock, CARD)
    fill(site)
    compact_model(site.context.home, "m", clock)
    erase(site)
    assert found_in_store(site.context.home.folder, ["CANARY"]) == []


def test_a_batch_staged_before_the_erasure_is_searched_again(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_site(tmp_path / "a", clock, CARD)
    half = log()[:200]
    half.write_parquet(site.root / "a.parquet")
    ingest_files(site.context, [site.root / "a.parquet"])
    log()[200:].write_parquet(site.root / "b.parquet")
    asked = [True]

    def erase_once(step: str) -> None:
        if step == steps.STAGED and asked.pop() if asked else False:
            erase(site)

    monkeypatch.setattr(steps, "reached", erase_once)
    result = ingest_files(site.context, [site.root / "b.parquet"])
    assert not asked
    assert dict(result.files[0].reasons) == {"erased": 40}
    assert found_in_store(site.context.home.folder, ["CANARY"]) == []


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled site, to be copied: filling it takes longer than everything else."""
    root = tmp_path_factory.mktemp("filled") / "a"
    fill(make_site(root, FixedClock(NOW), CARD))
    return root


@pytest.mark.parametrize("step", steps.STEPS)
@pytest.mark.parametrize("which", [1, 3])
def test_a_kill_leaves_the_old_or_the_new_and_asking_again_finishes(
    tmp_path: Path, clock: FixedClock, filled: Path, step: str, which: int
) -> None:
    root = tmp_path / "a"
    shutil.copytree(filled, root)
    site = Site(root, StoreContext(StoreHome(root / ".workbench"), root, CARD, clock))
    old = (rows(site), counts(site))
    child = os.fork()
    if child == 0:
        _erase_until(site, step, which)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (77, 0)
    after = (rows(site), counts(site))
    erase(site)
    new = (rows(site), counts(site))
    assert after in (old, new)
    assert len(new[0]) == len(old[0]) - 80
    assert found_in_store(site.context.home.folder, ["CANARY"]) == []


def _erase_until(site: Site, wanted: str, which: int) -> None:
    """Ends this process the n-th time that it is at a step."""
    left = [which]

    def reached(step: str) -> None:
        if step == wanted:
            left[0] -= 1
            if left[0] == 0:
                os._exit(77)

    try:
        steps.reached = reached
        erase(site)
    finally:
        os._exit(0)
