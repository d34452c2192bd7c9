"""`workbench.toml`: empty is valid, every mistake is named."""

from __future__ import annotations

import pytest

from workbench.domain.card import Thresholds
from workbench.errors import SettingsError
from workbench.settings import Settings, parse_settings, settings_toml


def test_an_empty_file_and_the_template_hold_the_defaults() -> None:
    assert parse_settings("", "workbench.toml") == Settings()
    assert parse_settings(settings_toml(), "workbench.toml") == Settings()


def test_every_key_of_the_template_can_be_brought_in() -> None:
    brought_in = "\n".join(
        line.removeprefix("# ") if " = " in line else line for line in settings_toml().splitlines()
    )

    assert parse_settings(brought_in, "workbench.toml") == Settings()
    assert brought_in.count("\n") > 10


def test_what_is_set_is_read() -> None:
    text = """
    [store]
    memory_limit = "512 MiB"
    threads = 2
    [display]
    low_bandwidth = true
    [thresholds]
    bad_rate = [0.1, 0.2]
    """
    settings = parse_settings(text, "workbench.toml")

    assert (settings.store.memory_limit, settings.store.threads) == ("512 MiB", 2)
    assert settings.display.low_bandwidth is True
    assert settings.thresholds == Thresholds(bad_rate=(0.1, 0.2))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10", 10.0), ("0.5", 0.5), ("0", 0.0), ('"10s"', 10.0), ('"2m"', 120.0), ('"250ms"', 0.25)],
)
def test_a_timeout_is_a_number_of_seconds_or_a_length_of_time(written: str, seconds: float) -> None:
    settings = parse_settings(f"[store]\nlock_timeout = {written}", "workbench.toml")

    assert settings.store.lock_timeout == seconds


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[store]\nlocktimeout = 1", "locktimeout", "lock_timeout"),
        ("[stor]", "[stor]", "[store]"),
        ("threads = 1", "threads", "[store]"),
        ("store = 1", "[store] is a number", "[store]"),
        ('[store]\nlock_timeout = "soon"', "'soon'", "10s"),
        ("[store]\nlock_timeout = -1", "lock_timeout", "10"),
        ("[store]\nlock_timeout = true", "lock_timeout is true", "lock_timeout"),
        ('[store]\nmemory_limit = "much"', "'much'", "1GB"),
        ("[store]\nthreads = -1", "threads", "0"),
        ("[thresholds]\nbad_rate = [0.5, 0.1]", "bad_rate", "[0.1, 0.5]"),
        ("[store", "not valid TOML", ""),
    ],
)
def test_a_mistake_names_the_file_the_key_and_what_would_be_right(
    text: str, message: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "workbench.toml")

    assert caught.value.message.startswith("workbench.toml: ")
    assert message in caught.value.message
    assert hint in caught.value.hint
