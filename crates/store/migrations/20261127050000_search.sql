-- Search walks these indexes instead of looking at every run: runs in the order of a
-- metric, and the runs that have a param or tag. A long text is indexed by its
-- beginning. Tags that most runs have and nobody looks for are left out.

DROP INDEX series_by_value;
CREATE INDEX series_by_value ON series (metric, last_value, run);

CREATE INDEX params_by_value ON params (key, substr(value, 1, 64), run);

CREATE INDEX tags_by_value ON tags (key, substr(value, 1, 64), run)
    WHERE key NOT IN ('mlflow.runName', 'mlflow.source.name', 'mlflow.source.type', 'mlflow.user',
        'mlflow.log-model.history', 'mlflow.note.content');
