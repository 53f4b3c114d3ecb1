-- What an agent knows of its own work besides what it journals.

CREATE TABLE agent_runs (
    run_id     TEXT PRIMARY KEY,
    -- RunSpec as JSON, with the list of project files.
    spec       TEXT NOT NULL,
    -- WorkloadState as JSON, as journaled last.
    state      TEXT NOT NULL,
    ended      INTEGER NOT NULL DEFAULT 0,
    -- SHA-256 of the token by which the workload is known; never the token.
    token_hash TEXT,
    -- The engine's id for the workload, and the boot that it was started in.
    workload   TEXT,
    boot_id    TEXT,
    cancelled  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_runs_open ON agent_runs (run_id) WHERE ended = 0;

CREATE TABLE agent_services (
    service_id TEXT PRIMARY KEY,
    -- ServiceState as JSON, as journaled last.
    state      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where each log file is in the journal.
CREATE TABLE agent_logs (
    file    TEXT PRIMARY KEY,
    read_to INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Hashes of data files; good while size, time and inode are the same.
CREATE TABLE agent_hashes (
    path    TEXT PRIMARY KEY,
    size    INTEGER NOT NULL,
    mtime   INTEGER NOT NULL,
    inode   INTEGER NOT NULL,
    sha256  TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
