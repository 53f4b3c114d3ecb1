"""Run twice against one data folder: the server is killed between `Before` and `After`."""

import json
import os
import unittest

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric

NOTES = os.environ.get("SKERRY_NOTES", "")


class Before(unittest.TestCase):
    def test_write_until_killed(self):
        """Notes each answered write; the server dies meanwhile."""
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        client = MlflowClient()
        run = client.create_run("0").info.run_id
        answered = 0
        with open(NOTES, "w") as notes:
            try:
                while True:
                    batch = [Metric("m", float(answered * 10 + n), answered, answered * 10 + n) for n in range(10)]
                    client.log_batch(run, metrics=batch)
                    answered += 1
                    notes.seek(0)
                    notes.write(json.dumps({"run": run, "answered": answered}))
                    notes.flush()
            except Exception:
                pass
        self.assertGreater(answered, 0)


class After(unittest.TestCase):
    def test_every_answered_write_is_there(self):
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        with open(NOTES) as notes:
            wanted = json.load(notes)
        steps = [point.step for point in MlflowClient().get_metric_history(wanted["run"], "m")]
        self.assertGreaterEqual(len(steps), wanted["answered"] * 10)
        self.assertEqual(steps, list(range(len(steps))), "each once, in order, batches whole")
        self.assertEqual(len(steps) % 10, 0)
