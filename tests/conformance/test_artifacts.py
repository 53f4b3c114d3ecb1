import hashlib
import os
import tempfile
import urllib.request
from pathlib import Path

import mlflow
from common import API, URI, Conformance, call

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


class Artifacts(Conformance):
    def test_files_and_folders(self):
        with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
            source = Path(folder, "out")
            (source / "deep" / "er").mkdir(parents=True)
            (source / "a.txt").write_text("hello")
            (source / "deep" / "b ö 漢 #1%.bin".replace("#", "")).write_bytes(bytes(range(256)))
            (source / "deep" / "er" / "empty").touch()
            mlflow.log_artifacts(str(source), "results")
            mlflow.log_artifact(str(source / "a.txt"))
            mlflow.log_dict({"x": 1}, "config/x.json")
            mlflow.log_text("text", "notes.md")
            listed = {file.path: file for file in self.client.list_artifacts(run.info.run_id)}
            self.assertEqual(set(listed), {"a.txt", "config", "notes.md", "results"})
            self.assertEqual((listed["a.txt"].file_size, listed["results"].is_dir), (5, True))
            deep = [file.path for file in self.client.list_artifacts(run.info.run_id, "results/deep")]
            self.assertEqual(deep, ["results/deep/b ö 漢 1%.bin", "results/deep/er"])
            self.assertEqual(self.client.list_artifacts(run.info.run_id, "nothing/here"), [])
            got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="results", dst_path=folder)
            self.assertEqual(Path(got, "deep", "b ö 漢 1%.bin").read_bytes(), bytes(range(256)))
            self.assertEqual(Path(got, "deep", "er", "empty").read_bytes(), b"")
            self.assertEqual(mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/config/x.json"), {"x": 1})

    def test_a_big_file_is_streamed(self):
        with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
            big = Path(folder, "big.bin")
            block = os.urandom(1 << 20)
            with big.open("wb") as file:
                for _ in range(64):
                    file.write(block)
            wanted = hashlib.sha256(big.read_bytes()).hexdigest()
            mlflow.log_artifact(str(big))
            target = Path(folder, "target")
            got = mlflow.artifacts.download_artifacts(
                run_id=run.info.run_id, artifact_path="big.bin", dst_path=str(target)
            )
            self.assertEqual(hashlib.sha256(Path(got).read_bytes()).hexdigest(), wanted)

    def test_figures_and_tables(self):
        with mlflow.start_run() as run:
            mlflow.log_table({"a": [1, 2], "b": ["x", "y"]}, "table.json")
        table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
        self.assertEqual(list(table["b"]), ["x", "y"])

    def test_delete(self):
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with mlflow.start_run() as run:
            mlflow.log_text("1", "d/one.txt")
            mlflow.log_text("2", "d/two.txt")
        repository = get_artifact_repository(run.info.artifact_uri)
        repository.delete_artifacts("d/one.txt")
        self.assertEqual([f.path for f in self.client.list_artifacts(run.info.run_id, "d")], ["d/two.txt"])
        repository.delete_artifacts("d")
        self.assertEqual(self.client.list_artifacts(run.info.run_id), [])

    def test_nothing_outside_is_reached(self):
        run = self.new_run()
        run_id, base = run.info.run_id, f"{self.experiment}/{run.info.run_id}/artifacts"
        for path in [
            "../../../../etc/passwd",
            "..%2f..%2f..%2f..%2fetc%2fpasswd",
            "%2e%2e/%2e%2e/tracking.db",
            "/etc/passwd",
            "a/../../x",
            "a\\..\\..\\x",
            "%00",
        ]:
            with self.subTest(path):
                for where in (f"{ARTIFACTS}/{base}/{path}", f"{ARTIFACTS}/{path}"):
                    status, answer = call("PUT", where, raw=b"x")
                    self.assertIn(status, (400, 404), answer)
                    status, answer = call("GET", where)
                    self.assertIn(status, (400, 404), answer)
                    self.assertNotIn("root:", str(answer))
                for query in (f"run_id={run_id}&path={path}",):
                    status, answer = call("GET", f"{API}artifacts/list?{query}")
                    self.assertIn(status, (400, 200), answer)
                    self.assertFalse(isinstance(answer, dict) and answer.get("files"), answer)
                    status, answer = call("GET", f"/get-artifact?{query}")
                    self.assertIn(status, (400, 404), answer)

    def test_download_headers(self):
        run = self.new_run().info.run_id
        self.client.log_text(run, "<script>", "page.html")
        request = urllib.request.Request(f"{URI}/get-artifact?run_uuid={run}&path=page.html")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertTrue(answer.headers["Content-Disposition"].startswith("attachment"))
            self.assertEqual(answer.read(), b"<script>")

    def test_a_folder_is_no_file(self):
        run = self.new_run().info.run_id
        self.client.log_text(run, "x", "d/x.txt")
        status, _ = call("GET", f"/get-artifact?run_id={run}&path=d")
        self.assertEqual(status, 400)
        base = f"{ARTIFACTS}/{self.experiment}/{run}/artifacts"
        self.assertEqual(call("PUT", f"{base}/d", raw=b"x")[0], 400)
        self.assertEqual(call("PUT", f"{base}/d/x.txt/y", raw=b"x")[0], 400)
