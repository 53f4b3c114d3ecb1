-- What happened in the registry: rows are only added, and each hash covers its row and
-- the hash before it (see registry_history.rs). Whether a version is approved and whether
-- an alias is protected is said here and nowhere else. Models are named by their number,
-- which never comes again, and by the name that they had.
CREATE TABLE registry_history (
    seq         INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    model       INTEGER NOT NULL,
    name        TEXT NOT NULL,
    event       TEXT NOT NULL,
    version     INTEGER,
    subject     TEXT,
    before      TEXT,
    after       TEXT,
    reason      TEXT,
    via         TEXT NOT NULL,
    who         TEXT NOT NULL,
    machine_id  TEXT,
    happened_at INTEGER,
    hash        TEXT NOT NULL
) STRICT;
CREATE INDEX registry_history_by_model ON registry_history (model, seq);
CREATE INDEX registry_history_by_name ON registry_history (name, model);
CREATE INDEX registry_history_by_version ON registry_history (model, version, event, seq);
CREATE INDEX registry_history_by_subject ON registry_history (model, subject, event, seq);

CREATE TRIGGER registry_history_stays BEFORE UPDATE ON registry_history
BEGIN SELECT RAISE(ABORT, 'the history of the registry is only added to'); END;
CREATE TRIGGER registry_history_keeps BEFORE DELETE ON registry_history
BEGIN SELECT RAISE(ABORT, 'the history of the registry is only added to'); END;
