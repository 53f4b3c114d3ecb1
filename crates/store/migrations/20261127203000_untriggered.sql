-- Whoever writes the tag writes the column with it. With triggers on tags SQLite keeps a
-- journal of its own for each tag that is written, and looks through all that the
-- transaction has undone by then.

DROP TRIGGER runs_archived;
DROP TRIGGER runs_unarchived;
