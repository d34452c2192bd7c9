"""What can be wrong with a file as bytes, as lines, and as packed data?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from tests.fuzz.drafts import Draft, Operation, packed

_GARBAGE = (
    b"\x00", b"\x00" * 64, b"\xff", b"\xfe\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n", b"\n\n\n",
    b"\r\n", b'"', b'""', b"'", b",", b";", b"{", b"}", b"[", b"]", b"\\", b"\x1a", b"\x01", b"\x1f\x8b", b"PAR1",
    b"ARROW1", b"\xff\xff\xff\xff", b"\x28\xb5\x2f\xfd", b"NaN", b"null", b"-", b"\xe2\x80\xa8", b"x" * 300,
)  # fmt: skip
_LINES = (
    b"", b" ", b"{}", b"[]", b"null", b"1", b'"x"', b"{", b'{"a":1}', b'{"a":1}{"b":2}', b",,,,", b"# comment", b"\x00",
    b"Traceback (most recent call last):", b'{"":""}', b'{"prediction_id":"p1"}', b"[1,2,3]", b"\xff\xfe", b'"',
    b"id,id",
    b'{"\\ud800":1}', b'{"a":"\\ud800"}',
)  # fmt: skip
_ENDINGS = (
    "", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".log", ".txt", ".gz", ".zst",
    ".csv.gz", ".json.zst", ".parquet.gz", ".JSONL", ".log.2026-11-20", ".snappy.parquet",
)  # fmt: skip
_FOLDERS = (
    "ground-truth/2026", "model_inputs", "model_outputs", "a=1/b=__HIVE_DEFAULT_PARTITION__", "[x]", "it's", "sp ace",
    "100%", "é", "schema", "2026/11/20/14", 'q"', "new\nline",
)  # fmt: skip


def _cut(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(draft.data[: rng.randrange(len(draft.data) + 1)])


def _behead(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(draft.data[rng.randrange(len(draft.data) + 1) :])


def _flip(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    if not draft.data:
        return None
    data = bytearray(draft.data)
    for _number in range(rng.choice((1, 1, 2, 8, 40))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return draft.holding(bytes(data))


def _flip_bit(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    if not draft.data:
        return None
    data = bytearray(draft.data)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return draft.holding(bytes(data))


def _insert(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    place = rng.randrange(len(draft.data) + 1)
    return draft.holding(draft.data[:place] + rng.choice(_GARBAGE) + draft.data[place:])


def _span(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    start = rng.randrange(len(draft.data) + 1)
    end = min(len(draft.data), start + rng.choice((1, 4, 30, 500)))
    piece = draft.data[start:end]
    instead = rng.choice((b"", piece + piece, b"\x00" * len(piece), piece[::-1]))
    return draft.holding(draft.data[:start] + instead + draft.data[end:])


def _empty(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(
        rng.choice((b"", b"\n", b" ", b"\xef\xbb\xbf", b"\x00", b"{}", b"[]", b"\r\n\r\n"))
    )


def _end(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(
        rng.choice((draft.data.rstrip(b"\r\n"), draft.data + rng.choice(_GARBAGE)))
    )


def _bom(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(
        rng.choice((b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xff\xfe", b"\n", b" "))
        + draft.data
    )


def _recode(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    try:
        return draft.holding(
            draft.data.decode().encode(rng.choice(("utf-16", "utf-16-le", "latin-1", "utf-32")))
        )
    except UnicodeError:
        return None


def _line_ends(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return draft.holding(
        draft.data.replace(b"\n", rng.choice((b"\r\n", b"\r", b"\n\n", b"\n\r", b"\x00\n", b" \n")))
    )


def _splice(rng: Random, draft: Draft, others: Sequence[Draft]) -> Draft:
    same = [one for one in others if one.group == draft.group]
    other = rng.choice(same if same and rng.random() < 0.5 else others).data
    here, there = rng.randrange(len(draft.data) + 1), rng.randrange(len(other) + 1)
    return draft.holding(
        rng.choice(
            (
                draft.data + other,
                draft.data[:here] + other[there:],
                other[:there] + draft.data[here:],
            )
        )
    )


def _splice_lines(rng: Random, draft: Draft, others: Sequence[Draft]) -> Draft:
    lines = draft.data.split(b"\n") + rng.choice(others).data.split(b"\n")
    return draft.holding(b"\n".join(rng.sample(lines, len(lines))))


def _lines(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    lines = draft.data.split(b"\n")
    place = rng.randrange(len(lines))
    kind = rng.randrange(8)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(rng.randrange(len(lines)), lines[place])
    elif kind == 2:
        lines.insert(place, rng.choice(_LINES))
    elif kind == 3:
        lines[place] = lines[place][: rng.randrange(len(lines[place]) + 1)]
    elif kind == 4:
        rng.shuffle(lines)
    elif kind == 5 and place + 1 < len(lines):
        lines[place : place + 2] = [lines[place] + lines[place + 1]]
    elif kind == 6:
        lines[1:] = [line for line in lines[1:] for _copy in range(rng.choice((1, 2, 9)))]
    else:
        lines[place : place + 1] = [lines[place], b"", b"  ", b""]
    return draft.holding(b"\n".join(lines))


def _long_line(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    lines = draft.data.split(b"\n")
    place = rng.randrange(len(lines))
    lines[place] = lines[place].replace(b"1", b"1" * rng.choice((50, 5000)), 3) + b"x" * 20_000
    return draft.holding(b"\n".join(lines))


def _as_array(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    lines = [line for line in draft.data.split(b"\n") if line.strip()]
    if not lines or not lines[0].startswith(b"{"):
        return None
    ends = rng.choice(((b"[", b"]"), (b"[", b""), (b"[\n", b"\n]\n"), (b"", b""), (b"[[", b"]]")))
    return draft.holding(ends[0] + rng.choice((b",", b",\n", b"", b" ,")).join(lines) + ends[1])


def _pretty(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft | None:
    try:
        records = [json.loads(line) for line in draft.data.decode().splitlines() if line.strip()]
        return draft.holding("\n".join(json.dumps(one, indent=2) for one in records).encode())
    except (ValueError, RecursionError):
        return None


def _pack(rng: Random, draft: Draft, _: Sequence[Draft]) -> Draft:
    return packed(draft, rng.choice(("gz", "zst")))


def _pack_badly(rng: Random, draft: Draft, others: Sequence[Draft]) -> Draft | None:
    done = packed(draft, rng.choice(("gz", "zst")))
    if rng.random() < 0.3:  # two members, the second of something else
        return done.holding(done.data + packed(rng.choice(others), done.name[-3:].strip(".")).data)
    return rng.choice((_cut, _flip, _flip_bit, _span, _end))(rng, done, others)


def _rename(rng: Random, draft: Draft, others: Sequence[Draft]) -> Draft:
    folder, _, name = draft.name.rpartition("/")
    stem = name.split(".")[0]
    kind = rng.randrange(4)
    if kind == 0:
        return replace(draft, name=f"{rng.choice(_FOLDERS)}/{name}")
    if kind == 1:
        return replace(draft, name=rng.choice(others).name)
    if kind == 2:
        return replace(draft, name=name)
    return replace(draft, name=f"{folder}/{stem}{rng.choice(_ENDINGS)}".lstrip("/"))


BYTES: tuple[Operation, ...] = (
    _cut, _cut, _behead, _flip, _flip_bit, _insert, _insert, _span, _empty, _end, _bom, _recode, _line_ends,
    _splice, _splice,
)  # fmt: skip
LINES: tuple[Operation, ...] = (
    _lines, _lines, _lines, _lines, _splice_lines, _long_line, _as_array, _pretty,
)  # fmt: skip
OUTSIDE: tuple[Operation, ...] = (_pack, _pack, _pack, _pack_badly, _rename, _rename)
