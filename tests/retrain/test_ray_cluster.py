"""The same run on a real cluster of two nodes with a token, of which one is killed in the middle.

It takes more than a minute: asked for with WORKBENCH_CLUSTER=1.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.retrain.runs import assert_no_process_left, registry_of, turned_workspace, until
from workbench.retrain.keeper import descendants
from workbench.retrain.ray_environment import ray_variables
from workbench.workspace import Workspace
from workbench.workspace.planning_runs import Asked

pytestmark = pytest.mark.skipif(
    os.environ.get("WORKBENCH_CLUSTER") != "1", reason="takes minutes: WORKBENCH_CLUSTER=1 runs it"
)

PORT, JOBS = 26_391, 28_277
ADDRESS = f"http://127.0.0.1:{JOBS}"


@dataclass
class Cluster:
    """Two nodes of this machine, each a session of its own."""

    token: Path
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> None:
        ray = Path(sys.executable).with_name("ray")
        self.nodes.append(
            subprocess.Popen(
                [str(ray), "start", "--block", "--num-cpus=1", "--object-store-memory=100000000",
                 "--disable-usage-stats", *arguments],
                env=os.environ | ray_variables(self.token)
                | {"PYTHONPATH": str(Path(__file__).parents[2])}
                | {"PATH": f"{ray.parent}:{os.environ['PATH']}"},
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
        )  # fmt: skip

    def end(self, node: int) -> None:
        """Kills a node with all that it started; by their numbers, never by a name."""
        process = self.nodes[node]
        below = [process.pid, *descendants([process.pid])]
        for one in below:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="wb-ray-", dir="/tmp"))
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    made = Cluster(token)
    try:
        made.start(
            "--head", f"--port={PORT}", f"--dashboard-port={JOBS}", "--dashboard-host=127.0.0.1",
            "--include-dashboard=true", f"--temp-dir={folder}",
        )  # fmt: skip
        until(lambda: _answers(token), 120)
        made.start(f"--address=127.0.0.1:{PORT}")
        until(lambda: _nodes(token) == 2, 90)
        yield made
    finally:
        for node in reversed(range(len(made.nodes))):
            if made.nodes[node].poll() is None:
                made.end(node)
        shutil.rmtree(folder, ignore_errors=True)


def _ask(token: Path, program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | ray_variables(token),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.stdout.strip() if done.returncode == 0 else ""


def _answers(token: Path) -> bool:
    program = f"from ray.job_submission import JobSubmissionClient as C; C({ADDRESS!r}); print(1)"
    return _ask(token, program) == "1"


def _nodes(token: Path) -> int:
    program = (
        "import urllib.request, json, os; "
        f"r = urllib.request.Request({ADDRESS!r} + '/nodes?view=summary', headers="
        "{'Authorization': 'Bearer ' + open(os.environ['RAY_AUTH_TOKEN_PATH']).read()}); "
        "d = json.load(urllib.request.urlopen(r)); "
        "print(sum(n['raylet'].get('state') == 'ALIVE' for n in d['data']['summary']))"
    )
    return int(_ask(token, program) or 0)


def on_cluster(folder: Path, token: Path, recipe: str, more: str = "") -> Workspace:
    """A workspace whose settings name the cluster's token."""
    ws = turned_workspace(folder, recipe)
    (ws.root / "workbench.toml").write_text(
        f'[retrain]\nworkers = 2\nfit_timeout = "120s"\ntoken_file = "{token}"\n{more}'
    )
    return Workspace.open(ws.root)


def test_a_run_survives_the_death_of_the_second_node(cluster: Cluster, tmp_path: Path) -> None:
    ws = on_cluster(tmp_path, cluster.token, "recipes_of_tests:some_seconds")
    started = ws.retraining.start("m", Asked(most_fits=4, address=ADDRESS, author="tests"))
    until(lambda: sum(f.state == "fitting" for f in ws.retraining.run(started.id).fits) == 2, 120)
    cluster.end(1)
    ended = ws.retraining.wait(started.id)
    log = "\n".join(ws.retraining.log(started.id))
    assert ended.state == "succeeded", (ended.reason, log)
    assert [one.state for one in ended.fits] == ["fitted"] * 4
    assert ended.result is not None
    assert (ws.root / ended.result.artifact).is_file()
    assert_no_process_left(ws, started.id)


def test_without_the_token_the_cluster_says_no(cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "token"
    other.write_text("another")
    ws = on_cluster(tmp_path, other, "linear")
    before = registry_of(ws)
    started = ws.retraining.start("m", Asked(most_fits=1, address=ADDRESS, author="tests"))
    ended = ws.retraining.wait(started.id)
    assert ended.state == "failed"
    assert "cannot be used" in (ended.reason or "")
    assert "another" not in (ended.reason or "")
    assert registry_of(ws) == before


def test_the_model_comes_back_through_a_folder_that_both_see(
    cluster: Cluster, tmp_path: Path
) -> None:
    shared = tmp_path / "storage"
    shared.mkdir()
    ws = on_cluster(tmp_path, cluster.token, "linear", f'shared = "{shared}"\n')
    asked = Asked(most_fits=1, address=ADDRESS, author="tests")
    ended = ws.retraining.wait(ws.retraining.start("m", asked).id)
    assert ended.state == "succeeded", (ended.reason, ws.retraining.log(ended.id))
    assert ended.result is not None
    assert (ws.root / ended.result.artifact).is_file()
    assert list(shared.iterdir()) == []
    # What the job told of its files: where they lay, and not what is in them.
    program = (
        f"from ray.job_submission import JobSubmissionClient as C; c = C({ADDRESS!r}); "
        "print(c.get_job_logs(max(c.list_jobs(), key=lambda j: j.start_time).submission_id))"
    )
    told = _ask(cluster.token, program)
    for name in ("model.skops", "scored.parquet"):
        assert re.search(rf'"path": "{ended.id}-[0-9a-f]{{16}}-{name}"', told), told[-2000:]
    assert "base64" not in told
    assert_no_process_left(ws, ended.id)
