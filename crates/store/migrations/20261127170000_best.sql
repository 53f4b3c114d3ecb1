-- Runs in the order of the least and of the greatest value of a metric.
CREATE INDEX series_by_min ON series (metric, min_value, run);
CREATE INDEX series_by_max ON series (metric, max_value, run);
