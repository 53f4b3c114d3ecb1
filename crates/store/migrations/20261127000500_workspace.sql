-- What a console's workspace knows besides tracking data. Columns named config,
-- observed, state, source and body are JSON that only their owners in the console
-- read; no secret is ever in one.

CREATE TABLE machine (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('local', 'ssh')),
    created_at   INTEGER NOT NULL,
    config       TEXT NOT NULL,
    observed     TEXT NOT NULL DEFAULT 'null',
    last_seen_at INTEGER,
    -- A forgotten machine stays for the names in old runs.
    removed_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX machine_name ON machine (name) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX machine_local ON machine (kind) WHERE kind = 'local' AND removed_at IS NULL;

CREATE TABLE setup_draft (
    id         TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    state      TEXT NOT NULL
) STRICT;

-- The inventory of the keyring or vault: what is there, never what it is.
CREATE TABLE secret_note (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    label      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE registry (
    id         TEXT PRIMARY KEY,
    host       TEXT NOT NULL UNIQUE,
    username   TEXT,
    insecure   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    tested_at  INTEGER,
    problem    TEXT
) STRICT;

-- Images of model versions. The registry may be deleted from the workspace; the
-- image is then still known by its digest.
CREATE TABLE model_image (
    id          INTEGER PRIMARY KEY,
    model       TEXT NOT NULL,
    version     INTEGER NOT NULL,
    reference   TEXT NOT NULL,
    digest      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    registry_id TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (model, version, reference, digest)
) STRICT;

CREATE TABLE operation (
    id         TEXT PRIMARY KEY,
    state      TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    started_at INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;
CREATE INDEX operation_started ON operation (started_at DESC);

CREATE TABLE deployment (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    machine_id TEXT NOT NULL REFERENCES machine (id),
    model      TEXT NOT NULL,
    bind       TEXT NOT NULL,
    port       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- The last state that stood in the activity list, so that it is told once.
    told_phase TEXT,
    deleted_at INTEGER
) STRICT;
CREATE UNIQUE INDEX deployment_name ON deployment (name) WHERE deleted_at IS NULL;
CREATE INDEX deployment_machine ON deployment (machine_id) WHERE deleted_at IS NULL;

CREATE TABLE activity (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    kind       TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT,
    problem    TEXT,
    -- What happened on a machine is read from its journal: told once, however often read.
    once       TEXT UNIQUE
) STRICT;

-- How a run was asked for, to show it and to ask again.
CREATE TABLE run_form (
    run_id     TEXT PRIMARY KEY,
    machine_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    form       TEXT NOT NULL
) STRICT;
CREATE INDEX run_form_machine ON run_form (machine_id, at DESC);

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
