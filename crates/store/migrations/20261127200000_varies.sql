-- A metric that only ever had one value is found by its last one, whether the least or the
-- greatest is asked for: the indexes of these have only those whose values are unlike, and
-- a run that writes its metrics once is written as if they were not there.

ALTER TABLE series ADD COLUMN varies INTEGER NOT NULL DEFAULT 0;
DROP INDEX series_by_min;
DROP INDEX series_by_max;
DROP INDEX series_by_value;
UPDATE series SET varies = 1 WHERE NOT (last_value IS min_value AND last_value IS max_value);
CREATE INDEX series_by_value ON series (metric, last_value, run, varies);
CREATE INDEX series_by_min ON series (metric, min_value, run) WHERE varies = 1;
CREATE INDEX series_by_max ON series (metric, max_value, run) WHERE varies = 1;
