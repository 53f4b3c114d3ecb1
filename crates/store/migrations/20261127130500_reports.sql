-- Reports of a workspace. body is JSON that only the console reads; revision rises by one
-- with each change, and a change names the one that it was made from.
CREATE TABLE report (
    id         TEXT PRIMARY KEY,
    title      TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    body       TEXT NOT NULL
) STRICT;
