-- A run is archived while it has the tag `skerry.archived`, whoever set it. The column says
-- the same, so that the runs that are not archived stay in one index, in the order in which
-- they began.

ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET archived = 1 WHERE id IN (SELECT run FROM tags WHERE key = 'skerry.archived');

CREATE TRIGGER runs_archived AFTER INSERT ON tags WHEN NEW.key = 'skerry.archived'
BEGIN UPDATE runs SET archived = 1 WHERE id = NEW.run; END;
CREATE TRIGGER runs_unarchived AFTER DELETE ON tags WHEN OLD.key = 'skerry.archived'
BEGIN UPDATE runs SET archived = 0 WHERE id = OLD.run; END;

DROP INDEX runs_by_start;
CREATE INDEX runs_by_start ON runs (experiment, deleted, start_time DESC, run_id, archived);
