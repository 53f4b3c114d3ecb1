"""Run twice against one data folder: the server is killed between `Before` and `After`."""

import json
import os
import threading
import unittest

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

NOTES = os.environ.get("SKERRY_NOTES", "")
WRITERS = 3
BATCH = 10


class Before(unittest.TestCase):
    def test_write_until_killed(self):
        """Notes each answered write of several writers; the server dies meanwhile."""
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        client = MlflowClient()
        lock = threading.Lock()
        answered = []
        with open(NOTES, "a") as notes:

            def note(**fact):
                with lock:
                    answered.append(fact)
                    notes.write(json.dumps(fact) + "\n")
                    notes.flush()

            def write():
                try:
                    run = client.create_run("0").info.run_id
                    note(run=run, batches=0)
                    for number in range(1, 1_000_000):
                        steps = range((number - 1) * BATCH, number * BATCH)
                        metrics = [Metric("m", float(n), n, n) for n in steps]
                        client.log_batch(run, metrics=metrics, params=[Param(f"p{number}", str(number))])
                        note(run=run, batches=number)
                        # The same again, as after an answer that was lost: changes nothing.
                        client.log_batch(run, metrics=metrics, params=[Param(f"p{number}", str(number))])
                except Exception:
                    pass

            writers = [threading.Thread(target=write) for _ in range(WRITERS)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        self.assertTrue(any(fact["batches"] for fact in answered))


class After(unittest.TestCase):
    def test_every_answered_write_is_there(self):
        mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
        client = MlflowClient()
        wanted = {}
        with open(NOTES) as notes:
            for line in notes:
                # The last line may have been cut off with its writer.
                if line.endswith("\n"):
                    fact = json.loads(line)
                    wanted[fact["run"]] = fact["batches"]
        self.assertGreater(len(wanted), 0)
        for run, batches in wanted.items():
            steps = [point.step for point in client.get_metric_history(run, "m")]
            self.assertGreaterEqual(len(steps), batches * BATCH)
            self.assertEqual(steps, list(range(len(steps))), "each once, in order")
            self.assertEqual(len(steps) % BATCH, 0, "batches whole")
            # Params and metrics of a batch come together.
            self.assertEqual(len(client.get_run(run).data.params), len(steps) // BATCH)
