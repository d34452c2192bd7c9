# `just` alone lists the recipes. Every one sets up what it needs first.

bin := ".venv/bin"
export OMP_NUM_THREADS := "1"

[private]
default:
    @just --list --unsorted

# make or update the virtual environment from requirements.lock
setup:
    @python3 bootstrap.py setup

# run the demo: three models in trouble, in the terminal UI
demo *arguments:
    @python3 bootstrap.py demo {{ arguments }}

# run the tests; arguments go to pytest
test *arguments:
    @python3 bootstrap.py test {{ arguments }}

# everything that CI runs
check:
    @.ci/run

# format the code and mend what the linter can
format: setup
    {{ bin }}/ruff check --fix-only .
    {{ bin }}/ruff format .

# format, style, layers and notebooks, without the tests
lint: setup
    {{ bin }}/ruff format --check .
    {{ bin }}/ruff check .
    {{ bin }}/lint-imports --no-cache --no-logo
    {{ bin }}/marimo -q check --strict notebooks/*.py

# strict type check
types: setup
    {{ bin }}/mypy

# accept the terminal UI as it is now as the snapshots to compare with
snapshots *arguments: setup
    {{ bin }}/python -m pytest tests/tui --snapshot-update {{ arguments }}

# measure the product: `just bench ingest` and `just bench diff` beside DuckDB, `just bench pages` false and true alarms
bench what="ingest" *arguments: setup
    {{ bin }}/python benchmarks/{{ what }}.py {{ arguments }}

# how often is the verdict right? `just triage-bench --seeds 3`; see benchmarks/triage_README.md
triage-bench *arguments="--seeds 1": setup
    {{ bin }}/python benchmarks/triage.py {{ arguments }}

# kill ingests and housekeeping 200 times at named steps and at any time; nothing may be lost
crash *arguments="200": setup
    {{ bin }}/python -m tests.crash.run {{ arguments }}

# two ingests, two readers, two statuses and the terminal UI on one workspace for a minute
soak *arguments="60": setup
    {{ bin }}/python -m tests.soak.run {{ arguments }}

# ingest 10,000 damaged files and look whether the contract holds for each (number, seed, first)
fuzz *arguments: setup
    {{ bin }}/python -m tests.fuzz.run {{ arguments }}
    {{ if arguments == "" { "WORKBENCH_FUZZ_INPUTS=10000 " + bin + "/python -m pytest -q -n 2 tests/fuzz/test_rows.py" } else { "" } }}

# lock the newest versions that the requirements allow (just lock --upgrade)
lock *arguments:
    @python3 bootstrap.py lock {{ arguments }}

# the wheel, in dist/
build: setup
    {{ bin }}/python -m build --wheel --no-isolation .
