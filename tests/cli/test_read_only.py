"""A workspace that cannot be written: every question is answered, every change refused with a hint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.command import Ended, make_workspace
from tests.logs import binary_log

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
MOUNTED = (
    "unshare", "--mount", "sh", "-c",
    'mount -o bind,ro "$1" "$1" && shift && exec "$@"', "sh",
)  # fmt: skip
QUESTIONS = [
    ("status",),
    ("status", "--json"),
    ("--as-of", "2024-02-01T12:30:00Z", "status"),
    ("performance", "m", "--period", "all"),
    ("performance", "m", "--period", "2024-02-01T03:20/2024-02-01T09:10"),
    ("performance", "m", "--period", "all", "--by", "1h", "--segment", "c"),
    ("drift", "m", "--period", "all"),
    ("quality", "m", "--period", "all"),
    ("drift", "m", "--period", "2024-02-01T00:00/2024-02-01T12:00"),
    ("model", "list"),
    ("model", "show", "m"),
    ("model", "check"),
    ("report", "m", "--format", "md", "-o", "-"),
    ("incident", "list", "--json"),
    ("event", "list", "--json"),
]
CHANGES = [
    ("ingest", "more.csv", "--model", "m"),
    ("model", "add", "n", "--reference", "data/reference.parquet"),
    ("incident", "open", "m", "up"),
    ("event", "add", "m", "x", "--kind", "deploy", "--at", "2024-02-01"),
]


def works(prefix: Sequence[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_workspace(tmp_path_factory.mktemp("read-only") / "ws")
    binary_log(50, first_id=9000).write_csv(root / "more.csv")
    return root


@pytest.fixture(params=["folder", "mount"])
def read_only(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path
) -> Iterator[tuple[Path, list[str]]]:
    """A read-only workspace, and what a command must be started with to find it so."""
    root = tmp_path / "ws"
    shutil.copytree(template, root)
    prefix: list[str] = []
    if request.param == "mount":
        prefix = [*MOUNTED, str(root)]
        if not works(prefix):
            pytest.skip("nothing may be mounted here")
    elif os.geteuid() == 0:
        prefix = list(UNPRIVILEGED)
        if not works(prefix):
            pytest.skip("root writes everywhere, and setpriv is not here")
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    if request.param == "folder":
        for folder in folders:
            folder.chmod(0o500)
    yield root, prefix
    for folder in folders:
        folder.chmod(0o700)


RUN = """
import json, sys
from tests.cli.command import workbench
root, *texts = sys.argv[1:]
print(json.dumps([vars(workbench("-C", root, *json.loads(text))) for text in texts]))
"""


def run(prefix: Sequence[str], root: Path, *commands: Sequence[str]) -> list[Ended]:
    """Runs commands in one process."""
    texts = [json.dumps(command) for command in commands]
    done = subprocess.run(
        [*prefix, sys.executable, "-c", RUN, str(root), *texts],
        check=True, stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    return [Ended(**ended) for ended in json.loads(done.stdout)]


@pytest.mark.parametrize("locks", [True, False], ids=["with-locks", "without-locks"])
def test_every_question_is_answered(read_only: tuple[Path, list[str]], locks: bool) -> None:
    root, prefix = read_only
    if not locks:
        for lock in (root / ".workbench").glob("*.lock"):
            lock.parent.chmod(0o700)
            lock.unlink()
            lock.parent.chmod(0o500)
    before = sorted(root.rglob("*"))
    for question, found in zip(QUESTIONS, run(prefix, root, *QUESTIONS), strict=True):
        assert found.code == 0, (question, found)
        assert "error:" not in found.out + found.err, question
        assert found.out
    assert sorted(root.rglob("*")) == before


def test_a_check_answers_and_says_that_it_could_not_record(
    read_only: tuple[Path, list[str]],
) -> None:
    root, prefix = read_only
    card = root / "models" / "m.toml"
    card.write_text(card.read_text().replace("[monitoring]", '[monitoring]\nexpect_every = "1d"'))
    (root / ".workbench" / "store.duckdb").chmod(0o400)
    before = sorted(root.rglob("*"))
    text, document = run(prefix, root, ("check",), ("check", "m", "--json"))
    assert text.code == document.code == 2, text
    assert document.document["exit_code"] == 2
    assert text.out.startswith("CRITICAL - m silence: ")
    assert "could not record what was found" in text.err
    assert "could not record what was found" in document.document["notes"][0]
    assert document.document["alerts"][0]["id"] is None
    assert sorted(root.rglob("*")) == before


def test_every_change_is_refused_with_a_hint(read_only: tuple[Path, list[str]]) -> None:
    root, prefix = read_only
    before = sorted(root.rglob("*"))
    for found in run(prefix, root, *CHANGES):
        found.assert_refused()
    assert sorted(root.rglob("*")) == before


def test_a_copy_on_a_read_only_medium_keeps_the_baseline_of_its_reference(
    read_only: tuple[Path, list[str]],
) -> None:
    root, prefix = read_only
    os.utime(root / "data" / "reference.parquet")
    (found,) = run(prefix, root, ("performance", "m", "--period", "all"))
    assert found.code == 0, found


def test_readers_of_a_read_only_mount_and_a_writer_beside_it_respect_one_another(
    template: Path, tmp_path: Path
) -> None:
    root = tmp_path / "ws"
    shutil.copytree(template, root)
    prefix = [*MOUNTED, str(root)]
    if not works(prefix):
        pytest.skip("nothing may be mounted here")
    (root / "workbench.toml").write_text("[store]\nlock_timeout = 0.3\n", encoding="utf-8")
    code = (
        "import sys, workbench\nfrom workbench.store.connections import reading, writing\n"
        "ws = workbench.open(sys.argv[1])\n"
        "with writing(ws.store, 'compacting') if sys.argv[2] == 'write' else reading(ws.store):\n"
        "    print('in', flush=True)\n    sys.stdin.read()\n"
    )
    for first, prefixes in (("write", ([], prefix)), ("read", (prefix, []))):
        holder = subprocess.Popen(
            [*prefixes[0], sys.executable, "-c", code, str(root), first],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        question = (
            ("model", "check") if first == "write" else ("ingest", "more.csv", "--model", "m")
        )
        (found,) = run(prefixes[1], root, question)
        assert found.code == 1
        assert "is busy" in found.out + found.err
        holder.communicate("")
