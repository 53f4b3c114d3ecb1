-- How the table of runs was set up, kept under a name. body is JSON that only the
-- console reads.
CREATE TABLE run_view (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;
