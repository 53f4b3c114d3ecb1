-- Times are milliseconds since the Unix epoch. A run, series or model has a small
-- integer id here, so that its rows are narrow; its public id is text.

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE experiments (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    name              TEXT NOT NULL UNIQUE,
    artifact_location TEXT NOT NULL,
    deleted           INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE experiment_tags (
    experiment INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    run_id       TEXT NOT NULL UNIQUE,
    experiment   INTEGER NOT NULL REFERENCES experiments (id),
    name         TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    status       TEXT NOT NULL,
    start_time   INTEGER,
    end_time     INTEGER,
    artifact_uri TEXT NOT NULL,
    deleted      INTEGER NOT NULL DEFAULT 0,
    deleted_at   INTEGER,
    -- The machine it came from (on a console).
    machine_id   TEXT,
    -- The run whose script created it, when it came through that run's own door.
    opened_by    TEXT
) STRICT;
CREATE INDEX runs_by_start ON runs (experiment, deleted, start_time DESC, run_id);

CREATE TABLE params (
    run   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    run   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric_names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- One metric of one run: its latest point, which search reads, and what appending
-- needs. A value that is NULL is NaN.
CREATE TABLE series (
    id          INTEGER PRIMARY KEY,
    run         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    metric      INTEGER NOT NULL REFERENCES metric_names (id),
    last_value  REAL,
    last_step   INTEGER NOT NULL,
    last_ts     INTEGER NOT NULL,
    min_value   REAL,
    max_value   REAL,
    points      INTEGER NOT NULL,
    -- Number of the next chunk, and how many single appends wait to be merged.
    next_chunk  INTEGER NOT NULL,
    loose       INTEGER NOT NULL,
    -- The greatest timestamp and step so far; whether points came in that order.
    end_ts      INTEGER NOT NULL,
    end_step    INTEGER NOT NULL,
    ordered     INTEGER NOT NULL,
    UNIQUE (run, metric)
) STRICT;
CREATE INDEX series_by_value ON series (metric, last_value);

-- Points of a series in the order of arrival, encoded (src/metrics/chunk.rs).
-- id = series << 20 | number of the chunk, so that a series lies together.
CREATE TABLE chunks (
    id      INTEGER PRIMARY KEY,
    points  INTEGER NOT NULL,
    -- Extremes of the chunk, encoded as points; NULL for a loose append.
    summary BLOB,
    data    BLOB NOT NULL
) STRICT;

CREATE TABLE datasets (
    id          INTEGER PRIMARY KEY,
    experiment  INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    source_type TEXT NOT NULL,
    source      TEXT NOT NULL,
    schema      TEXT,
    profile     TEXT,
    UNIQUE (experiment, name, digest)
) STRICT;

CREATE TABLE dataset_inputs (
    run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    dataset INTEGER NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
    context TEXT,
    tags    TEXT NOT NULL,
    PRIMARY KEY (run, dataset)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_inputs (
    run      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    PRIMARY KEY (run, model_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_outputs (
    run      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    step     INTEGER NOT NULL,
    PRIMARY KEY (run, model_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_models (
    model_id          TEXT PRIMARY KEY,
    experiment        INTEGER NOT NULL REFERENCES experiments (id) ON DELETE CASCADE,
    name              TEXT NOT NULL,
    artifact_location TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    status            TEXT NOT NULL,
    status_message    TEXT NOT NULL,
    model_type        TEXT NOT NULL,
    source_run_id     TEXT,
    deleted           INTEGER NOT NULL DEFAULT 0,
    machine_id        TEXT
) STRICT;
CREATE INDEX logged_models_by_time ON logged_models (experiment, created_at DESC);
CREATE INDEX logged_models_by_run ON logged_models (source_run_id);

CREATE TABLE logged_model_params (
    model_id TEXT NOT NULL REFERENCES logged_models (model_id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_tags (
    model_id TEXT NOT NULL REFERENCES logged_models (model_id) ON DELETE CASCADE,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (model_id, key)
) STRICT, WITHOUT ROWID;

-- Latest value of a metric of a logged model, per data set.
CREATE TABLE logged_model_metrics (
    model_id       TEXT NOT NULL,
    key            TEXT NOT NULL,
    dataset_name   TEXT NOT NULL DEFAULT '',
    dataset_digest TEXT NOT NULL DEFAULT '',
    run_id         TEXT NOT NULL,
    value          REAL,
    timestamp      INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    PRIMARY KEY (model_id, key, dataset_name, dataset_digest, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE registered_models (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    description  TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    next_version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE registered_model_tags (
    model INTEGER NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_versions (
    model            INTEGER NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    description      TEXT,
    user_id          TEXT,
    stage            TEXT NOT NULL,
    source           TEXT NOT NULL,
    run_id           TEXT,
    model_id         TEXT,
    status           TEXT NOT NULL,
    status_message   TEXT,
    run_link         TEXT,
    storage_location TEXT,
    deleted          INTEGER NOT NULL DEFAULT 0,
    -- Where a script registered it: the machine, and name and number there.
    machine_id       TEXT,
    origin_name      TEXT,
    origin_version   INTEGER,
    PRIMARY KEY (model, version)
) STRICT;
CREATE INDEX model_versions_by_run ON model_versions (run_id);
CREATE UNIQUE INDEX model_versions_by_origin ON model_versions (machine_id, origin_name, origin_version)
    WHERE machine_id IS NOT NULL;

CREATE TABLE model_version_tags (
    model   INTEGER NOT NULL,
    version INTEGER NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (model, version, key),
    FOREIGN KEY (model, version) REFERENCES model_versions (model, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE aliases (
    model   INTEGER NOT NULL REFERENCES registered_models (id) ON DELETE CASCADE,
    alias   TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (model, alias)
) STRICT, WITHOUT ROWID;

-- owner: a run id or a logged model's id.
CREATE TABLE artifacts (
    owner  TEXT NOT NULL,
    path   TEXT NOT NULL,
    size   INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (owner, path)
) STRICT, WITHOUT ROWID;

-- Log lines of a run or a service as they were appended: a JSON array of lines,
-- numbered from `first`.
CREATE TABLE log_chunks (
    id    INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    first INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    data  TEXT NOT NULL,
    UNIQUE (owner, first)
) STRICT;

-- What happened here, for consoles to read (on an agent).
CREATE TABLE journal (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    change TEXT NOT NULL
) STRICT;

-- How far the journal of a machine has been read (on a console).
CREATE TABLE cursors (
    machine_id TEXT NOT NULL,
    journal_id TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    PRIMARY KEY (machine_id, journal_id)
) STRICT, WITHOUT ROWID;

-- The last observation of a run's workload and of a service, as JSON.
CREATE TABLE workload_states (
    run_id     TEXT PRIMARY KEY,
    machine_id TEXT,
    at         INTEGER NOT NULL,
    state      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE service_states (
    service_id TEXT PRIMARY KEY,
    machine_id TEXT,
    at         INTEGER NOT NULL,
    state      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
