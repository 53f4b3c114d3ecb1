-- Every point that was measured of a logged model, as MLflow answers them; before
-- there was the latest of each metric, data set and run only.
CREATE TABLE logged_model_points (
    model_id       TEXT NOT NULL,
    key            TEXT NOT NULL,
    run_id         TEXT NOT NULL,
    dataset_name   TEXT NOT NULL,
    dataset_digest TEXT NOT NULL,
    timestamp      INTEGER NOT NULL,
    step           INTEGER NOT NULL,
    value          REAL,
    PRIMARY KEY (model_id, key, run_id, dataset_name, dataset_digest, timestamp, step)
) STRICT, WITHOUT ROWID;

INSERT INTO logged_model_points (model_id, key, run_id, dataset_name, dataset_digest, timestamp, step, value)
SELECT model_id, key, run_id, dataset_name, dataset_digest, timestamp, step, value FROM logged_model_metrics;

DROP TABLE logged_model_metrics;
