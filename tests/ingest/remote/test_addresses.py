"""URLs are taken apart as users write them, and no secret of one is ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import LogFileError
from workbench.ingest.addresses import is_url, local_path, parse_address, redacted


@pytest.mark.parametrize(
    ("url", "service", "place", "key", "name"),
    [
        ("s3://bucket/a/b.csv", "s3", "bucket", "a/b.csv", "b.csv"),
        ("s3a://bucket/a?.csv", "s3", "bucket", "a?.csv", "a?.csv"),
        ("s3://bucket", "s3", "bucket", "", "bucket"),
        ("s3://bucket/a b#%20.csv", "s3", "bucket", "a b#%20.csv", "a b#%20.csv"),
        ("gs://bucket/a/", "gs", "bucket", "a/", "a"),
        ("gcs://bucket/a", "gs", "bucket", "a", "a"),
        ("az://box/a.csv", "az", "box", "a.csv", "a.csv"),
        ("abfss://box@acc.dfs.core.windows.net/a.csv", "az", "box", "a.csv", "a.csv"),
        ("https://host/x%20y/a.csv?day=1", "https", "host", "x y/a.csv", "a.csv"),
        ("http://127.0.0.1:80/a.csv", "https", "127.0.0.1:80", "a.csv", "a.csv"),
        ("http://[::1]:80/a.csv", "https", "[::1]:80", "a.csv", "a.csv"),
    ],
)
def test_a_url_names_a_place_and_what_is_in_it(
    url: str, service: str, place: str, key: str, name: str
) -> None:
    address = parse_address(url)
    assert (address.service, address.place, address.key, address.name) == (
        service, place, key, name,
    )  # fmt: skip
    assert address.shown == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/a.csv", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://example.com/a.csv", "over http"),
        ("http://127.0.0.1.example.com/a.csv", "over http"),
        ("http://localhost@example.com/a.csv", "over http"),
        ("https:///a.csv", "no web address"),
        ("https://host:port/a.csv", "no web address"),
        ("s3:///a.csv", "bucket"),
        ("s3://bucket/a.csv?region=x", "query"),
    ],
)
def test_what_cannot_be_read_safely_is_refused_with_a_hint(url: str, said: str) -> None:
    with pytest.raises(LogFileError, match=said) as caught:
        parse_address(url)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.csv", "logs/a*.csv", "s3", "C:/a.csv", "./s3://a"])
def test_a_path_is_no_url(name: str) -> None:
    assert not is_url(name)
    assert not is_url(Path(name))


CANARY = "Zx9canary"


@pytest.mark.parametrize(
    "url",
    [
        f"https://me:{CANARY}@host/a.csv",
        f"https://{CANARY}@host/a.csv",
        f"https://me:{CANARY}/@host/a.csv",
        f"https://me:{CANARY}%40@host/a.csv",
        f"https://host/a.csv?X-Amz-Signature={CANARY}&x=1",
        f"https://host/a.csv?x=1&x-amz-credential={CANARY}",
        f"https://host/a.csv?sv=1&sig={CANARY}",
        f"https://host/a.csv?%73ig={CANARY}",
        f"https://host/a.csv?TOKEN={CANARY}",
        f"https://host/a.csv?x=1;api_key={CANARY}",
        f"https://host/a.csv?access-token={CANARY}",
        f"https://host/a.csv?q={CANARY}{'a' * 40}",
        f"https://host/a.csv?eyJ{CANARY}",
        f"https://host/a.csv#{CANARY}",
        f"s3://AKID:{CANARY}@bucket/a.csv",
        f"s3://AKID:{CANARY}/x@bucket/a.csv",
        f"s3://bucket/a.csv?secret_key={CANARY}",
        f"az://box:{CANARY}@acc/a.csv",
        f"az://box/a.csv?sv=1&sig={CANARY}",
        f"ftp://me:{CANARY}@host/a",
    ],
)
def test_no_secret_of_a_url_is_shown(url: str) -> None:
    assert CANARY not in redacted(url)
    try:
        address = parse_address(url)
    except LogFileError as error:
        said = error.message + error.hint
    else:
        said = f"{address.shown} {address!r} {address.sibling('b.csv').shown}"
    assert CANARY not in said


def test_what_is_no_secret_of_a_query_stays() -> None:
    url = "https://host/a.csv?day=2024-01-01&part=3&se=4&expires=5"
    assert redacted(url) == url
    assert redacted(f"{url}&sig=x") == "https://host/a.csv?day=2024-01-01&part=3"


@given(st.text(max_size=300))
def test_a_copy_never_leaves_its_folder(key: str) -> None:
    folder = Path("/work")
    for url in (f"s3://bucket/{key}", f"https://host/{key}"):
        try:
            address = parse_address(url)
        except LogFileError:
            continue
        path = local_path(folder, address)
        assert path.is_relative_to(folder)
        assert ".." not in path.parts
        assert all(len(part.encode("utf-8", "replace")) < 256 for part in path.parts)


def test_a_long_name_keeps_its_ending(tmp_path: Path) -> None:
    path = local_path(tmp_path, parse_address(f"s3://bucket/{'é' * 400}.csv.gz"))
    path.parent.mkdir(parents=True)
    path.write_text("a")
    assert path.name.endswith("é.csv.gz")
