"""Artifact roots that whoever starts the server names. SKERRY_ROOT is the folder."""

import json
import os
import urllib.parse
from pathlib import Path

import mlflow
from common import API, URI, Conformance, call

ROOT = Path(os.environ["SKERRY_ROOT"])


class DefaultArtifactRoot(Conformance):
    """Started with --default-artifact-root: clients write the files, the server reads them."""

    def test_where_artifacts_go(self):
        location = self.client.get_experiment(self.experiment).artifact_location
        self.assertEqual(location, f"{ROOT.as_uri()}/{self.experiment}")
        run = self.new_run()
        self.assertEqual(run.info.artifact_uri, f"{location}/{run.info.run_id}/artifacts")
        model = self.client.create_logged_model(self.experiment)
        self.assertEqual(model.artifact_location, f"{location}/models/{model.model_id}/artifacts")

    def test_what_clients_write_is_served(self):
        run = self.new_run()
        run_id = run.info.run_id
        self.client.log_text(run_id, "hello", "d/a.txt")
        written = ROOT / self.experiment / run_id / "artifacts" / "d" / "a.txt"
        self.assertEqual(written.read_text(), "hello")
        status, answer = call("GET", f"{API}artifacts/list?run_id={run_id}&path=d")
        self.assertEqual(
            (status, answer["files"]), (200, [{"path": "d/a.txt", "is_dir": False, "file_size": 5}])
        )
        self.assertEqual(call("GET", f"/get-artifact?run_id={run_id}&path=d/a.txt"), (200, "hello"))
        everything = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=".")
        self.assertEqual(Path(everything, "d", "a.txt").read_text(), "hello")

    def test_upload_from_a_screen(self):
        run_id = self.new_run().info.run_id
        query = urllib.parse.urlencode({"run_uuid": run_id, "path": "up/x.txt"})
        status, _ = call("POST", f"/ajax-api/2.0/mlflow/upload-artifact?{query}", raw=b"hi")
        self.assertEqual(status, 200)
        self.assertEqual((ROOT / self.experiment / run_id / "artifacts/up/x.txt").read_text(), "hi")

    def test_sources_of_versions(self):
        run = self.new_run()
        name = self.experiment_name
        self.client.create_registered_model(name)
        uri = run.info.artifact_uri
        path = urllib.parse.unquote(uri.removeprefix("file://"))

        def create(source, **more):
            return call("POST", f"{API}model-versions/create", {"name": name, "source": source, **more})

        for source in [path, uri, f"{uri}/model", f"{uri}/.", f"{uri}/model/.."]:
            self.assertEqual(create(source, run_id=run.info.run_id)[0], 200, source)
            status, answer = create(source)
            self.assertEqual(status, 400, source)
            self.assertIn("To use a local path as a model version", answer["message"])
        for source in ["/tmp", "file:///tmp", f"{uri}/..", "relative"]:
            status, answer = create(source, run_id=run.info.run_id)
            self.assertEqual(status, 400, source)
            self.assertIn("To use a local path as a model version", answer["message"])
        # As MLflow has it, although it is a mistake of the client.
        status, answer = create("file://123.456.789.123/x", run_id=run.info.run_id)
        self.assertEqual(status, 500)
        self.assertIn("is not a valid remote uri", answer["message"])

    def test_nothing_outside_is_read(self):
        outside = ROOT.parent / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "secret.txt").write_text("secret")
        experiment = self.client.create_experiment(self.experiment_name + "x", artifact_location=str(outside))
        run = self.client.create_run(experiment)
        status, answer = call("GET", f"/get-artifact?run_id={run.info.run_id}&path=secret.txt")
        self.assertEqual(status, 400, answer)
        inside = self.new_run().info.run_id
        folder = ROOT / self.experiment / inside / "artifacts"
        folder.mkdir(parents=True)
        (folder / "link").symlink_to(outside)
        for path in ["link/secret.txt", "../../../outside/secret.txt", "link"]:
            status, answer = call("GET", f"/get-artifact?run_id={inside}&path={path}")
            self.assertEqual(status, 400, answer)
            self.assertNotIn("secret", json.dumps(answer).replace("secret.txt", ""))


class ArtifactsDestination(Conformance):
    """Started with --artifacts-destination, and URLs of the proxy as default root."""

    def test_files_lie_there(self):
        location = self.client.get_experiment(self.experiment).artifact_location
        self.assertEqual(location, f"{URI}/api/2.0/mlflow-artifacts/artifacts/{self.experiment}")
        run_id = self.new_run().info.run_id
        self.client.log_text(run_id, "hello", "d/a.txt")
        written = ROOT / self.experiment / run_id / "artifacts" / "d" / "a.txt"
        self.assertEqual(written.read_text(), "hello")
        self.assertEqual([f.path for f in self.client.list_artifacts(run_id, "d")], ["d/a.txt"])
        self.assertEqual(call("GET", f"/get-artifact?run_id={run_id}&path=d/a.txt"), (200, "hello"))
        status, answer = call("GET", f"{API}artifacts/list?run_id={run_id}")
        self.assertEqual((status, answer["files"]), (200, [{"path": "d", "is_dir": True}]))
