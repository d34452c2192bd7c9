"""The demo's pipeline on the real flights, with the real settings, up to the end of July."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

pytest.importorskip("sklearn")

import export
import skops.io
import train
from flight_source import package_data, read_flights, read_weather
from model_rows import model_rows, split
from parameters import Parameters, load_parameters, model_names
from prepare import prepare

from workbench.resources import demo_pipeline_dir

MODELS = ("air-time", "schedule-delay", "arrival-delay")
FAULT = datetime(2013, 7, 10, tzinfo=UTC)
SEPTEMBER = datetime(2013, 9, 1, tzinfo=UTC)
FORMATS = {"air-time": "parquet", "schedule-delay": "jsonl.gz", "arrival-delay": "csv"}


@dataclass(frozen=True)
class Built:
    """One model as the pipeline makes it."""

    parameters: Parameters
    rows: pl.DataFrame
    training: pl.DataFrame
    reference: pl.DataFrame
    model: Any
    logged: pl.DataFrame

    @property
    def judged(self) -> pl.DataFrame:
        """The logged rows that got a label, with `bad`."""
        error = (pl.col("prediction") - pl.col("label")).abs()
        return self.logged.filter(pl.col("label").is_not_null()).with_columns(
            bad=error > self.parameters.tolerance
        )


@cache
def flights() -> pl.DataFrame:
    """All flights until the end of August."""
    folder = package_data()
    return prepare(read_flights(folder), read_weather(folder)).filter(
        pl.col("scheduled") < SEPTEMBER
    )


@cache
def built(name: str) -> Built:
    """Trained and scored once for all tests."""
    parameters = load_parameters(name, demo_pipeline_dir() / "params.yaml")
    rows = model_rows(flights(), parameters)
    training, reference = split(rows, parameters)
    model = train.fit(training, parameters)
    reference = train.scored(model, reference, parameters)
    return Built(parameters, rows, training, reference, model, export.logs(rows, model, parameters))


def share(frame: pl.DataFrame) -> float:
    """The share of bad rows."""
    value = frame["bad"].mean()
    assert isinstance(value, float)
    return value


def month(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    """The rows of a month."""
    return frame.filter(pl.col("timestamp").dt.month() == number)


def reference_share(one: Built) -> float:
    """The share of bad rows in the reference."""
    error = (one.reference["prediction"] - one.reference["label"]).abs()
    return float((error > one.parameters.tolerance).to_numpy().mean())


def test_the_file_names_three_models() -> None:
    assert model_names(demo_pipeline_dir() / "params.yaml") == MODELS


def test_scheduled_departure_is_utc_on_both_sides_of_the_change_of_clocks() -> None:
    raw = read_flights(package_data()).with_row_index()
    sample = raw.filter(pl.col("index") % 5000 == 0, pl.col("month") < 9)
    assert set(sample["month"]) == set(range(1, 9))
    prepared = dict(zip(flights()["prediction_id"], flights()["scheduled"], strict=True))
    for row in sample.iter_rows(named=True):
        hour, minute = divmod(row["sched_dep_time"], 100)
        local = datetime(
            row["year"], row["month"], row["day"], hour, minute, tzinfo=ZoneInfo("America/New_York")
        )
        text = f"{row['carrier']}{row['flight']}-{row['origin']}-{local:%Y%m%dT%H%M}"
        assert prepared[text] == local.astimezone(UTC)


def test_weather_is_that_of_the_origin_in_the_hour_of_the_scheduled_departure() -> None:
    weather = {
        (row["origin"], row["time_hour"]): row
        for row in read_weather(package_data()).iter_rows(named=True)
    }
    sample = flights().gather_every(3571)
    compared = 0
    for row in sample.iter_rows(named=True):
        known = weather.get((row["origin"], f"{row['scheduled']:%Y-%m-%dT%H:00:00Z}"))
        compared += known is not None
        for name in ("temp", "precip", "visib", "wind_speed"):
            assert row[name] == (known[name] if known else None)
    assert compared > 40


@pytest.mark.parametrize("name", MODELS)
def test_no_day_is_both_in_training_and_in_the_reference(name: str) -> None:
    one = built(name)
    training, reference = set(one.training["day"]), set(one.reference["day"])
    assert not training & reference
    assert not set(one.training["prediction_id"]) & set(one.reference["prediction_id"])
    assert sorted(reference) == [date(2013, 1, 2) + timedelta(days=5 * i) for i in range(12)]
    assert max(training) < date(2013, 3, 1) <= min(one.logged["day"])
    assert min(training) == date(2013, 1, 1)


@pytest.mark.parametrize("name", MODELS)
def test_an_id_is_of_one_flight_only(name: str) -> None:
    assert built(name).rows["prediction_id"].is_unique().all()


@pytest.mark.parametrize("name", MODELS)
def test_a_file_holds_the_predictions_of_its_utc_day_only_and_every_one_of_them(name: str) -> None:
    one = built(name)
    files = list(export.prediction_files(one.logged, one.parameters))
    days = [day for day, _ in files]
    assert days == sorted(set(days))
    for day, rows in files:
        assert rows["timestamp"].dt.date().unique().to_list() == [day]
        assert "label" not in rows.columns
    assert sum(rows.height for _, rows in files) == one.logged.height


@pytest.mark.parametrize("name", MODELS)
def test_labels_arrive_three_days_later(name: str) -> None:
    one = built(name)
    made = dict(zip(one.logged["prediction_id"], one.logged["day"], strict=True))
    seen = 0
    for arrival, rows in export.label_files(one.logged, one.parameters):
        assert {made[key] for key in rows["prediction_id"]} == {arrival - timedelta(days=3)}
        assert rows["label_timestamp"].dt.date().unique().to_list() == [arrival]
        assert rows["label"].null_count() == 0
        seen += rows.height
    assert seen == one.logged["label"].count()


def test_a_cancelled_flight_is_predicted_from_the_schedule_only_and_never_labelled() -> None:
    cancelled = flights().filter(pl.col("departed").is_null(), pl.col("scheduled") >= FAULT)
    ids = set(cancelled["prediction_id"])
    assert ids
    scheduled = built("schedule-delay").logged.filter(pl.col("prediction_id").is_in(ids))
    assert scheduled.height == len(ids)
    assert scheduled["label"].count() == 0
    for name in ("air-time", "arrival-delay"):
        assert not ids & set(built(name).logged["prediction_id"])


def test_the_fault_is_in_every_value_of_ua_from_10_july_and_in_no_other() -> None:
    one = built("arrival-delay")
    true = one.rows.filter(pl.col("day") >= date(2013, 3, 1))
    pairs = true.join(one.logged, on="prediction_id", suffix="_logged")
    assert pairs.height == true.height
    hit = (pl.col("carrier") == "UA") & (pl.col("timestamp") >= FAULT)
    inside, outside = pairs.filter(hit), pairs.filter(~hit)
    assert inside.height > 5000
    assert (inside["dep_delay_logged"] == inside["dep_delay"] * 60).all()
    for feature in one.parameters.features:
        assert outside[feature].equals(outside[f"{feature}_logged"], check_names=False)
        if feature != "dep_delay":
            assert inside[feature].equals(inside[f"{feature}_logged"], check_names=False)


@pytest.mark.parametrize("name", ["air-time", "schedule-delay"])
def test_nothing_is_injected_into_the_other_models(name: str) -> None:
    one = built(name)
    late = one.rows.filter(pl.col("day") >= date(2013, 3, 1))
    assert export.inject(late, one.parameters).equals(late)


@pytest.mark.parametrize("name", MODELS)
def test_the_logged_inputs_give_the_logged_predictions_after_a_reload(
    name: str, tmp_path: Path
) -> None:
    one = built(name)
    path = tmp_path / "model.skops"
    skops.io.dump(one.model, path)
    assert skops.io.get_untrusted_types(file=path) == export.TRUSTED
    again = skops.io.load(path, trusted=export.TRUSTED)
    rows = one.logged.filter(pl.col("day") == date(2013, 7, 15))
    assert again.predict(rows.select(one.parameters.features)).tolist() == (
        rows["prediction"].to_list()
    )


def test_a_destination_that_training_never_saw_is_predicted_all_the_same() -> None:
    one = built("air-time")
    new = one.logged.filter(~pl.col("dest").is_in(one.training["dest"].unique().implode()))
    assert new["dest"].n_unique() >= 5
    assert new["prediction"].is_finite().all()


def test_weather_is_logged_and_in_the_reference_but_no_feature() -> None:
    one = built("schedule-delay")
    assert "precip" in one.logged.columns
    assert "precip" in one.reference.columns
    assert not set(one.parameters.features) & set(one.parameters.logged)
    assert one.model.feature_names_in_.tolist() == list(one.parameters.features)


def test_air_time_goes_wrong_with_the_season() -> None:
    judged = built("air-time").judged
    rates = [share(month(judged, number)) for number in (3, 4, 5, 6, 7)]
    assert rates == pytest.approx([0.17, 0.16, 0.38, 0.33, 0.41], abs=0.015)


def test_schedule_delay_goes_wrong_in_the_summer_storms() -> None:
    one = built("schedule-delay")
    assert reference_share(one) == pytest.approx(0.18, abs=0.01)
    rates = [share(month(one.judged, number)) for number in (6, 7)]
    assert rates == pytest.approx([0.28, 0.29], abs=0.015)


def test_arrival_delay_goes_wrong_for_ua_with_the_fault() -> None:
    one = built("arrival-delay")
    assert reference_share(one) == pytest.approx(0.17, abs=0.015)
    ua = one.judged.filter(pl.col("carrier") == "UA")
    until = datetime(2013, 8, 1, tzinfo=UTC)
    since = ua.filter(pl.col("timestamp").is_between(FAULT, until, closed="left"))
    before = ua.filter(
        pl.col("timestamp").is_between(FAULT - timedelta(days=30), FAULT, closed="left")
    )
    assert share(since) == pytest.approx(0.65, abs=0.02)
    assert share(before) < 0.3


@pytest.mark.parametrize("name", MODELS)
def test_a_file_reads_back_as_what_was_logged(name: str, tmp_path: Path) -> None:
    one = built(name)
    assert one.parameters.predictions_format == one.parameters.labels_format == FORMATS[name]
    day, rows = next(export.prediction_files(one.logged, one.parameters))
    path = tmp_path / f"{day}.{FORMATS[name]}"
    export.write(rows, path)
    first = path.read_bytes()
    export.write(rows, path)
    assert path.read_bytes() == first, "the same rows give the same bytes"
    if name == "air-time":
        read = pl.read_parquet(path)
    elif name == "arrival-delay":
        read = pl.read_csv(path, schema_overrides={"model_version": pl.String})
    else:
        text = gzip.decompress(first)
        assert re.search(rb'"timestamp":"2013-03-01T\d\d:\d\d:00Z"', text)
        read = pl.read_ndjson(text, infer_schema_length=None)
    if read.schema["timestamp"] == pl.String:
        moment = pl.col("timestamp").str.to_datetime(
            "%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"
        )
        read = read.with_columns(moment)
    assert read.equals(rows.cast(read.schema))


def test_a_model_that_is_not_in_the_file_is_named() -> None:
    with pytest.raises(SystemExit, match="'taxi'"):
        load_parameters("taxi", demo_pipeline_dir() / "params.yaml")
