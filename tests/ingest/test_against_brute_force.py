"""Whatever comes in whatever order, counts and outcomes equal those of a plain Python ledger."""

from __future__ import annotations

import tempfile
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs import binary_site
from workbench.clock import FixedClock
from workbench.domain.ingested import RowCounts
from workbench.domain.outcomes import OutcomeCounts
from workbench.domain.period import Period
from workbench.ingest.loading import ingest_files
from workbench.store.baseline import ensure_baseline
from workbench.store.connections import StoreHome, reading
from workbench.store.counted import read_model_store
from workbench.store.measured import FRESH, Choice, read_outcomes, read_profiles

NOW = datetime(2024, 6, 1, tzinfo=UTC)
DAY = datetime(2024, 2, 1)

IDS = st.sampled_from(["a", "b", "c", "d", "e", ""])
PREDICTION = st.fixed_dictionaries(
    {
        "prediction_id": IDS,
        "timestamp": st.sampled_from(
            [
                "2024-02-01T10:00:00",
                "2024-02-02T10:00:00Z",
                "2024-02-02T23:30:00-04:00",
                "soon",
                "2024-06-01T00:30:00",
                "2024-06-01T02:00:00",
            ]
        ),
        "x": st.sampled_from(["1", "2.5", "", "much"]),
        "c": st.sampled_from(["a", "b", "new"]),
        "prediction": st.sampled_from(["1", "0", "1.0", "true", ""]),
        "role": st.sampled_from(["live", "shadow", ""]),
        "label": st.sampled_from(["", "", "", "1"]),
    }
)
LABEL = st.fixed_dictionaries(
    {
        "prediction_id": IDS,
        "label": st.sampled_from(["1", "0", "false", ""]),
        "label_timestamp": st.sampled_from(["", "2024-02-05", "2024-02-06"]),
    }
)
FILE = st.one_of(
    st.tuples(st.just("predictions"), st.lists(PREDICTION, min_size=1, max_size=8)),
    st.tuples(st.just("labels"), st.lists(LABEL, min_size=1, max_size=8)),
)

TIMES = {
    "2024-02-01T10:00:00": datetime(2024, 2, 1, 10),
    "2024-02-02T10:00:00Z": datetime(2024, 2, 2, 10),
    "2024-02-02T23:30:00-04:00": datetime(2024, 2, 3, 3, 30),
    "2024-06-01T00:30:00": datetime(2024, 6, 1, 0, 30),
    "2024-06-01T02:00:00": datetime(2024, 6, 1, 2),
}
CLASSES = {"1": "1", "1.0": "1", "true": "1", "0": "0", "false": "0", "": None}
NUMBERS = {"1": 1.0, "2.5": 2.5, "": None, "much": None}

EARLIEST = datetime(1, 1, 1)


@dataclass
class Ledger:
    """What the contract's section 3 says, row by row."""

    rows: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    labels: dict[str, list[tuple[datetime | None, int, str]]] = field(default_factory=dict)
    step: int = 0

    def predictions(self, rows: list[dict[str, str]]) -> RowCounts:
        self.step += 2
        counts = RowCounts(rows_read=len(rows))
        late: list[dict[str, str]] = []
        for row in rows:
            time = TIMES.get(row["timestamp"])
            is_ahead = time is not None and time > NOW.replace(tzinfo=None) + timedelta(hours=1)
            prediction = CLASSES[row["prediction"]]
            if not row["prediction_id"] or time is None or is_ahead or prediction is None:
                counts = counts + RowCounts(rows_quarantined=1)
                continue
            key = (row["prediction_id"], row["role"] or "live")
            content = (time, prediction, NUMBERS[row["x"]], row["c"])
            if key not in self.rows:
                self.rows[key] = {
                    "content": content,
                    "label": CLASSES[row["label"]],
                    "step": self.step,
                }
                counts = counts + RowCounts(rows_stored=1)
            elif self.rows[key]["content"] == content:
                counts = counts + RowCounts(rows_duplicate=1)
                if row["label"]:
                    late.append(row | {"label_timestamp": ""})
            else:
                counts = counts + RowCounts(rows_quarantined=1)
        # Labels that repeated rows bring are label records, older than the file's new rows.
        self._record(late, self.step - 1)
        return counts

    def arrive(self, rows: list[dict[str, str]]) -> RowCounts:
        self.step += 2
        return self._record(rows, self.step)

    def _record(self, rows: list[dict[str, str]], step: int) -> RowCounts:
        counts = RowCounts(rows_read=len(rows))
        standing = {name: max(known)[2] if known else None for name, known in self._keyed().items()}
        newest = {
            name: [text for time, _, text in known if time is None][-1:]
            for name, known in self.labels.items()
        }
        untimed: dict[str, str] = {}
        for row in rows:
            label = CLASSES[row["label"]]
            name = row["prediction_id"]
            if not name or label is None:
                counts = counts + RowCounts(rows_quarantined=1)
                continue
            time = (
                datetime.fromisoformat(row["label_timestamp"]) if row["label_timestamp"] else None
            )
            known = self.labels.setdefault(name, [])
            if time is not None:
                is_known = any(t == time and text == label for t, _, text in known)
            else:
                said = [*newest.get(name, []), standing.get(name)]
                is_known = label in ([untimed[name]] if name in untimed else said)
                untimed[name] = label
            if is_known:
                counts = counts + RowCounts(rows_duplicate=1)
                continue
            known.append((time, step, label))
            matched = any(key[0] == name for key in self.rows)
            counts = counts + (
                RowCounts(labels_matched=1) if matched else RowCounts(labels_pending=1)
            )
        return counts

    def _keyed(self) -> dict[str, list[tuple[datetime, int, str]]]:
        return {
            name: [(t or EARLIEST, place, text) for place, (t, _, text) in enumerate(known)]
            for name, known in self.labels.items()
        }

    def label_of(self, key: tuple[str, str]) -> str | None:
        row = self.rows[key]
        own = row["label"]
        known = self._keyed().get(key[0], [])
        if not known:
            return own  # type: ignore[return-value]
        time, place, text = max(known)
        if own is None or time != EARLIEST:
            return text
        step = self.labels[key[0]][place][1]
        return text if step > row["step"] else own  # type: ignore[operator, return-value]

    def outcome(self, day: datetime) -> OutcomeCounts:
        total = OutcomeCounts()
        for key, row in self.rows.items():
            time, prediction = row["content"][0], row["content"][1]  # type: ignore[index]
            if key[1] != "live" or not day <= time < day + timedelta(days=1):
                continue
            label = self.label_of(key)
            judged = label is not None
            total = total + OutcomeCounts(
                rows=1, labelled=judged, bad=judged and label != prediction,
                bad_squares=judged and label != prediction, correct=judged and label == prediction,
                true_positive=label == "1" and prediction == "1",
                false_positive=label == "0" and prediction == "1",
                false_negative=label == "1" and prediction == "0",
                true_negative=label == "0" and prediction == "0",
                predicted=1, predicted_positive=prediction == "1",
                cost=judged and label != prediction,
            )  # fmt: skip
        return total


@settings(max_examples=15)
@given(st.lists(FILE, min_size=1, max_size=5))
def test_counts_and_outcomes_equal_those_of_a_plain_ledger(
    files: list[tuple[str, list[dict[str, str]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = StoreHome(root / ".workbench")
        home.create()
        site = binary_site(root, home, FixedClock(NOW))
        ledger = Ledger()
        seen: set[str] = set()
        for number, (kind, rows) in enumerate(files):
            path = site.write(f"{number}.csv", pl.DataFrame(rows))
            if path.read_text() in seen:
                continue
            seen.add(path.read_text())
            expected = ledger.predictions(rows) if kind == "predictions" else ledger.arrive(rows)
            result = ingest_files(site.context, [path]).files[0]
            if expected.rows_quarantined == len(rows) and "conflicting_id" not in dict(
                result.reasons
            ):
                assert result.status == "failed"
                assert result.counts == RowCounts()
                continue
            assert result.counts == expected, (result, rows)
        baseline = ensure_baseline(home, root, site.context.card, NOW)
        store = read_model_store(home, baseline, None)
        for offset in (0, 1, 2, 121):
            day = DAY + timedelta(days=offset)
            period = Period(day.replace(tzinfo=UTC), (day + timedelta(days=1)).replace(tzinfo=UTC))
            with store.counts(period, "1d") as counts:
                found = read_outcomes(
                    counts.connection, counts.source, Choice(period), by="all", start=period.start
                )
            total = sum((bucket.counts for bucket in found), OutcomeCounts())
            expected_total = ledger.outcome(day)
            assert astuple(total) == tuple(float(v) for v in astuple(expected_total))


@settings(max_examples=8)
@given(st.lists(FILE, min_size=1, max_size=5))
def test_stored_counts_equal_counts_made_of_the_rows(
    files: list[tuple[str, list[dict[str, str]]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = StoreHome(root / ".workbench")
        home.create()
        site = binary_site(root, home, FixedClock(NOW))
        for number, (_, rows) in enumerate(files):
            ingest_files(site.context, [site.write(f"{number}.csv", pl.DataFrame(rows))])
        baseline = ensure_baseline(home, root, site.context.card, NOW)
        store = read_model_store(home, baseline, None)
        period = Period(DAY.replace(tzinfo=UTC), NOW + timedelta(days=1))
        choice = Choice(period)
        with reading(home) as catalog, store._row_counts(period, "1d") as rows_made:
            for segment in (0, 1):
                by = {"by": "1d", "start": period.start, "segment_no": segment}
                stored = read_outcomes(catalog, store.stored, choice, **by)  # type: ignore[arg-type]
                made = read_outcomes(rows_made, FRESH, choice, **by)  # type: ignore[arg-type]
                assert stored == made
            columns = range(len(baseline.bins))
            stored_profiles = read_profiles(catalog, store.stored, baseline.bins, choice)
            made_profiles = read_profiles(rows_made, FRESH, baseline.bins, choice)
            for i in columns:
                assert stored_profiles[i].counts == made_profiles[i].counts
                assert stored_profiles[i].missing == made_profiles[i].missing
                assert stored_profiles[i].parse_failures == made_profiles[i].parse_failures
                assert stored_profiles[i].unseen == made_profiles[i].unseen
