"""What clients before MLflow 3 do that newer ones do otherwise."""

import json
import tempfile
import time
from pathlib import Path

import mlflow
from common import API, Conformance, call
from mlflow.entities import Metric, Param, RunTag


class Client2(Conformance):
    def test_it_is_one(self):
        self.assertTrue(mlflow.__version__.startswith("2."))

    def test_a_run(self):
        with mlflow.start_run(run_name="first") as run:
            mlflow.log_params({"lr": 0.1, "depth": 3})
            mlflow.log_metrics({"loss": 0.5, "acc": 0.9}, step=1)
            for step in range(5):
                mlflow.log_metric("steps", step * 1.5, step=step)
            mlflow.set_tags({"who": "me"})
            mlflow.log_text("hello", "d/a.txt")
        got = self.client.get_run(run.info.run_id)
        self.assertEqual((got.info.status, got.info.run_name), ("FINISHED", "first"))
        self.assertEqual(got.data.params, {"lr": "0.1", "depth": "3"})
        self.assertEqual(got.data.metrics["steps"], 6.0)
        self.assertEqual([m.value for m in self.client.get_metric_history(run.info.run_id, "steps")], [0, 1.5, 3, 4.5, 6])
        self.assertEqual([f.path for f in self.client.list_artifacts(run.info.run_id, "d")], ["d/a.txt"])
        found = mlflow.search_runs([self.experiment], "metrics.loss < 1 and params.lr = '0.1'", order_by=["metrics.acc DESC"])
        self.assertEqual(list(found["run_id"]), [run.info.run_id])

    def test_log_batch_and_updates(self):
        run = self.new_run().info.run_id
        now = int(time.time() * 1000)
        self.client.log_batch(run, [Metric("m", 1, now, 0)], [Param("p", "1")], [RunTag("t", "x")])
        self.client.update_run(run, status="FAILED", name="renamed")
        self.client.delete_tag(run, "t")
        got = self.client.get_run(run)
        self.assertEqual((got.info.status, got.info.run_name), ("FAILED", "renamed"))
        self.assertNotIn("t", got.data.tags)
        self.client.delete_run(run)
        self.assertEqual(self.client.get_run(run).info.lifecycle_stage, "deleted")
        self.client.restore_run(run)

    def test_a_model_is_a_folder_of_the_run(self):
        from mlflow.models import Model

        with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
            Path(folder, "m").mkdir()
            model = Model(artifact_path="m", run_id=run.info.run_id)
            model.add_flavor("python_function", loader_module="x")
            model.save(str(Path(folder, "m", "MLmodel")))
            mlflow.log_artifacts(str(Path(folder, "m")), "m")
            # As log_model of these clients tells the server.
            self.client._record_logged_model(run.info.run_id, model) if hasattr(
                self.client, "_record_logged_model"
            ) else self.client._tracking_client._record_logged_model(run.info.run_id, model)
        history = json.loads(self.client.get_run(run.info.run_id).data.tags["mlflow.log-model.history"])
        self.assertEqual([m["artifact_path"] for m in history], ["m"])
        name = self.experiment_name
        version = mlflow.register_model(f"runs:/{run.info.run_id}/m", name)
        self.assertEqual((version.version, version.run_id), ("1", run.info.run_id))
        self.client.set_registered_model_alias(name, "best", "1")
        self.assertEqual(self.client.get_model_version_by_alias(name, "best").version, "1")
        with tempfile.TemporaryDirectory() as folder:
            got = mlflow.artifacts.download_artifacts(artifact_uri=f"models:/{name}/1", dst_path=folder)
            self.assertTrue(Path(got, "MLmodel").exists())

    def test_stages(self):
        name = self.experiment_name
        self.client.create_registered_model(name, tags={"a": "b"}, description="d")
        for _ in range(2):
            self.client.create_model_version(name, "s3://bucket/x")
        self.client.transition_model_version_stage(name, "1", "Production")
        moved = self.client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
        self.assertEqual(moved.current_stage, "Production")
        self.assertEqual({v.version: v.current_stage for v in self.client.search_model_versions(f"name='{name}'")}, {"1": "Archived", "2": "Production"})
        self.assertEqual([v.version for v in self.client.get_latest_versions(name, ["Production"])], ["2"])
        self.client.delete_model_version(name, "1")
        self.client.delete_registered_model(name)

    def test_data_sets(self):
        import pandas

        with mlflow.start_run() as run:
            mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"a": [1, 2]}), name="n"), "train")
        inputs = self.client.get_run(run.info.run_id).inputs.dataset_inputs
        self.assertEqual((inputs[0].dataset.name, inputs[0].tags[0].value), ("n", "train"))


class OtherLanguages(Conformance):
    """Plain requests as the R and Java clients make them."""

    def test_java(self):
        # Fields that have no value are left out; numbers of 64 bits come as text.
        status, made = call("POST", f"{API}runs/create", {"experiment_id": self.experiment, "start_time": "123", "user_id": "u"})
        self.assertEqual((status, made["run"]["info"]["start_time"]), (200, 123))
        run = made["run"]["info"]["run_uuid"]
        body = {"run_uuid": run, "run_id": run, "key": "m", "value": 0.5, "timestamp": "1000", "step": "3"}
        self.assertEqual(call("POST", f"{API}runs/log-metric", body), (200, {}))
        status, answer = call("GET", f"{API}metrics/get-history?run_uuid={run}&run_id={run}&metric_key=m")
        self.assertEqual(answer["metrics"], [{"key": "m", "value": 0.5, "timestamp": 1000, "step": 3}])
        status, answer = call("POST", f"{API}runs/search", {"experiment_ids": [self.experiment], "run_view_type": "ACTIVE_ONLY", "max_results": 10})
        self.assertEqual((status, len(answer["runs"])), (200, 1))

    def test_r(self):
        # Query fields for GET, `Content-Type: application/json` with charset for the rest.
        status, answer = call("GET", f"{API}experiments/get-by-name?experiment_name={self.experiment_name}")
        self.assertEqual((status, answer["experiment"]["experiment_id"]), (200, self.experiment))
        kind = {"Content-Type": "application/json; charset=utf-8"}
        body = {"experiment_id": self.experiment, "tags": [{"key": "mlflow.source.type", "value": "LOCAL"}]}
        status, made = call("POST", f"{API}runs/create", body, headers=kind)
        self.assertEqual(status, 200)
        run = made["run"]["info"]["run_id"]
        batch = {
            "run_id": run,
            "metrics": [{"key": "m", "value": "NaN", "timestamp": 5, "step": 0}],
            "params": [{"key": "p", "value": "1"}],
            "tags": [],
        }
        self.assertEqual(call("POST", f"{API}runs/log-batch", batch, headers=kind), (200, {}))
        status, answer = call("GET", f"{API}runs/get?run_uuid={run}&run_id={run}")
        self.assertEqual(answer["run"]["data"]["metrics"][0]["value"], "NaN")
        status, answer = call("POST", f"{API}runs/update", {"run_uuid": run, "run_id": run, "status": "FINISHED", "end_time": 9})
        self.assertEqual((status, answer["run_info"]["status"]), (200, "FINISHED"))
        status, answer = call("GET", f"{API}artifacts/list?run_uuid={run}&run_id={run}")
        self.assertEqual((status, answer["root_uri"]), (200, made["run"]["info"]["artifact_uri"]))


