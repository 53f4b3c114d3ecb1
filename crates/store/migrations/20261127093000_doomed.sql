-- Where the files of what was deleted for good lie, until they are gone too.
CREATE TABLE doomed (
    uri TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
