"""What does a fresh clone need before it can run? One file that sets up and starts.

    python3 bootstrap.py demo [ARGUMENTS]     the demo of the workbench
    python3 bootstrap.py test [ARGUMENTS]     the tests, with pytest's arguments
    python3 bootstrap.py setup                only the virtual environment of a developer
    python3 bootstrap.py lock [ARGUMENTS]     requirements.lock made anew, with uv's arguments

It needs Python 3.11 or newer, pip and git, and writes nothing outside the clone but pip's own
cache. The syntax stays readable for Python 3.6, so that an old one is told what is missing.
"""

import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
SCRIPTS = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(SCRIPTS, "python.exe" if os.name == "nt" else "python")
LOCK = os.path.join(ROOT, "requirements.lock")
MARKER = os.path.join(VENV, "workbench-setup.txt")


class SetupError(Exception):
    """Setting up failed; the text says what to do."""


def main(arguments: "list[str]") -> int:
    """Sets up what the first argument asks for, and starts it.

    Returns:
        The exit code; a demo and the tests take the place of this process instead.
    """
    command = arguments[0] if arguments else ""
    if command not in ("demo", "test", "setup", "lock"):
        print(__doc__)
        return 0 if command in ("", "-h", "--help", "help") else 2
    try:
        check_python()
        set_up("demo" if command == "demo" else "dev")
        if command == "lock":
            make_lock(arguments[1:])
    except SetupError as error:
        print("error: {}".format(error), file=sys.stderr)
        return 1
    if command == "demo":
        if all(argument.startswith("-") for argument in arguments[1:]):
            os.chdir(ROOT)  # the demo's folder, when none is named, is in the clone
        start([os.path.join(SCRIPTS, "workbench"), "demo", *arguments[1:]])
    if command == "test":
        # The numeric libraries would start a thread a core in every process of every test.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.chdir(ROOT)
        # A whole run is worth a process a core; one file is not.
        spread = [] if arguments[1:] else ["-n", "auto", "--dist", "worksteal"]
        start([PYTHON, "-m", "pytest", *spread, *arguments[1:]])
    return 0


def check_python() -> None:
    """Refuses a Python that is too old, naming one on this machine that is not."""
    if sys.version_info >= OLDEST:
        return
    newer = ["python3.{}".format(minor) for minor in range(20, OLDEST[1] - 1, -1)]
    found = [name for name in newer if shutil.which(name)]
    raise SetupError(
        "Python {}.{} or newer is needed, and this is {}.\nhint: {}".format(
            OLDEST[0],
            OLDEST[1],
            sys.version.split()[0],
            "Run it with {}.".format(found[0]) if found else "Install it and run this again.",
        )
    )


def set_up(kind: str) -> None:
    """Makes the virtual environment, or leaves one alone that is already right.

    Args:
        kind: `demo` for what the program needs, `dev` for everything in the lock.

    A demo takes its versions from the lock as constraints, so that nobody who only wants to
    look downloads a developer's tools. pip does the work, not the faster uv: only pip reads
    the user's own pip settings, without which there may be no registry to reach.
    """
    place, wanted = venv_place(), wanted_versions()
    done = read(MARKER).split()
    if done[:2] == [place, wanted] and (kind in done[2:] or "dev" in done[2:]):
        return
    print("Setting up .venv: the first time takes a few minutes of downloads ...", file=sys.stderr)
    # One without a marker is half made, or somebody's own: pip completes it.
    if not place or (done and done[0] != place):
        make_venv()
        place = venv_place()
    pip = [*pip_command(), "install", "--disable-pip-version-check"]
    pip += [] if sys.stderr.isatty() else ["--quiet"]
    if kind == "dev":
        run([*pip, "-r", LOCK])
        run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT])
    else:
        # What builds the package is held to the lock as well, by the settings' old and new name.
        lock = pathlib.Path(LOCK).as_uri()
        os.environ.update(PIP_CONSTRAINT=lock, PIP_BUILD_CONSTRAINT=lock)
        run([*pip, "-e", ROOT + "[demo]"])
    kinds = done[2:] if done[:2] == [place, wanted] else []
    with open(MARKER, "w") as marker:
        marker.write(" ".join([place, wanted, *kinds, kind]) + "\n")


def venv_place() -> str:
    """A hash of where the virtual environment is and which Python it has; empty: it cannot run.

    Its scripts hold its full path, so that a clone that was moved needs a new one.
    """
    question = "import sys; print(sys.version); sys.exit(sys.version_info < {})".format(OLDEST)
    try:
        answer = subprocess.check_output([PYTHON, "-c", question], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return hashlib.sha256(VENV.encode("utf-8", "surrogateescape") + answer).hexdigest()[:16]


def wanted_versions() -> str:
    """A hash of the files that say what is to be installed."""
    text = read(LOCK) + read(os.path.join(ROOT, "pyproject.toml"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_venv() -> None:
    """A fresh virtual environment; without pip where Python came without `ensurepip`."""
    if not importlib.util.find_spec("venv"):
        raise SetupError("this Python has no venv module.\nhint: Install it (python3-venv).")
    # Of the environment's own Python only the machine's beneath it survives the clearing.
    python = getattr(sys, "_base_executable", sys.executable)
    arguments = [python, "-m", "venv", "--clear"]
    run(arguments + ([] if importlib.util.find_spec("ensurepip") else ["--without-pip"]) + [VENV])


def pip_command() -> "list[str]":
    """The environment's own pip, or the machine's working on the environment."""
    if os.path.exists(os.path.join(SCRIPTS, "pip.exe" if os.name == "nt" else "pip")):
        return [PYTHON, "-m", "pip"]
    if not importlib.util.find_spec("pip"):
        raise SetupError("this Python has no pip.\nhint: Install it (python3-pip).")
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def make_lock(arguments: "list[str]") -> None:
    """Writes `requirements.lock` anew; a lock that names a place to download from is refused."""
    draft = os.path.join(VENV, "requirements.lock")
    shutil.copyfile(LOCK, draft)  # uv keeps the versions in it unless told --upgrade
    run(
        [
            os.path.join(SCRIPTS, "uv"),
            "pip",
            "compile",
            os.path.join(ROOT, "pyproject.toml"),
            "--universal",
            "--python-version",
            "3.11",
            "--extra",
            "demo",
            "--group",
            os.path.join(ROOT, "pyproject.toml") + ":dev",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--no-emit-index-url",
            "--no-emit-find-links",
            "--output-file",
            draft,
            *arguments,
        ]
    )
    lines = read(draft).splitlines()
    strange = [line for line in lines if not re.match(r"[A-Za-z0-9._-]+==[^\s/@]+( ; .+)?$", line)]
    if strange or not lines:
        raise SetupError(
            "the lock would hold more than names and versions: {}".format(strange[:1] or "nothing")
        )
    shutil.copyfile(draft, LOCK)


def read(path: str) -> str:
    """A text file, or nothing where there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def run(arguments: "list[str]") -> None:
    """Runs a program to its end, its output on stderr; its failure is this one's."""
    code = subprocess.call(arguments, stdout=sys.stderr)
    if code:
        raise SetupError(
            "{} ended with {}.\nhint: Its own message stands above; .venv may be deleted "
            "at any time.".format(" ".join(map(os.path.basename, arguments[:4])), code)
        )


def start(arguments: "list[str]") -> None:
    """Hands this process over to a program (on Windows, which cannot, waits for it)."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(arguments))
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
