"""One row a flight: when it was due, when it left (both UTC), how it went, and the weather.

`python prepare.py` writes flights.parquet.
"""

from __future__ import annotations

import polars as pl
from flight_source import package_data, read_flights, read_weather

NEW_YORK = "America/New_York"
KEPT = [
    "prediction_id", "scheduled", "departed", "carrier", "origin", "dest", "distance",
    "hour", "weekday", "dep_delay", "air_time", "arr_delay",
]  # fmt: skip
WEATHER = [
    "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib",
]  # fmt: skip


def prepare(flights: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
    """The flights with UTC moments, an id of their own, and the weather of their hour.

    `scheduled` is the scheduled departure, `departed` the departure (null: cancelled).
    `hour` and `weekday` (1 is Monday) stay in New York's time, which the schedule is made in.
    The weather is that of the airport of origin in the hour of the scheduled departure; its
    columns are null where nothing was recorded.
    """
    clock = pl.col("sched_dep_time")
    local = pl.datetime(
        "year", "month", "day", clock // 100, clock % 100, time_zone=NEW_YORK, time_unit="us"
    )
    hours = weather.select(
        "origin",
        pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC"),
        *(pl.col(name).cast(pl.Float64) for name in WEATHER),
    )
    return (
        flights.with_columns(
            scheduled=local.dt.convert_time_zone("UTC"),
            weekday=local.dt.weekday().cast(pl.Int64),
            # Unique: no airline has two flights of one number from one airport at one minute.
            prediction_id=pl.concat_str(
                "carrier",
                "flight",
                pl.lit("-"),
                "origin",
                pl.lit("-"),
                local.dt.strftime("%Y%m%dT%H%M"),
            ),
        )
        .with_columns(
            departed=pl.col("scheduled") + pl.duration(minutes="dep_delay"),
            time_hour=pl.col("scheduled").dt.truncate("1h"),
        )
        .join(hours, on=["origin", "time_hour"], how="left", validate="m:1")
        .select(*KEPT, *WEATHER)
        .sort("scheduled", "prediction_id")
    )


def main() -> None:
    """Reads the package's files and writes `flights.parquet`."""
    folder = package_data()
    prepare(read_flights(folder), read_weather(folder)).write_parquet("flights.parquet")


if __name__ == "__main__":
    main()
