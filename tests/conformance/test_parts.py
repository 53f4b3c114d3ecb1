"""Big files: in parts, and on from where a download stopped."""

import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from unittest import mock

import mlflow
from common import URI, Conformance, call

MPU = "/api/2.0/mlflow-artifacts/mpu"


def get(path, **headers):
    request = urllib.request.Request(URI + path)
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Parts(Conformance):
    def test_the_client_sends_parts(self):
        run_id = self.new_run().info.run_id
        sizes = {"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "5242880", "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "5242880"}
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, sizes):
            big = Path(folder, "big.bin")
            big.write_bytes(os.urandom((12 << 20) + 7))
            sent = []
            from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

            plain = HttpArtifactRepository._upload_part

            def counted(*args, **kwargs):
                sent.append(1)
                return plain(*args, **kwargs)

            with mock.patch.object(HttpArtifactRepository, "_upload_part", staticmethod(counted)):
                self.client.log_artifact(run_id, str(big), "deep")
            self.assertEqual(len(sent), 3)
            got = mlflow.artifacts.download_artifacts(
                run_id=run_id, artifact_path="deep/big.bin", dst_path=str(Path(folder, "to"))
            )
            self.assertEqual(
                hashlib.sha256(Path(got).read_bytes()).digest(), hashlib.sha256(big.read_bytes()).digest()
            )

    def create(self, parts):
        folder = f"{self.experiment}/{self.new_run().info.run_id}/artifacts"
        status, answer = call("POST", f"{MPU}/create/{folder}", {"path": "f.bin", "num_parts": parts})
        self.assertEqual(status, 200, answer)
        return folder, answer["upload_id"], [c["url"].removeprefix(URI) for c in answer["credentials"]]

    def test_parts_in_any_order(self):
        folder, upload, urls = self.create(3)
        for n in (2, 0, 1):
            # As the client sends them: without a token.
            request = urllib.request.Request(URI + urls[n], data=bytes([n]) * 5, method="PUT")
            with urllib.request.urlopen(request, timeout=60) as answer:
                self.assertTrue(answer.headers["ETag"])
        parts = [{"part_number": n + 1, "etag": ""} for n in range(3)]
        body = {"path": "f.bin", "upload_id": upload, "parts": parts}
        self.assertEqual(call("POST", f"{MPU}/complete/{folder}", {**body, "parts": parts[:2]})[0], 400)
        self.assertEqual(call("POST", f"{MPU}/complete/{folder}", {**body, "path": "g.bin"})[0], 400)
        self.assertEqual(call("POST", f"{MPU}/complete/{folder}", body), (200, {}))
        self.assertEqual(get(f"/api/2.0/mlflow-artifacts/artifacts/{folder}/f.bin")[2], b"\0" * 5 + b"\1" * 5 + b"\2" * 5)
        self.assertEqual(call("POST", f"{MPU}/complete/{folder}", body)[0], 404)

    def test_a_part_that_is_not_what_it_was(self):
        folder, upload, urls = self.create(1)
        self.assertEqual(call("PUT", urls[0], raw=b"x")[0], 200)
        body = {"path": "f.bin", "upload_id": upload, "parts": [{"part_number": 1, "etag": '"other"'}]}
        status, answer = call("POST", f"{MPU}/complete/{folder}", body)
        self.assertEqual(status, 400)
        self.assertIn("Part 1", answer["message"])

    def test_aborted(self):
        folder, upload, urls = self.create(2)
        self.assertEqual(call("PUT", urls[0], raw=b"x")[0], 200)
        self.assertEqual(call("POST", f"{MPU}/abort/{folder}", {"path": "f.bin", "upload_id": upload}), (200, {}))
        self.assertEqual(call("PUT", urls[0], raw=b"x")[0], 404)

    def test_no_upload_is_guessed(self):
        for upload in ["0" * 32, "..", "%2e%2e%2f%2e%2e"]:
            self.assertEqual(call("PUT", f"{MPU}/part/{upload}/1", raw=b"x")[0], 404)
        status, _ = call("POST", f"{MPU}/create/../../x", {"path": "f", "num_parts": 1})
        self.assertIn(status, (400, 404))
        status, _ = call("POST", f"{MPU}/create/{self.experiment}/x", {"path": "f", "num_parts": 10_001})
        self.assertEqual(status, 400)


class Ranges(Conformance):
    def test_on_from_where_it_stopped(self):
        run_id = self.new_run().info.run_id
        self.client.log_text(run_id, "0123456789", "a.txt")
        path = f"/get-artifact?run_id={run_id}&path=a.txt"
        status, headers, body = get(path)
        tag = headers["ETag"]
        self.assertEqual((status, headers["Accept-Ranges"], body), (200, "bytes", b"0123456789"))
        status, headers, body = get(path, Range="bytes=4-", If_Range=tag)
        self.assertEqual((status, headers["Content-Range"], body), (206, "bytes 4-9/10", b"456789"))
        self.assertEqual(get(path, Range="bytes=2-3")[2], b"23")
        self.assertEqual(get(path, Range="bytes=-3")[2], b"789")
        status, headers, _ = get(path, Range="bytes=10-")
        self.assertEqual((status, headers["Content-Range"]), (416, "bytes */10"))
        self.assertEqual(get(path, If_None_Match=tag)[0], 304)
        self.client.log_text(run_id, "abcdefghij", "a.txt")
        status, _, body = get(path, Range="bytes=4-", If_Range=tag)
        self.assertEqual((status, body), (200, b"abcdefghij"))


class NotKept(Conformance):
    def test_traces_are_refused_once(self):
        for path in ["/api/3.0/mlflow/traces", "/api/2.0/mlflow/traces", "/v1/traces"]:
            status, answer = call("POST", path, {})
            self.assertEqual((status, answer["error_code"]), (501, "NOT_IMPLEMENTED"), json.dumps(answer))

    def test_spans_do_not_stop_a_script(self):
        with mock.patch.dict(os.environ, {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "7"}):
            with mlflow.start_run() as run, mlflow.start_span("work"):
                mlflow.log_metric("m", 1)
            mlflow.flush_trace_async_logging()
        self.assertEqual(self.client.get_run(run.info.run_id).data.metrics, {"m": 1})
