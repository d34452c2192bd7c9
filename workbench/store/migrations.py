"""Which tables does the catalog have? One list of steps, each taken once and in order.

A step is never edited after a release: a change of the schema is a new step.
"""

from __future__ import annotations

from typing import Any

import duckdb

from workbench.errors import StoreError

_FIRST = """
CREATE TABLE commits (
    version BIGINT PRIMARY KEY, committed_at TIMESTAMP NOT NULL, model VARCHAR,
    action VARCHAR NOT NULL);
CREATE TABLE batches (
    batch VARCHAR PRIMARY KEY, version BIGINT NOT NULL, model VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, committed_at TIMESTAMP NOT NULL);
CREATE TABLE files (
    batch VARCHAR NOT NULL, model VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL, path VARCHAR NOT NULL, format VARCHAR NOT NULL,
    bytes BIGINT NOT NULL, rows_read BIGINT NOT NULL, rows_stored BIGINT NOT NULL,
    rows_duplicate BIGINT NOT NULL, rows_quarantined BIGINT NOT NULL,
    labels_matched BIGINT NOT NULL, labels_pending BIGINT NOT NULL);
CREATE TABLE segments (
    batch VARCHAR NOT NULL, model VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    path VARCHAR PRIMARY KEY, rows BIGINT NOT NULL, bytes BIGINT NOT NULL,
    min_time TIMESTAMP, max_time TIMESTAMP, removed_version BIGINT);
CREATE TABLE quarantine (
    batch VARCHAR NOT NULL, model VARCHAR NOT NULL, source VARCHAR NOT NULL,
    reason VARCHAR NOT NULL, rows BIGINT NOT NULL, path VARCHAR NOT NULL);
CREATE TABLE baselines (
    model VARCHAR PRIMARY KEY, bins_id VARCHAR NOT NULL, rules_id VARCHAR NOT NULL,
    basis VARCHAR NOT NULL, reference_path VARCHAR NOT NULL, reference_bytes BIGINT NOT NULL,
    reference_mtime BIGINT NOT NULL, reference_sha256 VARCHAR NOT NULL,
    reference_rows BIGINT NOT NULL, reference_start TIMESTAMP, reference_end TIMESTAMP,
    tolerance DOUBLE NOT NULL, shape VARCHAR NOT NULL);
CREATE TABLE bins (
    bins_id VARCHAR NOT NULL, column_no SMALLINT NOT NULL, role VARCHAR NOT NULL,
    name VARCHAR NOT NULL, kind VARCHAR NOT NULL, edges DOUBLE[] NOT NULL,
    psi_edges DOUBLE[] NOT NULL, categories VARCHAR[] NOT NULL, other VARCHAR[] NOT NULL,
    is_open BOOLEAN NOT NULL, center DOUBLE NOT NULL, is_discrete BOOLEAN NOT NULL);
CREATE TABLE profile_counts (
    bins_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    bucket TIMESTAMP NOT NULL, column_no SMALLINT NOT NULL, bin SMALLINT NOT NULL,
    n BIGINT NOT NULL);
CREATE TABLE profile_moments (
    bins_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    bucket TIMESTAMP NOT NULL, column_no SMALLINT NOT NULL, missing BIGINT NOT NULL,
    parse_failures BIGINT NOT NULL, total DOUBLE NOT NULL, total_squares DOUBLE NOT NULL,
    minimum DOUBLE, maximum DOUBLE);
CREATE TABLE profile_unseen (
    bins_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    bucket TIMESTAMP NOT NULL, column_no SMALLINT NOT NULL, name VARCHAR NOT NULL,
    n BIGINT NOT NULL);
CREATE TABLE outcomes (
    rules_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    role VARCHAR NOT NULL, arm VARCHAR, bucket TIMESTAMP NOT NULL, is_assumed BOOLEAN NOT NULL,
    segment_no SMALLINT NOT NULL, segment VARCHAR, rows DOUBLE NOT NULL,
    labelled DOUBLE NOT NULL, bad DOUBLE NOT NULL, bad_squares DOUBLE NOT NULL,
    correct DOUBLE NOT NULL, true_positive DOUBLE NOT NULL, false_positive DOUBLE NOT NULL,
    false_negative DOUBLE NOT NULL, true_negative DOUBLE NOT NULL, predicted DOUBLE NOT NULL,
    predicted_positive DOUBLE NOT NULL, error DOUBLE NOT NULL, absolute_error DOUBLE NOT NULL,
    squared_error DOUBLE NOT NULL, cost DOUBLE NOT NULL, scored DOUBLE NOT NULL,
    log_loss DOUBLE NOT NULL);
CREATE TABLE outcome_scores (
    rules_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    role VARCHAR NOT NULL, arm VARCHAR, bucket TIMESTAMP NOT NULL, is_assumed BOOLEAN NOT NULL,
    bin SMALLINT NOT NULL, positive DOUBLE NOT NULL, negative DOUBLE NOT NULL);
CREATE TABLE outcome_classes (
    rules_id VARCHAR NOT NULL, batch VARCHAR NOT NULL, model_version VARCHAR NOT NULL,
    role VARCHAR NOT NULL, arm VARCHAR, bucket TIMESTAMP NOT NULL, is_assumed BOOLEAN NOT NULL,
    label VARCHAR NOT NULL, prediction VARCHAR NOT NULL, n DOUBLE NOT NULL);
"""

_SECOND = """
ALTER TABLE segments ADD COLUMN sequence BIGINT;
UPDATE segments SET sequence = (SELECT version FROM batches b WHERE b.batch = segments.batch);
ALTER TABLE segments ADD COLUMN reading VARCHAR;
ALTER TABLE segments ADD COLUMN removed_at TIMESTAMP;
CREATE TABLE pseudonym_keys (key_id VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL);
CREATE TABLE tombstones (
    model VARCHAR NOT NULL, kind VARCHAR NOT NULL, digest VARCHAR NOT NULL, version BIGINT NOT NULL);
CREATE TABLE remote_objects (
    model VARCHAR NOT NULL, kind VARCHAR NOT NULL, url VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL, size BIGINT, modified BIGINT, etag VARCHAR);
ALTER TABLE baselines ADD COLUMN rules VARCHAR;
CREATE TABLE retained (
    model VARCHAR NOT NULL, before TIMESTAMP NOT NULL, version BIGINT NOT NULL,
    bins_id VARCHAR NOT NULL, rules_id VARCHAR NOT NULL);
CREATE TABLE kept_baselines (
    model VARCHAR NOT NULL, bins_id VARCHAR NOT NULL, rules_id VARCHAR NOT NULL,
    reference_path VARCHAR NOT NULL, reference_rows BIGINT NOT NULL,
    reference_start TIMESTAMP, reference_end TIMESTAMP, shape VARCHAR NOT NULL,
    rules VARCHAR NOT NULL);
"""

_ESTIMATES = """
CREATE TABLE row_estimates (
    model VARCHAR NOT NULL, bins_id VARCHAR NOT NULL, rules_id VARCHAR NOT NULL,
    versions VARCHAR NOT NULL, start_time TIMESTAMP NOT NULL, end_time TIMESTAMP NOT NULL,
    rows BIGINT NOT NULL, labelled BIGINT NOT NULL, bad DOUBLE NOT NULL,
    made_at TIMESTAMP NOT NULL, figures VARCHAR NOT NULL);
CREATE TABLE label_delays (
    model VARCHAR NOT NULL, bins_id VARCHAR NOT NULL, rules_id VARCHAR NOT NULL,
    age INTEGER NOT NULL, share DOUBLE NOT NULL, labels_version BIGINT NOT NULL,
    made_at TIMESTAMP NOT NULL);
"""

_INCIDENTS = """
CREATE TABLE alerts (
    alert BIGINT PRIMARY KEY, model VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    columns VARCHAR[] NOT NULL, since TIMESTAMP NOT NULL, raised_look TIMESTAMP NOT NULL,
    raised_at TIMESTAMP NOT NULL, incident BIGINT NOT NULL);
CREATE TABLE alert_entries (
    alert BIGINT NOT NULL, noted_at TIMESTAMP NOT NULL, look TIMESTAMP NOT NULL,
    status VARCHAR NOT NULL, columns VARCHAR[] NOT NULL, message VARCHAR NOT NULL);
CREATE TABLE incidents (
    incident BIGINT PRIMARY KEY, model VARCHAR NOT NULL, title VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL, onset TIMESTAMP NOT NULL, kind VARCHAR,
    columns VARCHAR[] NOT NULL, previous BIGINT);
CREATE TABLE incident_entries (
    incident BIGINT NOT NULL, entry BIGINT NOT NULL, noted_at TIMESTAMP NOT NULL,
    author VARCHAR NOT NULL, kind VARCHAR NOT NULL, text VARCHAR NOT NULL,
    PRIMARY KEY (incident, entry));
CREATE TABLE events (
    event BIGINT PRIMARY KEY, model VARCHAR NOT NULL, happened_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL, text VARCHAR NOT NULL, author VARCHAR NOT NULL,
    added_at TIMESTAMP NOT NULL);
"""

_VERDICTS = """
CREATE TABLE verdicts (
    verdict BIGINT PRIMARY KEY, model VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL,
    catalog_version BIGINT NOT NULL, document VARCHAR NOT NULL);
CREATE TABLE verdict_overrules (
    verdict BIGINT NOT NULL, noted_at TIMESTAMP NOT NULL, author VARCHAR NOT NULL,
    said VARCHAR NOT NULL, reason VARCHAR NOT NULL);
"""

_TELLINGS = """
CREATE TABLE alert_tellings (alert BIGINT NOT NULL, told_at TIMESTAMP NOT NULL, status VARCHAR NOT NULL);
INSERT INTO alert_tellings SELECT alert, noted_at, status FROM alert_entries
    QUALIFY row_number() OVER (PARTITION BY alert ORDER BY rowid DESC) = 1 AND status <> 'ok';
"""
# Every check counted as one that told of what it found.

_DECISIONS = """
CREATE TABLE decisions (
    decision BIGINT PRIMARY KEY, id VARCHAR NOT NULL, model VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, decided_at TIMESTAMP NOT NULL, author VARCHAR NOT NULL,
    reason VARCHAR NOT NULL, version VARCHAR, previous VARCHAR, evidence VARCHAR NOT NULL);
CREATE TABLE version_baselines (
    model VARCHAR NOT NULL, version VARCHAR NOT NULL, bins_id VARCHAR NOT NULL,
    rules_id VARCHAR NOT NULL, path VARCHAR NOT NULL, bytes BIGINT NOT NULL,
    modified BIGINT NOT NULL, sha256 VARCHAR NOT NULL, rows BIGINT NOT NULL,
    start_time TIMESTAMP, end_time TIMESTAMP);
CREATE TABLE version_lives (
    model VARCHAR NOT NULL, version VARCHAR NOT NULL, born TIMESTAMP NOT NULL,
    until TIMESTAMP, former VARCHAR, own_rate DOUBLE, former_rate DOUBLE, gain DOUBLE,
    labelled BIGINT NOT NULL, half_at TIMESTAMP, gone_at TIMESTAMP,
    measured_at TIMESTAMP NOT NULL);
"""

_RUNS = """
CREATE TABLE runs (
    run BIGINT PRIMARY KEY, model VARCHAR NOT NULL, state VARCHAR NOT NULL,
    backend VARCHAR NOT NULL, champion VARCHAR NOT NULL, author VARCHAR NOT NULL,
    mode VARCHAR NOT NULL, forced VARCHAR, requested_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP, ended_at TIMESTAMP, phase VARCHAR NOT NULL, reason VARCHAR,
    said_window VARCHAR NOT NULL, verdict BIGINT, train_rows BIGINT NOT NULL,
    holdout_rows BIGINT NOT NULL, data_version VARCHAR NOT NULL, result VARCHAR);
CREATE TABLE run_fits (
    run BIGINT NOT NULL, fit BIGINT NOT NULL, note VARCHAR NOT NULL, PRIMARY KEY (run, fit));
"""

STEPS: tuple[str, ...] = (
    _FIRST, _SECOND, _ESTIMATES, _INCIDENTS, _TELLINGS, _VERDICTS, _DECISIONS, _RUNS,
)  # fmt: skip


def schema_version(connection: Any) -> int:
    """How many steps the open catalog has taken; 0 for a new file."""
    try:
        return int(connection.execute("SELECT count(*) FROM schema_steps").fetchall()[0][0])
    except duckdb.CatalogException:  # quicker than asking for it first: every opening pays
        return 0


def needs_migration(connection: Any) -> bool:
    """Whether steps are still to be taken.

    Raises:
        StoreError: a newer program has written the catalog.
    """
    version = schema_version(connection)
    if version > len(STEPS):
        raise StoreError(
            "a newer version of workbench has written this store",
            "Install that version, or use another workspace.",
        )
    return version < len(STEPS)


def migrate(connection: Any) -> None:
    """Takes the steps still to be taken, in one transaction.

    Raises:
        StoreError: a newer program has written the catalog.
    """
    if not needs_migration(connection):
        return
    connection.execute("BEGIN")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_steps (step INTEGER PRIMARY KEY, taken TIMESTAMP)"
        )
        for step in range(schema_version(connection), len(STEPS)):
            connection.execute(STEPS[step])
            connection.execute("INSERT INTO schema_steps VALUES (?, now()::TIMESTAMP)", [step + 1])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
