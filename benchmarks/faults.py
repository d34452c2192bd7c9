"""Which data faults are found, which are missed, and what is raised where nothing is wrong?

    python benchmarks/faults.py [--rows 600] [--only WORD] [--clean 6] [--verbose]

A model of a shop is made up: 42 days of predictions with seasons, weekdays, five producers, three
versions of an app and three regions. Each fault of the table is put into the last days, the log
goes through a real workspace, and `quality` is asked for the last 7 days. Found means: the kind,
the column, the onset to the bucket, and where the table says so the segment and the repair. All
other alarms of the same log are counted as raised falsely. Then logs without a fault, some of
them drifting, are asked the same.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from tests.quality.shop import CARD, DAYS, FEATURES, ONSET, START, c, predicted, shop
from workbench.clock import FixedClock
from workbench.domain.fault import Fault, QualityReport
from workbench.workspace import Workspace

Spoil = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Case:
    """One fault, and what must be said of it."""

    name: str
    kind: str
    column: str
    spoil: Spoil
    """Of the rows from the onset on, before they are predicted."""
    segment: tuple[str, str] | None = None
    repair: str = ""
    after: Spoil | None = None
    """Of the predicted rows."""
    until: datetime | None = None
    labels: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    """Makes a label file of the whole log: prediction_id, label, label_timestamp."""
    is_csv: bool = False


def where(column: str, value: str, spoilt: pl.Expr, name: str) -> Spoil:
    """Spoils a column in the rows of one segment value."""
    return lambda f: f.with_columns(
        pl.when(c(column) == value).then(spoilt).otherwise(c(name)).alias(name)
    )


def some(share: float, spoilt: pl.Expr, name: str) -> Spoil:
    """Spoils a column in a share of the rows, which nothing tells apart."""
    chosen = (pl.int_range(pl.len()) * 7919) % 1000 < 1000 * share
    return lambda f: f.with_columns(pl.when(chosen).then(spoilt).otherwise(c(name)).alias(name))


def same(f: pl.DataFrame) -> pl.DataFrame:
    """Spoils nothing."""
    return f


def twice(f: pl.DataFrame) -> pl.DataFrame:
    """A third of the rows again, under other ids."""
    again = f.gather_every(3).with_columns(prediction_id=c("prediction_id") + "-b")
    return pl.concat([f, again]).sort("timestamp")


def delays(days: float, later: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Labels that come after so many days, and after `later` from the onset less 7 days on."""

    def make(log: pl.DataFrame) -> pl.DataFrame:
        rng = np.random.default_rng(5)
        old = (log["timestamp"] < ONSET).to_numpy()
        wait = np.where(old, days, later) * rng.gamma(8, 1 / 8, log.height)
        moments = log["timestamp"] + pl.Series((wait * 86400e6).astype(np.int64)).cast(
            pl.Duration("us")
        )
        end = START + timedelta(days=DAYS)
        return log.select("prediction_id", "label", label_timestamp=moments).filter(
            c("label_timestamp") < end
        )

    return make


FAHRENHEIT = (c("temperature") * 1.8 + 32).round(1)
TRIO = ("balance", "login_days", "rate")
CASES = (
    Case("amount as its logarithm", "unit_change", "amount",
         lambda f: f.with_columns(c("amount").log1p()), repair="raise e"),
    Case("amount in cents from one producer", "unit_change", "amount",
         where("producer", "B", c("amount") * 100, "amount"), ("producer", "B"), "divide by 100"),
    Case("Fahrenheit in one region", "unit_change", "temperature",
         where("region", "US", FAHRENHEIT, "temperature"), ("region", "US"), "divide by 1.8"),
    Case("clock of one producer +5 h", "clock_shift", "hour",
         where("producer", "C", (c("hour") + 5) % 24, "hour"), ("producer", "C"), "subtract 5"),
    Case("blanks around names", "renamed_category", "device",
         lambda f: f.with_columns(c("device") + " ")),
    Case("upper case in one app", "renamed_category", "device",
         where("app", "1.2", c("device").str.to_uppercase(), "device"), ("app", "1.2")),
    Case("codes permuted 1 > 2 > 3 > 1", "renamed_category", "plan",
         lambda f: f.with_columns(c("plan").replace({"1": "2", "2": "3", "3": "1"})), repair="2 to 1"),
    Case("three columns lost by one producer", "missing_values", "balance",
         lambda f: f.with_columns(
             pl.when(c("producer") == "D").then(None).otherwise(c(n)).alias(n) for n in TRIO),
         ("producer", "D")),
    Case("0 after a failed look-up", "sentinel_value", "balance",
         some(0.15, pl.lit(0.0), "balance"), repair="0 as missing"),
    Case("the mean in one app", "sentinel_value", "distance",
         where("app", "1.1", pl.lit(16.0), "distance"), ("app", "1.1")),
    Case("frozen in one app", "stale_value", "login_days",
         where("app", "1.0", pl.lit(7.31234), "login_days"), ("app", "1.0")),
    Case("a third of the rows twice", "duplicate_rows", "", same, after=twice),
    Case("half the volume", "volume_change", "", same, after=lambda f: f.gather_every(2)),
    Case("labels late", "label_delay_change", "", same, labels=delays(0.5, 1.6)),
    Case("three labels in five lost", "label_coverage", "", same,
         after=lambda f: f.with_columns(
             pl.when(pl.int_range(pl.len()) % 5 < 3).then(None).otherwise(c("label")).alias("label"))),
    Case("labels inverted", "label_definition", "", same,
         after=lambda f: f.with_columns(label=1 - c("label"))),
    Case("stricter definition of the label", "label_definition", "", same,
         after=lambda f: f.with_columns(
             label=c("label") * (((pl.int_range(pl.len()) * 7919) % 100) < 60).cast(pl.Int64))),
    Case("miles for kilometres", "unit_change", "distance",
         lambda f: f.with_columns(c("distance") / 1.609344), repair="multiply by 1.609"),
    Case("latitude and longitude swapped", "swapped_columns", "lat",
         lambda f: f.rename({"lat": "lon", "lon": "lat"})),
    Case("swapped in one app", "swapped_columns", "lat",
         lambda f: f.with_columns(
             pl.when(c("app") == "1.2").then(c("lon")).otherwise(c("lat")).alias("lat"),
             pl.when(c("app") == "1.2").then(c("lat")).otherwise(c("lon")).alias("lon")),
         ("app", "1.2")),
    Case("a new device", "new_category", "device", some(0.08, pl.lit("watch"), "device")),
    Case("-999 from one producer", "sentinel_value", "age",
         where("producer", "E", pl.lit(-999.0), "age"), ("producer", "E"), "-999"),
    Case("decimal commas", "parse_failure", "amount",
         lambda f: f.with_columns(c("amount").cast(pl.String).str.replace(".", ",", literal=True)),
         repair="decimal comma", is_csv=True),
    Case("units in the text of one app", "parse_failure", "age",
         lambda f: f.with_columns(
             pl.when(c("app") == "1.2").then(c("age").cast(pl.Int64).cast(pl.String) + " y")
             .otherwise(c("age").cast(pl.String)).alias("age")),
         ("app", "1.2"), "unit off", is_csv=True),
    Case("a column gone", "missing_column", "rate", lambda f: f.drop("rate")),
    Case("percent in one region", "unit_change", "rate",
         where("region", "APAC", c("rate") * 100, "rate"), ("region", "APAC"), "divide by 100"),
    Case("the same prediction for all", "constant_prediction", "prediction", same,
         after=lambda f: f.with_columns(score=pl.lit(0.91), prediction=pl.lit(1))),
    Case("two days lost", "late_data", "", same, until=ONSET + timedelta(days=2),
         after=lambda f: f.filter(c("timestamp") >= ONSET + timedelta(days=2))),
    Case("a region under another name", "renamed_category", "region",
         lambda f: f.with_columns(c("region").replace({"EU": "Europe"})), repair="'Europe' to 'EU'"),
    Case("sign of the balance", "unit_change", "balance",
         lambda f: f.with_columns(-c("balance")), repair="change the sign"),
    Case("age in months", "unit_change", "age", lambda f: f.with_columns(c("age") * 12), repair="divide by 12"),
    Case("unknown for one device", "sentinel_value", "device",
         some(0.2, pl.lit("unknown"), "device"), repair="unknown"),
    Case("normalised by its range", "unit_change", "distance",
         lambda f: f.with_columns(c("distance") / 110.0)),
    Case("an extra column", "extra_column", "trace", lambda f: f.with_columns(trace=pl.lit("x"))),
    Case("zone of one producer's timestamps", "clock_shift", "timestamp",
         lambda f: f.with_columns(
             timestamp=pl.when(c("producer") == "A").then(
                 c("timestamp").dt.truncate("1d")
                 + ((c("timestamp") - c("timestamp").dt.truncate("1d")).dt.total_seconds() + 4 * 3600)
                 .mod(86400).mul(1_000_000).cast(pl.Duration("us"))).otherwise(c("timestamp"))
         ).sort("timestamp"), ("producer", "A")),
    Case("a known value by default in 30 %", "sentinel_value", "region", some(0.3, pl.lit("EU"), "region")),
    Case("x100 in 3 % that nothing tells apart", "out_of_range", "amount",
         some(0.03, c("amount") * 100, "amount")),
    Case("mended after two days", "unit_change", "distance",
         lambda f: f.with_columns(
             pl.when(c("timestamp") < ONSET + timedelta(days=2)).then(c("distance") * 1000)
             .otherwise(c("distance")).alias("distance")),
         repair="divide by 1000", until=ONSET + timedelta(days=2)),
)  # fmt: skip


def asked(
    folder: Path, log: pl.DataFrame, case: Case | None, rows: int
) -> tuple[QualityReport, float]:
    """The answer for the last 7 days of a log with a fault, and the seconds it took."""
    ws = Workspace.create(folder / "ws")
    reference = predicted(shop(rows, START - timedelta(days=30), 28, 99))
    reference.write_parquet(ws.root / "data" / "reference.parquet")
    listed = ", ".join(f'"{name}"' for name in FEATURES)
    (ws.root / "models" / "shop.toml").write_text(CARD.format(features=listed))
    ws = replace(ws, clock=FixedClock(datetime(2025, 1, 1, tzinfo=UTC)))
    early, late = log.filter(c("timestamp") < ONSET), log.filter(c("timestamp") >= ONSET)
    early, late = predicted(early), predicted(case.spoil(late) if case else late)
    if case and case.after:
        late = case.after(late)
    labels = case.labels(pl.concat([early, late])) if case and case.labels else None
    for name, part in (("early", early), ("late", late)):
        kept = part.drop("label") if labels is not None else part
        if case and case.is_csv and name == "late":
            path = folder / f"{name}.csv"
            kept.write_csv(path)
        else:
            path = folder / f"{name}.parquet"
            kept.write_parquet(path)
        result = ws.ingest(path, model="shop")
        if result.failed:
            raise SystemExit(f"{case and case.name}: {result.failed}")
    if labels is not None:
        labels.write_parquet(folder / "labels.parquet")
        ws.ingest(folder / "labels.parquet", model="shop")
    begun = time.perf_counter()
    report = ws.quality("shop", "7d")
    return report, time.perf_counter() - begun


def is_found(case: Case, fault: Fault) -> bool:
    """Whether a fault is the one that was put in, in all that the table says."""
    same_column = case.column in ("", fault.column, *fault.also)
    if fault.kind != case.kind or not same_column:
        return False
    if fault.since != ONSET.replace(tzinfo=UTC):
        return False
    if case.until is not None and fault.until != case.until.replace(tzinfo=UTC):
        return False
    if case.segment is not None and fault.segment != case.segment:
        return False
    return case.repair in (fault.repair or "")


def alarms(report: QualityReport) -> list[Fault]:
    """What would wake somebody."""
    return [fault for fault in report.faults if fault.status in ("warning", "critical")]


def run_case(
    case: Case, rows: int, seed: int = 1
) -> tuple[bool, list[Fault], QualityReport, float]:
    """(found, other alarms, the whole answer, seconds)."""
    log = shop(rows, START, DAYS, seed)
    with tempfile.TemporaryDirectory() as folder:
        report, seconds = asked(Path(folder), log, case, rows)
    hits = [fault for fault in report.faults if is_found(case, fault)]
    return bool(hits), [f for f in alarms(report) if f not in hits], report, seconds


def run_clean(rows: int, seed: int, drift: float) -> list[Fault]:
    """The alarms of a log without a fault."""
    log = shop(rows, START, DAYS, seed, drift)
    with tempfile.TemporaryDirectory() as folder:
        report, _ = asked(Path(folder), log, None, rows)
    return alarms(report)


def say(fault: Fault) -> str:
    """A fault in a line."""
    return (
        f"      {fault.column or '(log)'} {fault.kind} {fault.status} since {fault.since} until {fault.until} "
        f"share {fault.share:.3f} {fault.segment} | {fault.detail} | {fault.repair} | {fault.note}"
    )


def main() -> None:
    """Prints the table and what is raised falsely."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--only", default="")
    parser.add_argument("--clean", type=int, default=6)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    found = false = 0
    chosen = [case for case in CASES if options.only in case.name]
    for case in chosen:
        hit, others, report, seconds = run_case(case, options.rows)
        found, false = found + hit, false + len(others)
        print(
            f"{'found ' if hit else 'MISSED'}  {case.name:42} {case.kind:20} {seconds:.2f} s",
            flush=True,
        )
        for fault in others if hit and not options.verbose else report.faults:
            print(say(fault))
    print(f"{found} of {len(chosen)} found; {false} other alarms")
    clean = 0
    for seed in range(options.clean):
        for drift in (0.0, 0.5):
            raised = run_clean(options.rows, 10 + seed, drift)
            clean += len(raised)
            for fault in raised:
                print(f"raised falsely, seed {seed}, drift {drift}:\n{say(fault)}")
    print(f"{clean} alarms in {2 * options.clean} logs without a fault")


if __name__ == "__main__":
    main()
