"""The bin and its emptying, and runs that move. SKERRY is the program, SKERRY_FOLDER its data folder."""

import json
import os
import subprocess
from pathlib import Path

from mlflow.entities import Dataset, DatasetInput, Metric

from common import URI, Conformance, call

FOLDER = Path(os.environ.get("SKERRY_FOLDER", ""))


def skerry(*args):
    command = [os.environ["SKERRY"], "--json", "--data", str(FOLDER), *args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout or done.stderr)


class WhileItServes(Conformance):
    def test_what_is_in_the_bin_goes(self):
        kept = self.new_run().info.run_id
        gone = [self.new_run().info.run_id for _ in range(3)]
        for run in [kept, *gone]:
            points = [Metric(f"m{k}", k * 1.5 + n, n, n) for k in range(5) for n in range(200)]
            self.client.log_batch(run, metrics=points)
            self.client.log_text(run, "x" * 1000, "big.txt")
        for run in gone:
            self.client.delete_run(run)
        code, answer = skerry("gc", "--older-than", "1d")
        self.assertEqual((code, answer["runs"]), (0, []))
        code, answer = skerry("gc", "--run-ids", kept)
        self.assertNotEqual(code, 0, answer)
        code, answer = skerry("gc", "--dry-run")
        self.assertLessEqual(set(gone), set(answer["runs"]))
        self.client.get_run(gone[0])
        code, answer = skerry("gc", "--run-ids", gone[0])
        self.assertEqual((code, answer["runs"]), (0, [gone[0]]))
        code, answer = skerry("gc")
        self.assertEqual(code, 0, answer)
        self.assertLessEqual(set(gone[1:]), set(answer["runs"]))
        for run in gone:
            self.refused("RESOURCE_DOES_NOT_EXIST", self.client.get_run, run)
            self.assertFalse((FOLDER / "artifacts" / self.experiment / run).exists())
        self.assertEqual(len(self.client.get_metric_history(kept, "m0")), 200)
        self.assertTrue((FOLDER / "artifacts" / self.experiment / kept / "artifacts" / "big.txt").exists())

    def test_an_experiment_with_all_that_is_in_it(self):
        run = self.new_run().info.run_id
        model = self.client.create_logged_model(self.experiment).model_id
        code, answer = skerry("gc", "--experiment-ids", self.experiment)
        self.assertNotEqual(code, 0, answer)
        self.client.delete_experiment(self.experiment)
        code, answer = skerry("gc", "--experiment-ids", self.experiment)
        self.assertEqual((code, answer["runs"], answer["logged_models"]), (0, [run], [model]))
        self.assertEqual(answer["experiments"], [int(self.experiment)])
        # The name is free again.
        self.client.create_experiment(self.experiment_name)

    def test_a_run_moves(self):
        run = self.new_run()
        run_id = run.info.run_id
        data = Dataset(name="n", digest="d", source_type="t", source="s")
        self.client.log_inputs(run_id, [DatasetInput(data)])
        model = self.client.create_logged_model(self.experiment, source_run_id=run_id)
        self.client.log_text(run_id, "hello", "a.txt")
        to = self.client.create_experiment(self.experiment_name + "-to")
        body = {"run_ids": [run_id], "experiment_id": to}
        self.assertEqual(call("POST", "/api/2.0/skerry/runs/move", body)[0], 200)
        moved = self.client.get_run(run_id)
        self.assertEqual((moved.info.experiment_id, moved.info.artifact_uri), (to, run.info.artifact_uri))
        self.assertEqual(moved.inputs.dataset_inputs[0].dataset.name, "n")
        self.assertEqual([r.info.run_id for r in self.client.search_runs([to])], [run_id])
        self.assertEqual(self.client.search_runs([self.experiment]), [])
        self.assertEqual(self.client.get_logged_model(model.model_id).experiment_id, to)
        self.assertEqual([f.path for f in self.client.list_artifacts(run_id)], ["a.txt"])
        status, answer = call("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": [to]})
        self.assertEqual((status, answer["dataset_summaries"][0]["name"]), (200, "n"))
        code, answer = skerry("move-runs", run_id, "--to", self.experiment_name)
        self.assertEqual(code, 0, answer)
        self.assertEqual(self.client.get_run(run_id).info.experiment_id, self.experiment)
        self.assertEqual(call("POST", "/api/2.0/skerry/runs/move", {**body, "experiment_id": "99999"})[0], 404)
        self.client.delete_run(run_id)
        self.assertEqual(call("POST", "/api/2.0/skerry/runs/move", body)[0], 400)

    def test_only_who_may_come_in_may_ask(self):
        import urllib.error
        import urllib.request

        if not os.environ.get("MLFLOW_TRACKING_TOKEN"):
            self.skipTest("everybody may come in")
        request = urllib.request.Request(URI + "/api/2.0/skerry/gc", data=b"{}", method="POST")
        request.add_header("Content-Type", "application/json")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=60)
        self.assertEqual(caught.exception.code, 401)
