"""What did the workspace's owner set? The settings of `workbench.toml`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.domain.card import Thresholds, key
from workbench.domain.card_checks import check_thresholds
from workbench.domain.toml_tables import Origin, check_sections, key_types, load_toml, read_table
from workbench.domain.toml_writing import commented_table
from workbench.errors import SettingsError

_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$")
_SECONDS_OF = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LENGTHS = {
    "store": ("lock_timeout", "grace", "quarantine_retention"),
    "promotion": ("hook_timeout",),
    "retrain": ("fit_timeout",),
}
BACKENDS = ("ray", "local")
_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([KMGT])(i?)B$", re.IGNORECASE)
_HEAD = """\
# The settings of this workspace. Keys behind a # have their default; take the # away to
# change one. An empty file is valid.
"""


@dataclass(frozen=True)
class StoreSettings:
    """What the store may use."""

    lock_timeout: float = key(10.0, 'seconds to queue for the store; a number or "10s"')
    memory_limit: str = key("1GB", "memory of the query engine")
    threads: int = key(0, "threads of the query engine; 0: one a core")
    grace: float = key(3600.0, 'how long files that were replaced stay for their readers, as "1h"')
    quarantine_retention: float = key(
        7776000.0, 'how long the texts of set-aside rows are kept, as "90d"; 0: for ever'
    )


@dataclass(frozen=True)
class RetrainSettings:
    """Where and how models are trained anew."""

    backend: str = key("ray", "where challengers are fitted", BACKENDS)
    address: str = key("", 'the Jobs API of a Ray cluster, as "http://10.0.0.5:8265"; empty: here')
    token_file: str = key("", "the file with the cluster's token")
    shared: str = key("", "a folder that the cluster sees too, for models; empty: none is needed")
    workers: int = key(0, "fits at the same time; 0: one a core, at most 4")
    fit_timeout: float = key(600.0, 'how long one fit may take, as "10m"')
    memory_limit: str = key(
        "", 'memory of one fit, as "2GB"; empty: 80 % of the machine\'s, split among fits at once'
    )
    object_memory: str = key("200MB", "shared memory of a Ray that is started here")


@dataclass(frozen=True)
class DisplaySettings:
    """How things are shown."""

    low_bandwidth: bool = key(False, "fewer redraws, for a slow line")


@dataclass(frozen=True)
class PromotionSettings:
    """What follows a promotion or a rollback."""

    hook: str = key(
        "",
        "a command, run without a shell; WORKBENCH_MODEL, WORKBENCH_VERSION, WORKBENCH_ARTIFACT and "
        "WORKBENCH_PREVIOUS are in its environment",
    )
    hook_timeout: float = key(60.0, 'how long it may take, as "2m"')


@dataclass(frozen=True)
class Settings:
    """Everything that `workbench.toml` says, with the defaults filled in."""

    store: StoreSettings = field(default_factory=StoreSettings)
    display: DisplaySettings = field(default_factory=DisplaySettings)
    promotion: PromotionSettings = field(default_factory=PromotionSettings)
    retrain: RetrainSettings = field(default_factory=RetrainSettings)
    thresholds: Thresholds = field(default_factory=Thresholds)
    """What holds for thresholds that a model card does not give."""


SECTIONS: Mapping[str, type] = key_types(Settings)
"""The tables of `workbench.toml`, in order, and the dataclass of each."""


def parse_settings(text: str, where: str) -> Settings:
    r"""The settings that a TOML text holds; an empty text holds the defaults.

    Args:
        text: the text of `workbench.toml`.
        where: the file's name, for messages.

    Raises:
        SettingsError: it is not TOML, a key is unknown (the hint names the nearest) or its
            value cannot be used.

    >>> parse_settings('[store]\nlock_timeout = "2m"', "workbench.toml").store.lock_timeout
    120.0
    """
    origin = Origin(where, SettingsError)
    document = load_toml(text, origin)
    check_sections(document, SECTIONS, origin)
    for section, names in _LENGTHS.items():
        given = document.get(section, {})
        for name in names:
            if name in given:
                given[name] = _seconds(given[name], section, name, origin)
    tables: dict[str, Any] = {
        section: read_table(kind, document.get(section, {}), section, origin)
        for section, kind in SECTIONS.items()
    }
    settings = Settings(**tables)
    _check(settings, origin)
    return settings


def settings_toml() -> str:
    """The `workbench.toml` of a new workspace: every key, its meaning and its default."""
    settings = Settings()
    tables = (commented_table(section, getattr(settings, section)) for section in SECTIONS)
    return "\n".join([_HEAD, *tables])


def _seconds(value: Any, section: str, name: str, origin: Origin) -> Any:
    if not isinstance(value, str):
        return value
    match = _SECONDS.match(value.strip())
    if match is None:
        raise origin.mistake(
            f"[{section}] {name} {value!r} is not a length of time", "Write it as 10, 10s or 1h."
        )
    return float(match.group(1)) * _SECONDS_OF[match.group(2)]


def _check(settings: Settings, origin: Origin) -> None:
    store = settings.store
    if store.lock_timeout < 0:
        raise origin.mistake("[store] lock_timeout is below 0", "Write it as 10 or as 10s.")
    if store.grace < 0:
        raise origin.mistake("[store] grace is below 0", 'Write it as 3600 or as "1h".')
    if store.quarantine_retention < 0:
        raise origin.mistake(
            "[store] quarantine_retention is below 0", 'Write it as "90d", or 0 for ever.'
        )
    if not _SIZE.match(store.memory_limit.strip()):
        raise origin.mistake(
            f"[store] memory_limit {store.memory_limit!r} is not a size", "Write it as 1GB."
        )
    if store.threads < 0:
        raise origin.mistake("[store] threads is below 0", "Write 0 for one a core.")
    if not 0 < settings.promotion.hook_timeout <= 86400:
        raise origin.mistake(
            "[promotion] hook_timeout is no length of up to a day", 'Write it as 60 or as "2m".'
        )
    try:
        shlex.split(settings.promotion.hook)
    except ValueError as error:
        raise origin.mistake(
            f"[promotion] hook cannot be read as a command: {error}",
            "Close every quotation mark; it is run without a shell.",
        ) from error
    retrain = settings.retrain
    if retrain.fit_timeout <= 0:
        raise origin.mistake("[retrain] fit_timeout is not above 0", "Write it as 600 or as 10m.")
    if retrain.workers < 0:
        raise origin.mistake("[retrain] workers is below 0", "Write 0 for one a core.")
    for name in ("memory_limit", "object_memory"):
        size = getattr(retrain, name)
        if size and not _SIZE.match(size.strip()):
            raise origin.mistake(f"[retrain] {name} {size!r} is not a size", "Write it as 2GB.")
    check_thresholds(settings.thresholds, origin)


def size_bytes(text: str) -> int:
    """A size in bytes; 0 for an empty text.

    >>> size_bytes("200MB"), size_bytes("1.5 GiB"), size_bytes("")
    (200000000, 1610612736, 0)
    """
    found = _SIZE.match(text.strip())
    if found is None:
        return 0
    power = "KMGT".index(found[2].upper()) + 1
    return int(float(found[1]) * (1024 if found[3] else 1000) ** power)
